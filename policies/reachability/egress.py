"""Leaving: past the security groups in front of whoever sends, to somewhere in particular or to any of many places."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network, Span
from policies.azure_semantics.routes import APPLIANCE, route_to
from policies.azure_semantics.spans import ANYWHERE, is_internet, is_wide
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets, all_of, any_of
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.nsg import Nsg
from policies.reachability.topology import Firewall, NetworkLocation, Subnet, Topology

WEB = 443
DNS = 53
Place = tuple[Span, int | None]
"""Addresses that something may go to, and the port; None: any."""


class Egress:
    """The outward half of every road."""

    def __init__(self, topology: Topology) -> None:
        self.topology, self.registry = topology, topology.registry
        self._cache: dict[object, ControlSets] = {}

    def nsgs(self, location: NetworkLocation) -> list[Nsg]:
        """The groups in front of a sender: the subnet's and the interface's."""
        own = [location.subnet.nsg] if location.subnet and location.subnet.nsg else []
        return [*own, *location.nsgs]

    def to(self, location: NetworkLocation, to: IPv4Network, port: int) -> ControlSets:
        """To a port in a network."""
        key = (location, to, port)
        if key not in self._cache:
            subnet, nsgs = location.subnet, self.nsgs(location)
            held = [g for g in nsgs if subnet and not g.lets(inbound=False, source=subnet.prefix, to=to, port=port)]
            self._cache[key] = self._held(held)
        return self._cache[key]

    def to_proxy(self, location: NetworkLocation, firewall: Firewall) -> ControlSets:
        """To a firewall's proxy; where there is none, to any port of the firewall at which one could be made to
        answer."""
        to = IPv4Network(f"{firewall.address}/32")
        if firewall.proxy:
            return any_of(*(self.to(location, to, port) for port in firewall.proxy))
        label = ids.name(firewall.id)
        none = Control(ControlKind.FIREWALL, f"{firewall.policy}#proxy", f"{label} is no proxy", firewall.policy)
        ports = {WEB} | {low for g in self.nsgs(location) for _, low in g.allowed_out} - {0, DNS}
        return all_of(self.registry.requiring(none), any_of(*(self.to(location, to, port) for port in sorted(ports))))

    def to_internet(self, location: NetworkLocation, onward: Callable[[Span], ControlSets]) -> ControlSets:
        """To any place on the Internet to which the rest of the way leads."""
        return self._to_any(location, [(far, None) for far in self._wanted(location, is_internet)], onward)

    def to_external_network(self, location: NetworkLocation) -> ControlSets:
        """To a network that is none of the estate's."""
        found = self._wanted(location, is_wide)
        wanted = [far for far in found if far.tag or not all(self.is_internal(n) for n in far.networks)]
        return self._to_any(location, [(far, None) for far in wanted])

    def is_internal(self, network: Network) -> bool:
        """Whether a range lies in a subnet of the estate's, so that nobody's network can join it with the same."""
        return any(_in(network, subnet.prefix) for subnet in self.topology.subnets.values())

    def to_application_rules(self, location: NetworkLocation, evaluator: FirewallEvaluator) -> ControlSets:
        """To a firewall's application rules. Which address something is sent to is all the same to those: the firewall
        looks up the name that is asked for, and goes there (learn.microsoft.com, "Azure Firewall DNS Proxy details":
        "The destination IP address the client was trying to connect to is ignored"). So any address will do that the
        routes take to the firewall, and of which no network rule decides before."""
        key = ("asking", location, evaluator.firewall.id)
        if key not in self._cache:
            self._cache[key] = self._asking(location, evaluator)
        return self._cache[key]

    def _asking(self, location: NetworkLocation, evaluator: FirewallEvaluator) -> ControlSets:
        subnet = location.subnet
        if subnet is None:
            return ALWAYS
        named = {place for nsg in self.nsgs(location) for place in nsg.allowed_out}
        asked = [
            (far, port or WEB)
            for far, port in sorted(named, key=str)
            if not far.everywhere
            and self._is_routed(subnet, far, evaluator.firewall)
            and not evaluator.decides_by_address(subnet.prefix, far, port or WEB)
        ]
        return self._to_any(location, [*asked, (ANYWHERE, WEB)])

    def _is_routed(self, subnet: Subnet, far: Span, firewall: Firewall) -> bool:
        """Whether something for these addresses comes to a firewall: not what stays in the network, or goes to a
        neighbour, or to the firewall itself."""
        near = {subnet.network} | {b for a, b in self.topology.peered if a == subnet.network}
        local = [s.prefix for s in self.topology.subnets.values() if s.network in near]
        return not far.networks or not all(any(_in(n, prefix) for prefix in local) for n in far.networks)

    def _wanted(self, location: NetworkLocation, fits: Callable[[Span], bool]) -> list[Span]:
        named = {far for g in self.nsgs(location) for far, _ in g.allowed_out if fits(far) and not far.everywhere}
        return [ANYWHERE, *sorted(named - {ANYWHERE}, key=lambda far: far.text)]

    def _to_any(
        self, location: NetworkLocation, to: list[Place], onward: Callable[[Span], ControlSets] = lambda _: ALWAYS
    ) -> ControlSets:
        return any_of(*(all_of(self._past(location, far, port), onward(far)) for far, port in to))

    def _past(self, location: NetworkLocation, to: Span, port: int | None) -> ControlSets:
        key = (location, to, port)
        if key not in self._cache:
            subnet = location.subnet
            held = [g for g in self.nsgs(location) if subnet and not g.lets_out(subnet.prefix, to, port)]
            self._cache[key] = self._held(held)
        return self._cache[key]

    def _held(self, nsgs: Iterable[Nsg]) -> ControlSets:
        controls = (nsg_control(g, "outbound", f"{ids.name(g.id)} does not let it out") for g in nsgs)
        return self.registry.requiring(*controls)


def nsg_control(nsg: Nsg, control_set: str, description: str) -> Control:
    """A direction of a security group."""
    return Control(ControlKind.SECURITY_GROUP, f"{nsg.id}#{control_set}", description, nsg.id)


def bypasses_firewall(subnet: Subnet, firewalls: tuple[Firewall, ...]) -> bool:
    """Whether some route takes what is for the Internet elsewhere than to a firewall that is known, or to nowhere."""
    if subnet.routes is None:
        return True
    kept = [w.address for w in firewalls]
    public = [r for r in subnet.routes if is_internet(r.destination) or r.is_default]
    default = route_to(subnet.routes, IPv4Network("8.8.8.8/32"))
    return default is None or any(
        not (r.next_hop == "none" or (r.next_hop == APPLIANCE and r.address in kept)) for r in public
    )


def _in(inner: object, outer: IPv4Network) -> bool:
    return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
