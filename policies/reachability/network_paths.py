"""Network reachability: the controls that must fail before one network location can reach another.

Azure evaluates every rule on a path with the packet's own source and destination. So each pair of source and
destination is evaluated. There are four kinds of path: within a network, over a peering, through a firewall by routes,
and through its proxy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span
from policies.azure_semantics.routes import APPLIANCE, route_to
from policies.reachability.bastion import RDP, SSH, Bastions
from policies.reachability.control_sets import ALWAYS, NEVER, Control, ControlKind, ControlSets, all_of, any_of, step
from policies.reachability.data_stores import DataStore, DataStores, PrivateEndpoint
from policies.reachability.egress import Egress, bypasses_firewall, nsg_control
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.nsg import Nsg
from policies.reachability.topology import Firewall, NetworkLocation, Subnet, Topology

HTTPS = 443
PUBLIC_ADDRESS = IPv4Network("8.8.8.8/32")


@dataclass(frozen=True)
class Destination:
    """A destination in a subnet."""

    subnet: Subnet
    at: IPv4Network | None = None
    """Its address; None: any address of the subnet."""
    host: str = ""
    """Its domain name."""
    ports: tuple[int, ...] = (HTTPS,)
    """Empty: any port, because a person on that computer can open one."""
    endpoint: bool = True
    """True for a private endpoint: the NSG of its subnet applies only if the subnet's network policies say so."""
    nsgs: tuple[Nsg, ...] = ()
    """The NSGs of its network interface."""

    @property
    def prefix(self) -> IPv4Network:
        """The addresses that it may have."""
        return self.at or self.subnet.prefix


class NetworkReachability:
    """Every network path of an estate, each evaluated once."""

    def __init__(self, topology: Topology, stores: DataStores) -> None:
        self.topology, self.stores, self.registry = topology, stores, topology.registry
        self.egress, self.bastions = Egress(topology), Bastions(topology)
        self._evaluators = tuple(FirewallEvaluator(firewall, topology) for firewall in topology.firewalls)
        self._cache: dict[object, ControlSets] = {}

    def to_store(self, location: NetworkLocation, store: DataStore) -> ControlSets:
        """Return the controls on reaching a store: over the public network, over one of its private endpoints, or over
        one that is added."""
        key = (location, store.id)
        if key not in self._cache:
            self._cache[key] = self._to_store(location, store)
        return self._cache[key]

    def _to_store(self, location: NetworkLocation, store: DataStore) -> ControlSets:
        public = all_of(self.to_internet(location), store.public, step(f"reach {store.label} over the public network"))
        if location.subnet is None:
            return any_of(public, *(self._from_outside(endpoint, store) for endpoint in store.endpoints))
        control_sets = (self._to_endpoint(location, endpoint, store.host) for endpoint in store.endpoints)
        known = all_of(any_of(*control_sets), step(f"reach the private endpoint of {store.label}"))
        return any_of(public, known, self._to_added_endpoint(location, store.label, store.group))

    def _to_endpoint(self, location: NetworkLocation, endpoint: PrivateEndpoint, host: str) -> ControlSets:
        return any_of(*(self.to(location, Destination(endpoint.subnet, at, host)) for at in endpoint.at))

    def _to_added_endpoint(self, location: NetworkLocation, what: str, group: str) -> ControlSets:
        """Return the controls on reaching a resource over a private endpoint that is added at a free address in any
        network. `group`: the resource group of the resource, because Azure Policy may deny endpoints to other
        groups."""
        key = ("added", location, group)
        if key not in self._cache:
            found = (self._to_endpoint_added_in(location, subnet, group) for subnet in self.topology.endpoint_subnets())
            self._cache[key] = any_of(*found)
        return all_of(self._cache[key], step(f"reach {what} by it"))

    def _to_endpoint_added_in(self, location: NetworkLocation, subnet: Subnet, group: str) -> ControlSets:
        key = ("added in", location, subnet)
        if key not in self._cache:
            self._cache[key] = any_of(
                *(self.to(location, Destination(subnet, at)) for at in self.topology.free_addresses(subnet))
            )
        name = ids.name(subnet.network)
        none = f"{name} has no private endpoint to an external resource"
        refused = (
            ALWAYS
            if group == ids.resource_group(subnet.network)
            else self.topology.guardrails.of("endpoints-stay", subnet.network)
        )
        return all_of(
            self._control(ControlKind.ENDPOINT, subnet.network, "endpoint", none),
            refused,
            self._cache[key],
            step(f"a private endpoint is added in {name}"),
        )

    def _from_outside(self, endpoint: PrivateEndpoint, store: DataStore) -> ControlSets:
        """Return the controls on reaching a private endpoint from the Internet: by a firewall's DNAT, through Bastion's
        tunnel, or from a peered external network."""
        description = step(f"reach the private endpoint of {store.label}")
        targets = [Destination(endpoint.subnet, at) for at in endpoint.at]
        return all_of(
            any_of(
                *(self._by_dnat(evaluator, destination) for evaluator in self._evaluators for destination in targets),
                *(self._by_bastion_tunnel(destination) for destination in targets),
                *(
                    all_of(self._over_external_peering(endpoint.subnet), self._past_inbound_nsgs(destination, None))
                    for destination in targets
                ),
            ),
            description,
        )

    def _by_dnat(self, evaluator: FirewallEvaluator, destination: Destination) -> ControlSets:
        firewall, name = evaluator.firewall, ids.name(evaluator.firewall.id)
        none = self._control(ControlKind.ADDRESS, firewall.id, "address", f"{name} has no public address")
        inside = all_of(
            self._peered(firewall.network, destination.subnet.network),
            self._past_inbound_nsgs(destination, firewall.prefix),
        )
        return all_of(ALWAYS if firewall.public else none, evaluator.dnat_controls(), inside)

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
            self._control(ControlKind.PEERING, subnet.network, "stranger", description),
            step(f"{name} is peered with an external network"),
        )

    def to_internet(self, location: NetworkLocation) -> ControlSets:
        """Return the controls on reaching a destination on the Internet or in another tenant."""
        if location.subnet is None:
            return ALWAYS
        key = ("out", location)
        if key not in self._cache:
            subnet = location.subnet
            self._cache[key] = any_of(
                self._directly_to_internet(location, subnet),
                self._by_service_endpoint(location, subnet),
                *(self._through_firewall(location, subnet, evaluator) for evaluator in self._evaluators),
                *(
                    all_of(self._to_endpoint(location, endpoint, ""), step("over a private endpoint to another tenant"))
                    for endpoint in self._external_endpoints
                ),
                all_of(self._over_external_peering(subnet), self.egress.to_external_network(location)),
                self._to_added_endpoint(location, "another tenant's store", ""),
            )
        return self._cache[key]

    @cached_property
    def _external_endpoints(self) -> tuple[PrivateEndpoint, ...]:
        """The private endpoints of resources outside the estate."""
        known = self.topology.estate
        return tuple(
            d for d in self.stores.endpoints if any(known.get(destination) is None for destination in d.targets)
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
        none = self._control(
            ControlKind.SERVICE_ENDPOINT, subnet.id, "service", f"{subnet.label} has no service endpoint"
        )
        return all_of(
            self.egress.to_internet(location, lambda _: ALWAYS),
            ALWAYS if subnet.service_endpoints else none,
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
        if location.subnet is None:
            return NEVER
        at = Destination(location.subnet, ports=(SSH,), endpoint=False, nsgs=location.nsgs)
        by_ssh = all_of(self._from_bastion(bastion, at), ssh_controls)
        by_rdp = self._from_bastion(bastion, replace(at, ports=(RDP,)))
        others = (replace(at, ports=(port,)) for port in self._ports(NetworkLocation(bastion), at) if port != SSH)
        by_any = any_of(by_rdp, *(self._from_bastion(bastion, other) for other in others))
        return any_of(
            all_of(control_sets["clipboard"], by_rdp, step("by Bastion's clipboard")),
            all_of(control_sets["tunnel"], any_of(by_ssh, by_any), step("by Bastion's tunnel")),
            all_of(control_sets["file copy"], any_of(by_ssh, by_rdp), step("by Bastion's file copy")),
        )

    def to(self, location: NetworkLocation, destination: Destination) -> ControlSets:
        """Return the controls on reaching a destination from a location in a subnet."""
        subnet = location.subnet
        if subnet is None:
            return NEVER
        key = (location, destination)
        if key not in self._cache:
            single_ports = (
                replace(destination, ports=(p,)) for p in destination.ports or self._ports(location, destination)
            )
            self._cache[key] = any_of(*(self._to(location, subnet, one) for one in single_ports))
        return self._cache[key]

    def _to(self, location: NetworkLocation, subnet: Subnet, destination: Destination) -> ControlSets:
        direct = all_of(
            self.egress.to(location, destination.prefix, destination.ports[0]),
            self._peered(subnet.network, destination.subnet.network),
            self._past_inbound_nsgs(destination, subnet.prefix),
        )
        is_same_network = subnet.network == destination.subnet.network
        through_firewalls = (
            ()
            if is_same_network
            else (self._by_firewall(location, subnet, evaluator, destination) for evaluator in self._evaluators)
        )
        return any_of(direct, *through_firewalls)

    def _ports(self, location: NetworkLocation, destination: Destination) -> Iterator[int]:
        """Yield one port of each range of ports for which the rules on the path give the same result."""
        outbound_nsgs = [*self.egress.nsgs(location)]
        inbound_nsgs = [*([destination.subnet.nsg] if destination.subnet.nsg else []), *destination.nsgs]
        ports = {port for g in outbound_nsgs for port in g.ports_in_rules(inbound=False)}
        ports |= {port for g in inbound_nsgs for port in g.ports_in_rules(inbound=True)}
        ports |= {port for evaluator in self._evaluators for port in evaluator.ports}
        yield from sorted(port for port in ports | {1} if 0 < port < 65536)

    def _by_firewall(
        self, location: NetworkLocation, subnet: Subnet, evaluator: FirewallEvaluator, destination: Destination
    ) -> ControlSets:
        """Return the controls on a path through a firewall. The packet's source at the destination is the firewall
        (with source NAT) or the sender."""
        firewall, name, target_subnet, port = (
            evaluator.firewall,
            ids.name(evaluator.firewall.id),
            destination.subnet,
            destination.ports[0],
        )
        host = destination.host or f"{target_subnet.name}.internal"
        span = _span(destination.prefix)
        by_address = all_of(
            self.egress.to(location, destination.prefix, port),
            self._routed(subnet, firewall, destination.prefix),
            evaluator.by_address(subnet.prefix, span, port, host),
            step(f"through {name}"),
        )
        by_name_controls = evaluator.by_name(subnet.prefix, host)
        by_name = all_of(
            self.egress.to_application_rules(location, evaluator),
            self._routed(subnet, firewall, PUBLIC_ADDRESS),
            by_name_controls,
            step(f"through {name}, by name"),
        )
        by_proxy = all_of(self.egress.to_proxy(location, firewall), by_name_controls, step(f"by the proxy of {name}"))
        return all_of(
            self._peered(subnet.network, firewall.network),
            any_of(by_address, by_name, by_proxy),
            self._peered(firewall.network, target_subnet.network),
            any_of(
                self._past_inbound_nsgs(destination, firewall.prefix),
                self._past_inbound_nsgs(destination, subnet.prefix),
            ),
        )

    def _routed(self, subnet: Subnet, firewall: Firewall, to: IPv4Network) -> ControlSets:
        """Return the control that no route of a subnet leads to the firewall; `ALWAYS` if one does."""
        route = route_to(subnet.routes, to) if subnet.routes is not None else None
        if subnet.routes is None or (route and route.next_hop == APPLIANCE and route.address in (firewall.address, "")):
            return ALWAYS
        description = f"no route leads from {subnet.label} to it"
        return self._control(ControlKind.ROUTE, subnet.table or subnet.id, f"to {firewall.id}", description)

    def _peered(self, one: str, other: str) -> ControlSets:
        """Return the control that two networks are not peered; `ALWAYS` if they are the same or peered on both
        sides."""
        if one == other or (one, other) in self.topology.peered_pairs:
            return ALWAYS
        first, second = sorted((one, other))
        names = f"{ids.name(first)} and {ids.name(second)} are not peered"
        return self.registry.requiring(
            Control(ControlKind.PEERING, f"{first}+{second}", names, ""),
            step=f"over a new peering of {ids.name(first)} and {ids.name(second)}",
        )

    def _past_inbound_nsgs(self, destination: Destination, source: IPv4Network | None) -> ControlSets:
        """Return the controls of the NSGs at the destination. `source`: None means an external network."""
        key = ("enters", destination, source)
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
