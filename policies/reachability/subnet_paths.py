"""Network paths between two subnets: the controls on routes, on peerings, in NSGs and in firewalls.

Azure evaluates every rule on a path with the packet's own source and destination. So each pair of source and
destination is evaluated. There are four kinds of path: within a network, over a peering, through a firewall by routes,
and through its proxy. Within a network, Azure's own routes lead from subnet to subnet, unless a route of the sender's
subnet takes their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span, common_range, inside, overlap
from policies.azure_semantics.routes import APPLIANCE, replacing_system_routes, route_to
from policies.reachability.control_sets import (
    ALWAYS,
    MAX_CONTROLS,
    NEVER,
    Control,
    ControlKind,
    ControlSets,
    all_of,
    any_of,
    step,
)
from policies.reachability.egress import HTTPS, PUBLIC_ADDRESS, Egress, no_proxy, nsg_control
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.nsg import Nsg
from policies.reachability.topology import Firewall, NetworkLocation, Subnet, Topology


@dataclass(frozen=True, eq=False)
class Destination:
    """A destination in a subnet."""

    subnet: Subnet
    address: IPv4Network | None = None
    """None: any address of the subnet."""
    host: str = ""
    """Its domain name."""
    ports: tuple[int, ...] = (HTTPS,)
    """Empty: any port, because a person on that computer can open one."""
    endpoint: bool = True
    """True for a private endpoint: the NSG of its subnet applies only if the subnet's network policies say so."""
    nsgs: tuple[Nsg, ...] = ()
    """The NSGs of its network interface."""

    _ports: dict[tuple[int, ...], Destination] = field(default_factory=dict, init=False, repr=False)

    @property
    def prefix(self) -> IPv4Network:
        """The addresses that it may have."""
        return self.address or self.subnet.prefix

    @property
    def host_name(self) -> str:
        """Its domain name, or one that no rule names."""
        return self.host or _unnamed(self.subnet.name)

    def on_port(self, port: int) -> Destination:
        """Return one port of it, the same object each time."""
        return self.on_ports((port,))

    def on_ports(self, ports: tuple[int, ...]) -> Destination:
        """Return some ports of it, the same object each time."""
        if ports not in self._ports:
            self._ports[ports] = replace(self, ports=ports)
        return self._ports[ports]


class SubnetPaths:
    """The network paths from a location in a subnet to a destination in a subnet, each evaluated once."""

    def __init__(
        self,
        topology: Topology,
        egress: Egress,
        evaluators: Sequence[FirewallEvaluator],
        hosts: Mapping[str, frozenset[str]],
    ) -> None:
        """`evaluators`: the firewalls that a path may lead through. `hosts`: the domain names of the destinations in
        each network that have one."""
        self.topology, self.registry = topology, topology.registry
        self._egress, self._evaluators, self._hosts = egress, evaluators, hosts
        self._any_port: dict[Destination, Destination] = {}
        self._cache: dict[object, ControlSets] = {}
        self._leads: dict[object, bool] = {}
        self._spaces: dict[str, IPv4Network] = {}
        self._least: dict[tuple[NetworkLocation, str], int] = {}
        self._names: dict[str, frozenset[str]] = {}

    def to(self, location: NetworkLocation, destination: Destination, limit: int = MAX_CONTROLS) -> ControlSets:
        """Return the controls on reaching a destination from a location in a subnet."""
        subnet = location.subnet
        if subnet is None:
            return NEVER
        key = (location, destination, limit)
        if key not in self._cache and self._exceeds(location, subnet, destination, limit):
            self._cache[key] = NEVER
        if key not in self._cache:
            ports = destination.ports or self.ports(location, destination)
            found = (self._to(location, subnet, destination.on_port(port), limit) for port in ports)
            self._cache[key] = any_of(*found, limit=limit)
        return self._cache[key]

    def _exceeds(self, location: NetworkLocation, subnet: Subnet, destination: Destination, limit: int) -> bool:
        """True if every path to a destination in another network has more controls than the limit, by those that all
        destinations in its network have in common, and by its own NSGs. In an estate of many projects that is so for
        nearly all destinations, and takes a fraction of the time in which every path is evaluated."""
        network = destination.subnet.network
        if subnet.network == network or not inside(destination.prefix, self._address_space(network)):
            return False
        if destination.host_name not in self._hosts_in(network):
            return False
        sources = [location.source, *(evaluator.firewall.prefix for evaluator in self._evaluators)]
        inbound = any_of(*(self.past_inbound_nsgs(self._at_any_port(destination), source) for source in sources))
        # No control of an NSG at the destination is on another part of the path.
        return self.has_more_controls(location, network, limit - _fewest(inbound))

    def _at_any_port(self, destination: Destination) -> Destination:
        """Return a destination with one port of each range that the NSGs there tell apart, unless it has its own."""
        if destination.ports:
            return destination
        if destination not in self._any_port:
            self._any_port[destination] = destination.on_ports(self._inbound_ports(destination))
        return self._any_port[destination]

    def has_more_controls(self, location: NetworkLocation, network: str, limit: int) -> bool:
        """True if every path to a subnet of another network certainly has more controls than the limit."""
        subnet = location.subnet
        if subnet is None or subnet.network == network:
            return limit < 0
        is_closed = limit < 1 and not self._are_connected(subnet.network, network)  # the missing peering is a control
        return is_closed or self._least_controls(location, subnet, network) > limit

    def _are_connected(self, one: str, other: str) -> bool:
        """True if two networks are peered, or both with the network of a firewall."""
        hubs = (evaluator.firewall.network for evaluator in self._evaluators)
        via_hub = (self.peered(one, hub) is self.peered(hub, other) is ALWAYS for hub in hubs)
        return self.peered(one, other) is ALWAYS or any(via_hub)

    def _least_controls(self, location: NetworkLocation, subnet: Subnet, network: str) -> int:
        """Return the number of controls that every path to a subnet of another network has at least."""
        key = location, network
        if key not in self._least:
            by_name = (self._least_by_name(location, subnet, network, one) for one in self._evaluators)
            self._least[key] = _fewest(any_of(self._least_by_address(location, subnet, network), *by_name))
        return self._least[key]

    def _to(self, location: NetworkLocation, subnet: Subnet, destination: Destination, limit: int) -> ControlSets:
        """Return the controls for one port."""
        direct = self.direct(location, subnet, destination, limit)
        if subnet.network == destination.subnet.network and not self._leaves_by_route(subnet, destination):
            return direct
        found = (self._by_firewall(location, subnet, evaluator, destination, limit) for evaluator in self._evaluators)
        return any_of(direct, *found, limit=limit)

    def direct(
        self, location: NetworkLocation, subnet: Subnet, destination: Destination, limit: int = MAX_CONTROLS
    ) -> ControlSets:
        """Return the controls on the path within a network or over a peering, for a destination of one port. What is
        cheap to evaluate is evaluated first: it is often enough to know that there are more controls than the
        limit."""
        ends = all_of(
            self.peered(subnet.network, destination.subnet.network),
            self._past_gateway(subnet, destination) if subnet.is_remote else ALWAYS,
            self.past_inbound_nsgs(destination, location.source),
            limit=limit,
        )
        if not ends:
            return NEVER
        outbound = self._egress.to(location, destination.prefix, destination.ports[0])
        return all_of(outbound, ends, self._kept_inside(subnet, destination), limit=limit)

    def _kept_inside(self, subnet: Subnet, destination: Destination) -> ControlSets:
        """Return the control on a path within a network: a route of the sender's subnet that leads out of it."""
        if subnet.network != destination.subnet.network or not self._leaves_by_route(subnet, destination):
            return ALWAYS
        description = f"the route of {subnet.label} to other parts of the network leads to the firewall"
        return self.registry.requiring_property(ControlKind.ROUTE, subnet.table, "inside", description)

    def _leaves_by_route(self, subnet: Subnet, destination: Destination) -> bool:
        """True if a route of a subnet certainly sends all packets for a destination in the same network to a firewall,
        or nowhere. Those to its private endpoints give way to such a route if the network policies of the endpoint's
        subnet say so."""
        space = [s for s in self.topology.spaces.get(subnet.network, ()) if destination.prefix.subnet_of(s)]
        routes = subnet.routes
        if not space or routes is None or (destination.endpoint and not destination.subnet.routes_cover_endpoints):
            return False
        effective = replacing_system_routes(routes, max(one.prefixlen for one in space))
        # Any other hop for a part of the destination keeps that part inside.
        hops = [r.next_hop for r in effective if any(overlap(n, destination.prefix) for n in r.destination.networks)]
        return route_to(effective, destination.prefix) is not None and all(hop in (APPLIANCE, "none") for hop in hops)

    def _least_by_address(self, location: NetworkLocation, subnet: Subnet, network: str) -> ControlSets:
        """Return the controls that a path to an address of another network has at least."""
        key = ("least by address", location, network)
        if key not in self._cache:
            space = self._address_space(network)
            outbound = self._egress.to_any_port(location, space)
            by_firewall = (
                all_of(
                    self.peered(subnet.network, evaluator.firewall.network),
                    self.peered(evaluator.firewall.network, network),
                    outbound,
                    evaluator.by_any_address(location.source or subnet.prefix, _span(space)),
                )
                for evaluator in self._evaluators
            )
            self._cache[key] = any_of(all_of(self.peered(subnet.network, network), outbound), *by_firewall)
        return self._cache[key]

    def _least_by_name(
        self, location: NetworkLocation, subnet: Subnet, network: str, evaluator: FirewallEvaluator
    ) -> ControlSets:
        """Return the controls that a path to a name in a network through a firewall has at least."""
        firewall = evaluator.firewall
        return all_of(
            self.peered(subnet.network, firewall.network),
            self.peered(firewall.network, network),
            self._to_rules(location, subnet, evaluator),
            evaluator.by_any_name(location.source or subnet.prefix, self._hosts_in(network)),
        )

    def _to_rules(self, location: NetworkLocation, subnet: Subnet, evaluator: FirewallEvaluator) -> ControlSets:
        """Return the controls on reaching the rules for names of a firewall: by a route, or by its proxy."""
        firewall = evaluator.firewall
        key = ("to rules", location, firewall.id)
        if key not in self._cache:
            by_route = all_of(
                self._egress.to_application_rules(location, evaluator), self.routed(subnet, firewall, PUBLIC_ADDRESS)
            )
            self._cache[key] = any_of(by_route, self._egress.to_proxy(location, firewall))
        return self._cache[key]

    def _hosts_in(self, network: str) -> frozenset[str]:
        """Return the domain names in a network: those of its stores, and the placeholder of each subnet."""
        if network not in self._names:
            own = (one.name for one in self.topology.subnets.values() if one.network == network)
            self._names[network] = self._hosts.get(network, frozenset()) | frozenset(map(_unnamed, own))
        return self._names[network]

    def _address_space(self, network: str) -> IPv4Network:
        """Return the smallest range with every subnet of a network."""
        if network not in self._spaces:
            prefixes = [one.prefix for one in self.topology.subnets.values() if one.network == network]
            self._spaces[network] = common_range(prefixes)
        return self._spaces[network]

    def _inbound_ports(self, destination: Destination) -> tuple[int, ...]:
        """Return one port of each range of ports that the NSGs at a destination tell apart."""
        own = [destination.subnet.nsg] if destination.subnet.nsg else []
        ports = {port for nsg in (*own, *destination.nsgs) for port in nsg.ports_in_rules(inbound=True)} | {1}
        return tuple(sorted(port for port in ports if 0 < port < 65536))

    def _past_gateway(self, subnet: Subnet, destination: Destination) -> ControlSets:
        """Return the controls on a path from a site past the firewall: a route for its address that leads to the
        firewall, and the gateway transit of a peering, without which a gateway serves its own network alone."""
        here, there = subnet.network, destination.subnet.network
        route = route_to(subnet.routes, destination.prefix) if subnet.routes is not None else None
        description = f"the route of {subnet.label} leads to the firewall"
        past_route = self.registry.requiring_property(ControlKind.ROUTE, subnet.table, "past", description)
        no_transit = f"{ids.name(there)} does not use the gateway of {ids.name(here)}"
        transit = self.registry.requiring(Control(ControlKind.PEERING, f"{here}+{there}#transit", no_transit, ""))
        return all_of(
            past_route if route and route.next_hop in (APPLIANCE, "none") else ALWAYS,
            ALWAYS if here == there or (here, there) in self.topology.transit_pairs else transit,
            step("directly from the gateway"),
        )

    def ports(self, location: NetworkLocation, destination: Destination) -> Iterator[int]:
        """Yield one port of each range of ports for which the rules on the path give the same result."""
        outbound_nsgs = [*self._egress.nsgs(location)]
        inbound_nsgs = [*([destination.subnet.nsg] if destination.subnet.nsg else []), *destination.nsgs]
        ports = {port for g in outbound_nsgs for port in g.ports_in_rules(inbound=False)}
        ports |= {port for g in inbound_nsgs for port in g.ports_in_rules(inbound=True)}
        ports |= {port for evaluator in self._evaluators for port in evaluator.ports}
        yield from sorted(port for port in ports | {1} if 0 < port < 65536)

    def _by_firewall(
        self,
        location: NetworkLocation,
        subnet: Subnet,
        evaluator: FirewallEvaluator,
        destination: Destination,
        limit: int,
    ) -> ControlSets:
        """Return the controls on a path through a firewall. The packet's source at the destination is the firewall
        (with source NAT) or the sender."""
        firewall, target_subnet = evaluator.firewall, destination.subnet
        if not self._leads_through(subnet, firewall, target_subnet.network, limit):
            return NEVER
        there = self.peered(subnet.network, firewall.network)
        beyond = self.peered(firewall.network, target_subnet.network)
        onward = all_of(
            beyond,
            any_of(
                self.past_inbound_nsgs(destination, firewall.prefix),
                self.past_inbound_nsgs(destination, location.source),
            ),
            limit=limit,
        )
        rest = all_of(there, onward, limit=limit)
        through = (
            self._through_rules(location, subnet, evaluator, destination, rest=rest, limit=limit) if rest else NEVER
        )
        return all_of(there, through, onward, limit=limit)

    def _leads_through(self, subnet: Subnet, firewall: Firewall, network: str, limit: int) -> bool:
        """True if the peerings and routes of a path through a firewall have no more controls than the limit. Most
        paths through the firewalls of other cells have more."""
        key = (subnet, firewall.id, network, limit)
        if key not in self._leads:
            there, beyond = self.peered(subnet.network, firewall.network), self.peered(firewall.network, network)
            self._leads[key] = bool(all_of(there, beyond, self._ways_in(subnet, firewall), limit=limit))
        return self._leads[key]

    def _ways_in(self, subnet: Subnet, firewall: Firewall) -> ControlSets:
        """Return controls one of which is on every way into a firewall: on a route to it, or on its proxy."""
        key = ("ways in", subnet, firewall.id)
        if key not in self._cache:
            routes = subnet.routes
            is_known = routes is not None and not any(route.address in (firewall.address, "") for route in routes)
            is_open = not is_known or bool(firewall.proxy)
            no_route = self._no_route(subnet, firewall)
            self._cache[key] = ALWAYS if is_open else any_of(no_route, self.registry.requiring(no_proxy(firewall)))
        return self._cache[key]

    def _through_rules(
        self,
        location: NetworkLocation,
        subnet: Subnet,
        evaluator: FirewallEvaluator,
        destination: Destination,
        *,
        rest: ControlSets,
        limit: int,
    ) -> ControlSets:
        """Return the controls on the rules of a firewall: by the destination's address, its name, or by proxy. `rest`:
        the controls on the rest of the path. The rules are evaluated last, and only if the others are not too many."""
        firewall, name, port = evaluator.firewall, ids.name(evaluator.firewall.id), destination.ports[0]
        host = destination.host_name
        by_address = all_of(
            self._egress.to(location, destination.prefix, port), self.routed(subnet, firewall, destination.prefix)
        )
        if all_of(by_address, rest, limit=limit):
            decided = evaluator.by_address(location.source or subnet.prefix, _span(destination.prefix), port, host)
            by_address = all_of(by_address, decided, step(f"through {name}"), limit=limit)
        else:
            by_address = NEVER
        to_rules = all_of(
            self._egress.to_application_rules(location, evaluator), self.routed(subnet, firewall, PUBLIC_ADDRESS)
        )
        to_proxy = self._egress.to_proxy(location, firewall)
        if not all_of(any_of(to_rules, to_proxy), rest, limit=limit):
            return by_address
        key = ("by name", location, firewall.id, host, limit)
        if key not in self._cache:
            named = evaluator.by_name(location.source or subnet.prefix, host)
            by_name = all_of(to_rules, named, step(f"through {name}, by name"), limit=limit)
            by_proxy = all_of(to_proxy, named, step(f"by the proxy of {name}"), limit=limit)
            self._cache[key] = any_of(by_name, by_proxy)
        return any_of(by_address, self._cache[key])

    def routed(self, subnet: Subnet, firewall: Firewall, to: IPv4Network) -> ControlSets:
        """Return the control that no route of a subnet leads to the firewall; `ALWAYS` if one does."""
        key = ("routed", subnet, firewall.id, int(to.network_address), to.prefixlen)
        if key not in self._cache:
            self._cache[key] = self._route_controls(subnet, firewall, to)
        return self._cache[key]

    def _route_controls(self, subnet: Subnet, firewall: Firewall, to: IPv4Network) -> ControlSets:
        route = route_to(subnet.routes, to) if subnet.routes is not None else None
        if subnet.routes is None or (route and route.next_hop == APPLIANCE and route.address in (firewall.address, "")):
            return ALWAYS
        return self._no_route(subnet, firewall)

    def _no_route(self, subnet: Subnet, firewall: Firewall) -> ControlSets:
        description = f"no route leads from {subnet.label} to it"
        return self.registry.requiring_property(
            ControlKind.ROUTE, subnet.table or subnet.id, f"to {firewall.id}", description
        )

    def peered(self, one: str, other: str) -> ControlSets:
        """Return the control that two networks are not peered; `ALWAYS` if they are the same or peered on both
        sides."""
        if one == other or (one, other) in self.topology.peered_pairs:
            return ALWAYS
        key = ("peered", one, other)
        if key not in self._cache:
            self._cache[key] = self._peering_controls(one, other)
        return self._cache[key]

    def _peering_controls(self, one: str, other: str) -> ControlSets:
        first, second = sorted((one, other))
        names = f"{ids.name(first)} and {ids.name(second)} are not peered"
        return self.registry.requiring(
            Control(ControlKind.PEERING, f"{first}+{second}", names, ""),
            step=f"over a new peering of {ids.name(first)} and {ids.name(second)}",
        )

    def past_inbound_nsgs(self, destination: Destination, source: IPv4Network | None) -> ControlSets:
        """Return the controls of the NSGs at the destination. `source`: None means an external network."""
        own = destination.subnet.nsg if not destination.endpoint or destination.subnet.nsg_covers_endpoints else None
        nsgs = (*((own,) if own else ()), *destination.nsgs)
        key = (destination, *(nsg.place(source) for nsg in nsgs)) if source else (destination, None)
        if key not in self._cache:
            self._cache[key] = self._inbound_controls(nsgs, destination, source)
        return self._cache[key]

    def _inbound_controls(
        self, nsgs: Iterable[Nsg], destination: Destination, source: IPv4Network | None
    ) -> ControlSets:
        blocking = [g for g in nsgs if not self._allows_inbound(g, destination, source)]
        return self.registry.requiring(
            *(nsg_control(g, "inbound", f"{ids.name(g.id)} does not let it in") for g in blocking)
        )

    def _allows_inbound(self, nsg: Nsg, destination: Destination, source: IPv4Network | None) -> bool:
        """True if an NSG allows the source. An external network may have any address that the estate does not use."""
        wide = [] if source else [n for n in nsg.wide_sources if not self._egress.is_internal(n)]
        sources = [source] if source else [PUBLIC_ADDRESS, *wide]
        return any(
            nsg.allows(inbound=True, source=one, to=destination.prefix, port=port)
            for port in destination.ports
            for one in sources
        )


def _unnamed(subnet: str) -> str:
    """Return the placeholder for the domain name of an address in a subnet that has none. No rule has this name."""
    return f"{subnet}.internal"


def _span(network: IPv4Network) -> Span:
    return Span("", (network,))


def _fewest(control_sets: ControlSets) -> int:
    """Return the size of the smallest of some control sets; more than any limit if there is none."""
    return min((control_set.size for control_set in control_sets), default=MAX_CONTROLS + 1)
