"""Egress: the NSGs that stop a sender from reaching one destination, or any of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network, Span
from policies.azure_semantics.routes import APPLIANCE, route_to
from policies.azure_semantics.spans import ANY_PUBLIC_ADDRESS, is_internet, is_wide
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets, all_of, any_of, step
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.nsg import Nsg
from policies.reachability.topology import Firewall, NetworkLocation, Subnet, Topology

HTTPS = 443
PUBLIC_ADDRESS = IPv4Network("8.8.8.8/32")
DNS = 53
EgressDestination = tuple[Span, int | None]
"""The addresses of a destination, and the port (None: any)."""


class Egress:
    """The outbound half of every network path."""

    def __init__(self, topology: Topology) -> None:
        self.topology, self.registry = topology, topology.registry
        self._cache: dict[object, ControlSets] = {}

    def nsgs(self, location: NetworkLocation) -> list[Nsg]:
        """Return the NSGs of a sender: of its subnet, and of its interface."""
        own = [location.subnet.nsg] if location.subnet and location.subnet.nsg else []
        return [*own, *location.nsgs]

    def to(self, location: NetworkLocation, to: IPv4Network, port: int, protocol: str = "tcp") -> ControlSets:
        """Return the controls on reaching a port in a network."""
        key = (location, int(to.network_address), to.prefixlen, port, protocol)
        if key not in self._cache:
            source, nsgs = location.source, self.nsgs(location)
            blocking = [
                g
                for g in nsgs
                if source and not g.allows(inbound=False, source=source, to=to, port=port, protocol=protocol)
            ]
            self._cache[key] = self._controls_of(blocking)
        return self._cache[key]

    def to_any_port(self, location: NetworkLocation, to: IPv4Network) -> ControlSets:
        """Return the controls that every port in a network has at least."""
        source, nsgs = location.source, self.nsgs(location)
        key = ("any port", location, *(nsg.place(to) for nsg in nsgs))
        if key not in self._cache:
            ports = {1, *(port for nsg in nsgs for port in nsg.ports_in_rules(inbound=False) if 0 < port < 65536)}
            blocking = (
                nsg
                for nsg in nsgs
                if source and not any(nsg.allows(inbound=False, source=source, to=to, port=port) for port in ports)
            )
            self._cache[key] = self._controls_of(blocking)
        return self._cache[key]

    def to_proxy(self, location: NetworkLocation, firewall: Firewall) -> ControlSets:
        """Return the controls on reaching a firewall's explicit proxy. If it has none: on any port at which one could
        be enabled."""
        key = ("proxy", location, firewall.id)
        if key not in self._cache:
            self._cache[key] = self._proxy_controls(location, firewall)
        return self._cache[key]

    def _proxy_controls(self, location: NetworkLocation, firewall: Firewall) -> ControlSets:
        to = IPv4Network(f"{firewall.address}/32")
        if firewall.proxy:
            return any_of(*(self.to(location, to, port) for port in firewall.proxy))
        ports = {HTTPS} | {low for g in self.nsgs(location) for _, low in g.allowed_destinations} - {0, DNS}
        return all_of(
            self.registry.requiring(no_proxy(firewall)),
            any_of(*(self.to(location, to, port) for port in sorted(ports))),
        )

    def to_internet(self, location: NetworkLocation, onward: Callable[[Span], ControlSets]) -> ControlSets:
        """Return the controls on reaching an Internet destination, together with the controls on the rest of the
        path."""
        return self._to_any(
            location, [(destination, None) for destination in self._candidates(location, is_internet)], onward
        )

    def to_external_network(self, location: NetworkLocation) -> ControlSets:
        """Return the controls on reaching a network outside the estate."""
        external = [
            destination
            for destination in self._candidates(location, is_wide)
            if destination.tag or not all(self.is_internal(network) for network in destination.networks)
        ]
        return self._to_any(location, [(destination, None) for destination in external])

    def is_internal(self, network: Network) -> bool:
        """True if the range is inside a subnet of the estate: an external peer cannot reuse it."""
        return any(_is_inside(network, subnet.prefix) for subnet in self.topology.subnets.values())

    def to_application_rules(self, location: NetworkLocation, evaluator: FirewallEvaluator) -> ControlSets:
        """Return the controls on reaching a firewall's application rules.

        The firewall ignores the destination address of such a packet: it looks up the name and connects there
        (learn.microsoft.com, "Azure Firewall DNS Proxy details": "The destination IP address the client was trying to
        connect to is ignored"). So the sender can use any address that is routed to the firewall and that no network
        rule matches first.
        """
        key = ("application rules", location, evaluator.firewall.id)
        if key not in self._cache:
            self._cache[key] = self._compute_to_application_rules(location, evaluator)
        return self._cache[key]

    def _compute_to_application_rules(self, location: NetworkLocation, evaluator: FirewallEvaluator) -> ControlSets:
        subnet, source = location.subnet, location.source
        if subnet is None or source is None:
            return ALWAYS
        allowed = {found for nsg in self.nsgs(location) for found in nsg.destinations_from(source)}
        candidates = [
            (destination, port or HTTPS)
            for destination, port in sorted(allowed, key=str)
            if not destination.everywhere
            and self._is_routed(subnet, destination, evaluator.firewall)
            and not evaluator.decides_by_address(source, destination, port or HTTPS)
        ]
        return self._to_any(location, [*candidates, (ANY_PUBLIC_ADDRESS, HTTPS)])

    def _is_routed(self, subnet: Subnet, destination: Span, firewall: Firewall) -> bool:
        """True if packets to these addresses can be routed to a firewall: not all of them are in the subnet's network
        or in a peered one."""
        reachable = {subnet.network} | {b for a, b in self.topology.peered_pairs if a == subnet.network}
        local = [s.prefix for s in self.topology.subnets.values() if s.network in reachable]
        return not destination.networks or not all(
            any(_is_inside(n, prefix) for prefix in local) for n in destination.networks
        )

    def _candidates(self, location: NetworkLocation, fits: Callable[[Span], bool]) -> list[Span]:
        found = (destination for g in self.nsgs(location) for destination in g.allowed_destinations_that(fits))
        allowed = {destination for destination in found if not destination.everywhere}
        return [ANY_PUBLIC_ADDRESS, *sorted(allowed - {ANY_PUBLIC_ADDRESS}, key=lambda destination: destination.text)]

    def _to_any(
        self,
        location: NetworkLocation,
        to: list[EgressDestination],
        onward: Callable[[Span], ControlSets] = lambda _: ALWAYS,
    ) -> ControlSets:
        return any_of(
            *(
                all_of(self._outbound_controls(location, destination, port), onward(destination), _at(destination))
                for destination, port in to
            )
        )

    def _outbound_controls(self, location: NetworkLocation, to: Span, port: int | None) -> ControlSets:
        key = (location, to, port)
        if key not in self._cache:
            source = location.source
            blocking = [g for g in self.nsgs(location) if source and not g.allows_to(source, to, port)]
            self._cache[key] = self._controls_of(blocking)
        return self._cache[key]

    def _controls_of(self, nsgs: Iterable[Nsg]) -> ControlSets:
        controls = (nsg_control(g, "outbound", f"{ids.name(g.id)} does not let it out") for g in nsgs)
        return self.registry.requiring(*controls)


def _at(destination: Span) -> ControlSets:
    """Return the step of a path at the addresses of a service, by its tag."""
    is_service = destination.tag and destination.tag != ANY_PUBLIC_ADDRESS.tag
    return step(f"at an address of {destination.text}") if is_service else ALWAYS


def no_proxy(firewall: Firewall) -> Control:
    """Return the control that a firewall is no proxy."""
    description = f"{ids.name(firewall.id)} is no proxy"
    return Control(ControlKind.FIREWALL, f"{firewall.policy}#proxy", description, firewall.policy)


def nsg_control(nsg: Nsg, direction: str, description: str) -> Control:
    """Return one direction of an NSG as a control."""
    return Control(ControlKind.SECURITY_GROUP, f"{nsg.id}#{direction}", description, nsg.id)


def bypasses_firewall(subnet: Subnet, firewalls: tuple[Firewall, ...]) -> bool:
    """True if a route sends Internet traffic to a next hop other than a known firewall or `None`."""
    if subnet.routes is None:
        return True
    firewall_addresses = [w.address for w in firewalls]
    public = [r for r in subnet.routes if is_internet(r.destination) or r.is_default]
    default = route_to(subnet.routes, PUBLIC_ADDRESS)
    return default is None or any(
        not (r.next_hop == "none" or (r.next_hop == APPLIANCE and r.address in firewall_addresses)) for r in public
    )


def _is_inside(inner: object, outer: IPv4Network) -> bool:
    return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
