"""Network reachability: the controls that must fail before one network location can reach another.

Azure evaluates every rule on a path with the packet's own source and destination. So each pair of source and
destination is evaluated. There are four kinds of path: within a network, over a peering, through a firewall by routes,
and through its proxy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span
from policies.azure_semantics.routes import APPLIANCE, route_to
from policies.reachability.bastion import RDP, SSH, Bastions
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
from policies.reachability.data_stores import DataStore, DataStores, PrivateEndpoint
from policies.reachability.egress import Egress, bypasses_firewall, no_proxy, nsg_control
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.nsg import Nsg
from policies.reachability.topology import Firewall, NetworkLocation, Subnet, Topology

HTTPS = 443
PUBLIC_ADDRESS = IPv4Network("8.8.8.8/32")


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

    _ports: dict[int, Destination] = field(default_factory=dict, init=False, repr=False)

    @property
    def prefix(self) -> IPv4Network:
        """The addresses that it may have."""
        return self.address or self.subnet.prefix

    def on_port(self, port: int) -> Destination:
        """Return one port of it, the same object each time."""
        if port not in self._ports:
            self._ports[port] = replace(self, ports=(port,))
        return self._ports[port]


class NetworkReachability:
    """Every network path of an estate, each evaluated once."""

    def __init__(self, topology: Topology, stores: DataStores) -> None:
        self.topology, self.stores, self.registry = topology, stores, topology.registry
        self.egress, self.bastions = Egress(topology), Bastions(topology)
        self._evaluators = tuple(FirewallEvaluator(firewall, topology) for firewall in topology.firewalls)
        self._cache: dict[object, ControlSets] = {}
        self._destinations: dict[object, list[Destination]] = {}
        self._computers: dict[NetworkLocation, Destination] = {}
        self._added: dict[tuple[NetworkLocation, int], list[tuple[str, ControlSets]]] = {}

    def to_store(self, location: NetworkLocation, store: DataStore, limit: int = MAX_CONTROLS) -> ControlSets:
        """Return the controls on reaching a store: over the public network, over one of its private endpoints, or over
        one that is added. Sets of more controls than the limit are left out, here and below."""
        key = (location, store, limit)
        if key not in self._cache:
            self._cache[key] = self._to_store(location, store, limit)
        return self._cache[key]

    def _to_store(self, location: NetworkLocation, store: DataStore, limit: int) -> ControlSets:
        words = step(f"reach {store.label} over the public network")
        public = all_of(self.to_internet(location, limit), store.public, words, limit=limit)
        if location.subnet is None:
            outside = (self._from_outside(endpoint, store) for endpoint in store.endpoints)
            return any_of(public, *outside, limit=limit)
        control_sets = (self._to_endpoint(location, endpoint, store.host, limit) for endpoint in store.endpoints)
        known = all_of(any_of(*control_sets), step(f"reach the private endpoint of {store.label}"))
        return any_of(public, known, self._to_added_endpoint(location, store.label, store.group, limit))

    def _to_endpoint(self, location: NetworkLocation, endpoint: PrivateEndpoint, host: str, limit: int) -> ControlSets:
        return any_of(*(self.to(location, at, limit) for at in self._endpoint(endpoint, host)))

    def _endpoint(self, endpoint: PrivateEndpoint, host: str = "") -> list[Destination]:
        """Return a private endpoint as destinations, the same objects each time."""
        if (endpoint, host) not in self._destinations:
            self._destinations[endpoint, host] = [
                Destination(endpoint.subnet, address, host) for address in endpoint.addresses
            ]
        return self._destinations[endpoint, host]

    def _free(self, subnet: Subnet) -> list[Destination]:
        """Return the free addresses of a subnet as destinations, the same objects each time."""
        if subnet not in self._destinations:
            self._destinations[subnet] = [
                Destination(subnet, address) for address in self.topology.free_addresses(subnet)
            ]
        return self._destinations[subnet]

    def computer_at(self, location: NetworkLocation) -> Destination | None:
        """Return the destination of any port of a computer; None where its subnet is unknown."""
        if location.subnet and location not in self._computers:
            self._computers[location] = Destination(location.subnet, ports=(), endpoint=False, nsgs=location.nsgs)
        return self._computers.get(location)

    def _to_added_endpoint(self, location: NetworkLocation, what: str, group: str, limit: int) -> ControlSets:
        """Return the controls on reaching a resource over a private endpoint that is added at a free address in any
        network. `group`: the resource group of the resource, because Azure Policy may deny endpoints to other
        groups."""
        key = ("added", location, group, limit)
        if key not in self._cache:
            own = self._endpoint_subnets.get(group, ())
            elsewhere = self._added_elsewhere(location, limit)
            self._cache[key] = any_of(
                *(control_sets for place, control_sets in elsewhere if place != group),
                *(self._to_endpoint_added_in(location, subnet, limit, guarded=False) for subnet in own),
            )
        return all_of(self._cache[key], step(f"reach {what} by it"))

    @cached_property
    def _endpoint_subnets(self) -> Mapping[str, list[Subnet]]:
        """The subnets that can have a private endpoint, by the resource group of their network."""
        found: dict[str, list[Subnet]] = {}
        for subnet in self.topology.endpoint_subnets():
            found.setdefault(ids.resource_group(subnet.network), []).append(subnet)
        return found

    def _added_elsewhere(self, location: NetworkLocation, limit: int) -> list[tuple[str, ControlSets]]:
        """Return the controls on an endpoint to a resource of another group in each subnet where one is possible, with
        the resource group of the network."""
        key = (location, limit)
        if key not in self._added:
            found = (
                (group, self._to_endpoint_added_in(location, subnet, limit, guarded=True))
                for group, subnets in self._endpoint_subnets.items()
                for subnet in subnets
            )
            self._added[key] = [(group, control_sets) for group, control_sets in found if control_sets]
        return self._added[key]

    def _to_endpoint_added_in(
        self, location: NetworkLocation, subnet: Subnet, limit: int, *, guarded: bool
    ) -> ControlSets:
        """Return the controls on an endpoint in one subnet. Those on the endpoint itself are on no network path, so
        that the path may have as many fewer. `guarded`: Azure Policy may deny it."""
        name = ids.name(subnet.network)
        no_endpoint = f"{name} has no private endpoint to an external resource"
        guardrail_controls = self.topology.guardrails.of("endpoints-stay", subnet.network) if guarded else ALWAYS
        added = all_of(self._control(ControlKind.ENDPOINT, subnet.network, "endpoint", no_endpoint), guardrail_controls)
        left = limit - min((control_set.size for control_set in added), default=limit)
        if left < 0:
            return NEVER
        found = (self.to(location, at, left) for at in self._free(subnet))
        return all_of(added, any_of(*found), step(f"a private endpoint is added in {name}"), limit=limit)

    def _from_outside(self, endpoint: PrivateEndpoint, store: DataStore) -> ControlSets:
        """Return the controls on reaching a private endpoint from the Internet: by a firewall's DNAT, through Bastion's
        tunnel, or from a peered external network."""
        destinations = self._endpoint(endpoint)
        return all_of(
            any_of(
                *(
                    self._by_dnat(evaluator, destination)
                    for evaluator in self._evaluators
                    for destination in destinations
                ),
                *(self._by_bastion_tunnel(destination) for destination in destinations),
                *(
                    all_of(self._over_external_peering(endpoint.subnet), self._past_inbound_nsgs(destination, None))
                    for destination in destinations
                ),
            ),
            step(f"reach the private endpoint of {store.label}"),
        )

    def _by_dnat(self, evaluator: FirewallEvaluator, destination: Destination) -> ControlSets:
        firewall, name = evaluator.firewall, ids.name(evaluator.firewall.id)
        no_address = self._control(ControlKind.ADDRESS, firewall.id, "address", f"{name} has no public address")
        return all_of(
            ALWAYS if firewall.public else no_address,
            evaluator.dnat_controls(),
            self._peered(firewall.network, destination.subnet.network),
            self._past_inbound_nsgs(destination, firewall.prefix),
        )

    def _by_bastion_tunnel(self, destination: Destination) -> ControlSets:
        """Return the controls on Bastion's tunnel to an address, at any port (learn.microsoft.com, "Connect to a VM via
        specified private IP address")."""
        return any_of(
            *(
                all_of(
                    bastion.control_sets["tunnel"],
                    bastion.control_sets["connection by address"],
                    self._from_bastion(bastion.subnet, destination),
                    step("through Bastion, by address"),
                )
                for bastion in self.bastions.all
            )
        )

    def _from_bastion(self, subnet: Subnet, destination: Destination) -> ControlSets:
        """Return the controls on reaching a destination from Bastion's subnet."""
        bastion = NetworkLocation(subnet)
        return all_of(
            self._peered(subnet.network, destination.subnet.network),
            any_of(*(self.egress.to(bastion, destination.prefix, port) for port in destination.ports)),
            self._past_inbound_nsgs(destination, subnet.prefix),
        )

    def _over_external_peering(self, subnet: Subnet) -> ControlSets:
        """Return the controls on a path from or to an external network, whose configuration is unknown."""
        if subnet.network in self.topology.external_peers:
            return ALWAYS
        name = ids.name(subnet.network)
        description = f"{name} has no peering with an external network"
        return all_of(
            self._control(ControlKind.PEERING, subnet.network, "external", description),
            step(f"{name} is peered with an external network"),
        )

    def to_internet(self, location: NetworkLocation, limit: int = MAX_CONTROLS) -> ControlSets:
        """Return the controls on reaching a destination on the Internet or in another tenant."""
        if location.subnet is None:
            return ALWAYS
        key = ("out", location, limit)
        if key not in self._cache:
            subnet = location.subnet
            self._cache[key] = any_of(
                self._directly_to_internet(location, subnet),
                self._by_service_endpoint(location, subnet),
                *(self._through_firewall(location, subnet, evaluator) for evaluator in self._evaluators),
                *(
                    all_of(
                        self._to_endpoint(location, endpoint, "", limit),
                        step("over a private endpoint to another tenant"),
                    )
                    for endpoint in self._external_endpoints
                ),
                all_of(self._over_external_peering(subnet), self.egress.to_external_network(location)),
                self._to_added_endpoint(location, "another tenant's store", "", limit),
                limit=limit,
            )
        return self._cache[key]

    @cached_property
    def _external_endpoints(self) -> tuple[PrivateEndpoint, ...]:
        """The private endpoints of resources outside the estate."""
        estate = self.topology.estate
        return tuple(
            endpoint for endpoint in self.stores.endpoints if any(estate.get(id_) is None for id_ in endpoint.targets)
        )

    def _directly_to_internet(self, location: NetworkLocation, subnet: Subnet) -> ControlSets:
        """Return the controls on reaching the Internet from a public address, past every firewall."""
        routes_description = f"the routes of {subnet.label} do not lead directly to the Internet"
        no_public_address = all_of(
            self._control(ControlKind.ADDRESS, subnet.id, "address", f"nothing in {subnet.label} has a public address"),
            self.topology.guardrails.of("no-public-addresses", subnet.network),
        )
        return all_of(
            self.egress.to_internet(location, lambda _: ALWAYS),
            ALWAYS
            if bypasses_firewall(subnet, self.topology.firewalls)
            else self._control(ControlKind.ROUTE, subnet.table, "route", routes_description),
            ALWAYS if location.public or subnet.default_outbound else no_public_address,
            step("directly to the Internet"),
        )

    def _by_service_endpoint(self, location: NetworkLocation, subnet: Subnet) -> ControlSets:
        """Return the controls on a service endpoint, which reaches the service's accounts in every tenant and ignores
        routes (learn.microsoft.com, "Virtual Network service endpoints")."""
        no_service_endpoint = self._control(
            ControlKind.SERVICE_ENDPOINT, subnet.id, "service", f"{subnet.label} has no service endpoint"
        )
        return all_of(
            self.egress.to_internet(location, lambda _: ALWAYS),
            ALWAYS if subnet.service_endpoints else no_service_endpoint,
            step("to another tenant's store by a service endpoint"),
        )

    def _through_firewall(self, location: NetworkLocation, subnet: Subnet, evaluator: FirewallEvaluator) -> ControlSets:
        firewall, name = evaluator.firewall, ids.name(evaluator.firewall.id)
        routed = all_of(self._peered(subnet.network, firewall.network), self._routed(subnet, firewall, PUBLIC_ADDRESS))
        by_address = self.egress.to_internet(
            location, lambda target_subnet: evaluator.by_address(subnet.prefix, target_subnet, None)
        )
        by_name = all_of(self.egress.to_application_rules(location, evaluator), evaluator.by_name(subnet.prefix, ""))
        by_proxy = all_of(
            self._peered(subnet.network, firewall.network),
            self.egress.to_proxy(location, firewall),
            evaluator.by_name(subnet.prefix, ""),
            step(f"to the Internet by the proxy of {name}"),
        )
        return any_of(all_of(routed, any_of(by_address, by_name), step(f"to the Internet through {name}")), by_proxy)

    def over_bastion(self, locations: Iterable[NetworkLocation], ssh_controls: ControlSets) -> ControlSets:
        """Return the controls on moving data through Bastion from a computer to a person who is signed in to it.

        The picture of the screen does not count. Over SSH the clipboard can copy only what the screen shows, so only
        the clipboard over RDP counts."""
        return any_of(
            *(
                self._over_one_bastion(bastion.subnet, bastion.control_sets, location, ssh_controls)
                for bastion in self.bastions.all
                for location in locations
                if location.subnet
            )
        )

    def _over_one_bastion(
        self,
        bastion: Subnet,
        control_sets: dict[str, ControlSets],
        location: NetworkLocation,
        ssh_controls: ControlSets,
    ) -> ControlSets:
        computer = self.computer_at(location)
        if computer is None:
            return NEVER
        by_ssh = all_of(self._from_bastion(bastion, computer.on_port(SSH)), ssh_controls)
        by_rdp = self._from_bastion(bastion, computer.on_port(RDP))
        other_ports = (port for port in self._ports(NetworkLocation(bastion), computer) if port != SSH)
        others = (computer.on_port(port) for port in other_ports)
        by_any_port = any_of(by_rdp, *(self._from_bastion(bastion, other) for other in others))
        return any_of(
            all_of(control_sets["clipboard"], by_rdp, step("by Bastion's clipboard")),
            all_of(control_sets["tunnel"], any_of(by_ssh, by_any_port), step("by Bastion's tunnel")),
            all_of(control_sets["file copy"], any_of(by_ssh, by_rdp), step("by Bastion's file copy")),
        )

    def to(self, location: NetworkLocation, destination: Destination, limit: int = MAX_CONTROLS) -> ControlSets:
        """Return the controls on reaching a destination from a location in a subnet."""
        subnet = location.subnet
        if subnet is None:
            return NEVER
        key = (location, destination, limit)
        if key not in self._cache:
            ports = destination.ports or self._ports(location, destination)
            found = (self._to(location, subnet, destination.on_port(port), limit) for port in ports)
            self._cache[key] = any_of(*found, limit=limit)
        return self._cache[key]

    def _to(self, location: NetworkLocation, subnet: Subnet, destination: Destination, limit: int) -> ControlSets:
        """Return the controls for one port. What is cheap to evaluate is evaluated first: it is often enough to know
        that there are more controls than the limit."""
        direct, ends = NEVER, all_of(
            self._peered(subnet.network, destination.subnet.network),
            self._past_inbound_nsgs(destination, subnet.prefix),
            limit=limit,
        )  # fmt: skip
        if ends:
            outbound = self.egress.to(location, destination.prefix, destination.ports[0])
            direct = all_of(outbound, ends, limit=limit)
        if subnet.network == destination.subnet.network:
            return direct
        found = (self._by_firewall(location, subnet, evaluator, destination, limit) for evaluator in self._evaluators)
        return any_of(direct, *found, limit=limit)

    def _ports(self, location: NetworkLocation, destination: Destination) -> Iterator[int]:
        """Yield one port of each range of ports for which the rules on the path give the same result."""
        outbound_nsgs = [*self.egress.nsgs(location)]
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
        there = self._peered(subnet.network, firewall.network)
        beyond = self._peered(firewall.network, target_subnet.network)
        if not all_of(there, beyond, self._ways_in(subnet, firewall), limit=limit):
            return NEVER
        onward = all_of(
            beyond,
            any_of(
                self._past_inbound_nsgs(destination, firewall.prefix),
                self._past_inbound_nsgs(destination, subnet.prefix),
            ),
            limit=limit,
        )
        if not all_of(there, onward, limit=limit):
            return NEVER
        through = self._through_rules(location, subnet, evaluator, destination, limit)
        return all_of(there, through, onward, limit=limit)

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
        limit: int,
    ) -> ControlSets:
        """Return the controls on the rules of a firewall: by the destination's address, its name, or by proxy."""
        firewall, name, port = evaluator.firewall, ids.name(evaluator.firewall.id), destination.ports[0]
        host = destination.host or f"{destination.subnet.name}.internal"
        by_address = all_of(
            self.egress.to(location, destination.prefix, port),
            self._routed(subnet, firewall, destination.prefix),
            evaluator.by_address(subnet.prefix, _span(destination.prefix), port, host),
            step(f"through {name}"),
            limit=limit,
        )
        key = ("by name", location, firewall.id, host, limit)
        if key not in self._cache:
            by_name_controls = evaluator.by_name(subnet.prefix, host)
            by_name = all_of(
                self.egress.to_application_rules(location, evaluator),
                self._routed(subnet, firewall, PUBLIC_ADDRESS),
                by_name_controls,
                step(f"through {name}, by name"),
                limit=limit,
            )
            by_proxy = all_of(
                self.egress.to_proxy(location, firewall), by_name_controls, step(f"by the proxy of {name}"), limit=limit
            )
            self._cache[key] = any_of(by_name, by_proxy)
        return any_of(by_address, self._cache[key])

    def _routed(self, subnet: Subnet, firewall: Firewall, to: IPv4Network) -> ControlSets:
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
        return self._control(ControlKind.ROUTE, subnet.table or subnet.id, f"to {firewall.id}", description)

    def _peered(self, one: str, other: str) -> ControlSets:
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

    def _past_inbound_nsgs(self, destination: Destination, source: IPv4Network | None) -> ControlSets:
        """Return the controls of the NSGs at the destination. `source`: None means an external network."""
        key = (destination, source and (int(source.network_address), source.prefixlen))
        if key not in self._cache:
            self._cache[key] = self._inbound_controls(destination, source)
        return self._cache[key]

    def _inbound_controls(self, destination: Destination, source: IPv4Network | None) -> ControlSets:
        own = destination.subnet.nsg if not destination.endpoint or destination.subnet.nsg_covers_endpoints else None
        nsgs = [*([own] if own else []), *destination.nsgs]
        blocking = [g for g in nsgs if not self._allows_inbound(g, destination, source)]
        return self.registry.requiring(
            *(nsg_control(g, "inbound", f"{ids.name(g.id)} does not let it in") for g in blocking)
        )

    def _allows_inbound(self, nsg: Nsg, destination: Destination, source: IPv4Network | None) -> bool:
        """True if an NSG allows the source. An external network may have any address that the estate does not use."""
        wide = [] if source else [n for n in nsg.wide_sources if not self.egress.is_internal(n)]
        sources = [source] if source else [PUBLIC_ADDRESS, *wide]
        return any(
            nsg.allows(inbound=True, source=one, to=destination.prefix, port=port)
            for port in destination.ports
            for one in sources
        )

    def _control(self, kind: ControlKind, resource: str, what: str, description: str) -> ControlSets:
        return self.registry.requiring(Control(kind, f"{resource}#{what}", description, resource))


def _span(network: IPv4Network) -> Span:
    return Span("", (network,))
