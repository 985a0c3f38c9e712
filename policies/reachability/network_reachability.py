"""Network reachability: the controls that must fail before a store, the Internet or a computer can be reached.

A store is reached over the public network or over a private endpoint, a computer from another one or through Bastion.
The paths between two subnets, which most of these need, are in `subnet_paths.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from policies.azure_semantics import ids
from policies.reachability.bastion import RDP, SSH, Bastions, SessionControls
from policies.reachability.control_sets import (
    ALWAYS,
    MAX_CONTROLS,
    NEVER,
    ControlKind,
    ControlSet,
    ControlSets,
    all_of,
    any_of,
    step,
)
from policies.reachability.data_stores import DataStore, DataStores, PrivateEndpoint
from policies.reachability.dns_queries import DnsQueries
from policies.reachability.egress import PUBLIC_ADDRESS, Egress, bypasses_firewall
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.subnet_paths import Destination, SubnetPaths
from policies.reachability.topology import NetworkLocation, Subnet, Topology


class NetworkReachability:
    """Reachability of the stores, the computers and the Internet in an estate, each evaluated once."""

    def __init__(self, topology: Topology, stores: DataStores) -> None:
        self.topology, self.stores, self.registry = topology, stores, topology.registry
        self._egress, self._bastions = Egress(topology), Bastions(topology)
        self._evaluators = tuple(FirewallEvaluator(firewall, topology) for firewall in topology.firewalls)
        self._paths = SubnetPaths(topology, self._egress, self._evaluators, stores.hosts)
        self._queries = DnsQueries(topology, self._egress, self._paths)
        self._cache: dict[object, ControlSets] = {}
        self._destinations: dict[object, list[Destination]] = {}
        self._computers: dict[NetworkLocation, Destination] = {}
        self._cut_off: dict[tuple[NetworkLocation, frozenset[str], int], bool] = {}
        self._networks: dict[DataStore, frozenset[str] | None] = {}
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
        admits = store.public.controls(location.addresses)
        public = all_of(self.to_internet(location, limit), admits, words, limit=limit)
        if location.subnet is None:
            outside = (self._from_outside(endpoint, store) for endpoint in store.endpoints)
            return any_of(public, self._over_own_endpoint(location, store), *outside, limit=limit)
        control_sets = (self._to_endpoint(location, endpoint, store.host, limit) for endpoint in store.endpoints)
        known = all_of(any_of(*control_sets), step(f"reach the private endpoint of {store.label}"))
        return any_of(public, known, self._to_added_endpoint(location, store.label, store.group, limit))

    def is_cut_off(self, location: NetworkLocation, store: DataStore, limit: int) -> bool:
        """True if a location in a subnet certainly cannot reach a store, by what all stores with private endpoints in
        the same networks have in common."""
        networks = self._networks_of(store)
        if location.subnet is None or networks is None:
            return False
        key = (location, networks, limit)
        if key not in self._cut_off:
            self._cut_off[key] = (
                all(self._paths.has_more_controls(location, network, limit) for network in networks)
                and not self.to_internet(location, limit)
                and not self._added_elsewhere(location, limit)
            )
        return self._cut_off[key]

    def _networks_of(self, store: DataStore) -> frozenset[str] | None:
        """Return the networks with a private endpoint of a store, and those in which its owner may add one. None if an
        endpoint has an address outside its subnet."""
        if store not in self._networks:
            own = [s.network for s in self._endpoint_subnets.get(store.group, ())]
            found = frozenset([*own, *(endpoint.subnet.network for endpoint in store.endpoints)])
            is_inside = all(a.subnet_of(e.subnet.prefix) for e in store.endpoints for a in e.addresses)
            self._networks[store] = found if is_inside else None
        return self._networks[store]

    def _over_own_endpoint(self, location: NetworkLocation, store: DataStore) -> ControlSets:
        """Return the controls on a private endpoint of the store in a network outside the estate, which the owner
        of the store must approve."""
        words = step(f"reach {store.label} over a private endpoint outside the estate")
        return words if store.id in location.connected else all_of(store.foreign, words)

    def _to_endpoint(self, location: NetworkLocation, endpoint: PrivateEndpoint, host: str, limit: int) -> ControlSets:
        return any_of(*(self._paths.to(location, at, limit) for at in self._endpoint(endpoint, host)))

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
            # The endpoints in a shared network are in its projects' resource groups, whose guardrails permit their own.
            shared = self.topology.shared_networks
            found = (
                (group, self._to_endpoint_added_in(location, subnet, limit, guarded=subnet.network not in shared))
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
        added = self._endpoint_controls(subnet.network, guarded=guarded)
        left = limit - min((control_set.size for control_set in added), default=limit)
        if self._paths.has_more_controls(location, subnet.network, left):
            return NEVER
        name = ids.name(subnet.network)
        found = (self._paths.to(location, at, left) for at in self._free(subnet))
        return all_of(added, any_of(*found), step(f"a private endpoint is added in {name}"), limit=limit)

    def _endpoint_controls(self, network: str, *, guarded: bool) -> ControlSets:
        """Return the controls on a new endpoint in a network."""
        key = ("endpoint", network, guarded)
        if key not in self._cache:
            no_endpoint = f"{ids.name(network)} has no private endpoint to an external resource"
            self._cache[key] = all_of(
                self.registry.requiring_property(ControlKind.ENDPOINT, network, "endpoint", no_endpoint),
                self.topology.guardrails.of("endpoints-stay", network) if guarded else ALWAYS,
            )
        return self._cache[key]

    def _from_outside(self, endpoint: PrivateEndpoint, store: DataStore) -> ControlSets:
        """Return the controls on reaching a private endpoint from the Internet: by a firewall's DNAT, through Bastion's
        tunnel, or from a peered external network."""
        key = ("outside", endpoint, store)
        if key not in self._cache:
            self._cache[key] = self._outside_controls(endpoint, store)
        return self._cache[key]

    def _outside_controls(self, endpoint: PrivateEndpoint, store: DataStore) -> ControlSets:
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
                    all_of(
                        self._over_external_peering(endpoint.subnet), self._paths.past_inbound_nsgs(destination, None)
                    )
                    for destination in destinations
                ),
            ),
            step(f"reach the private endpoint of {store.label}"),
        )

    def _by_dnat(self, evaluator: FirewallEvaluator, destination: Destination) -> ControlSets:
        firewall, name = evaluator.firewall, ids.name(evaluator.firewall.id)
        no_address = self.registry.requiring_property(
            ControlKind.ADDRESS, firewall.id, "address", f"{name} has no public address"
        )
        return all_of(
            ALWAYS if firewall.public else no_address,
            evaluator.dnat_controls(),
            self._paths.peered(firewall.network, destination.subnet.network),
            self._paths.past_inbound_nsgs(destination, firewall.prefix),
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
                for bastion in self._bastions.all
            )
        )

    def _from_bastion(self, subnet: Subnet, destination: Destination) -> ControlSets:
        """Return the controls on reaching a destination from Bastion's subnet."""
        return self._paths.direct(NetworkLocation(subnet), subnet, destination)

    def _over_external_peering(self, subnet: Subnet) -> ControlSets:
        """Return the controls on a path from or to an external network, whose configuration is unknown."""
        if subnet.network in self.topology.external_peers:
            return ALWAYS
        name = ids.name(subnet.network)
        description = f"{name} has no peering with an external network"
        return all_of(
            self.registry.requiring_property(ControlKind.PEERING, subnet.network, "external", description),
            self.topology.guardrails.of("networks-stay", subnet.network),
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
                *(self._through_firewall(location, subnet, evaluator, limit) for evaluator in self._evaluators),
                *(
                    all_of(
                        self._to_endpoint(location, endpoint, "", limit),
                        step("over a private endpoint to another tenant"),
                    )
                    for endpoint in self._external_endpoints
                ),
                all_of(self._over_external_peering(subnet), self._egress.to_external_network(location)),
                self._to_added_endpoint(location, "another tenant's store", "", limit),
                limit=limit,
            )
        return self._cache[key]

    def to_outsiders(self, location: NetworkLocation, limit: int = MAX_CONTROLS) -> ControlSets:
        """Return the controls on sending data to the Internet or to another tenant, in any way."""
        key = ("outsiders", location, limit)
        if key not in self._cache:
            to_internet = self.to_internet(location, limit)  # first, as a control is described by its first use
            by_dns = {found.mask: found for found in self.by_dns(location, limit)}
            # One path is reported for each set of controls, so two ways with the same controls are named together.
            connections = tuple(
                ControlSet(one.mask, (*one.steps, *(f"or {step_}" for step_ in by_dns[one.mask].steps)))
                if one.mask in by_dns
                else one
                for one in to_internet
            )
            self._cache[key] = any_of(connections, tuple(by_dns.values()), limit=limit)
        return self._cache[key]

    def by_dns(self, location: NetworkLocation, limit: int = MAX_CONTROLS) -> ControlSets:
        """Return the controls on data in the names of DNS queries."""
        return self._queries.to_outsiders(location, limit)

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
            self.registry.requiring_property(
                ControlKind.ADDRESS, subnet.id, "address", f"nothing in {subnet.label} has a public address"
            ),
            self.topology.guardrails.of("no-public-addresses", subnet.network),
        )
        return all_of(
            self._egress.to_internet(location, lambda _: ALWAYS),
            ALWAYS
            if bypasses_firewall(subnet, self.topology.firewalls)
            else self.registry.requiring_property(ControlKind.ROUTE, subnet.table, "route", routes_description),
            ALWAYS if location.public or subnet.default_outbound else no_public_address,
            step("directly to the Internet"),
        )

    def _by_service_endpoint(self, location: NetworkLocation, subnet: Subnet) -> ControlSets:
        """Return the controls on a service endpoint, which reaches the service's accounts in every tenant and ignores
        routes (learn.microsoft.com, "Virtual Network service endpoints")."""
        no_service_endpoint = all_of(
            self.registry.requiring_property(
                ControlKind.SERVICE_ENDPOINT, subnet.id, "service", f"{subnet.label} has no service endpoint"
            ),
            self.topology.guardrails.of("networks-stay", subnet.network),
        )
        return all_of(
            self._egress.to_internet(location, lambda _: ALWAYS),
            ALWAYS if subnet.service_endpoints else no_service_endpoint,
            step("to another tenant's store by a service endpoint"),
        )

    def _through_firewall(
        self, location: NetworkLocation, subnet: Subnet, evaluator: FirewallEvaluator, limit: int
    ) -> ControlSets:
        firewall, name = evaluator.firewall, ids.name(evaluator.firewall.id)
        peered = self._paths.peered(subnet.network, firewall.network)
        routed = all_of(peered, self._paths.routed(subnet, firewall, PUBLIC_ADDRESS))
        source = location.source or subnet.prefix
        by_address = self._egress.to_internet(location, lambda to: evaluator.by_address(source, to, None))
        by_name = by_proxy = NEVER
        named = evaluator.by_name(source, "")
        # The NSGs are evaluated last: the other controls of a firewall of another cell are often more than the limit.
        if all_of(routed, named, limit=limit):
            by_name = all_of(self._egress.to_application_rules(location, evaluator), named)
        if all_of(peered, named, limit=limit):
            by_proxy = all_of(
                peered,
                self._egress.to_proxy(location, firewall),
                named,
                step(f"to the Internet by the proxy of {name}"),
            )
        return any_of(all_of(routed, any_of(by_address, by_name), step(f"to the Internet through {name}")), by_proxy)

    def to_computer(
        self, location: NetworkLocation, computer: NetworkLocation, limit: int = MAX_CONTROLS
    ) -> ControlSets:
        """Return the controls on reaching any port of a computer, because a person on it can open one."""
        destination = self._computer_at(computer)
        return self._paths.to(location, destination, limit) if destination else NEVER

    def _computer_at(self, location: NetworkLocation) -> Destination | None:
        """Return the destination of any port of a computer; None where its subnet is unknown."""
        if location.subnet and location not in self._computers:
            self._computers[location] = Destination(
                location.subnet, location.address, ports=(), endpoint=False, nsgs=location.nsgs
            )
        return self._computers.get(location)

    def bastions_to(self, locations: Iterable[NetworkLocation]) -> list[str]:
        """Return the ids of the Bastion hosts that reach a computer's port for SSH or RDP, if no control fails."""
        found = [computer for location in locations if (computer := self._computer_at(location))]
        return [
            bastion.id
            for bastion in self._bastions.all
            if any(
                not control_set.mask
                for computer in found
                for port in (SSH, RDP)
                for control_set in self._from_bastion(bastion.subnet, computer.on_port(port))
            )
        ]

    def network_of_bastion(self, bastion: str) -> str:
        """Return the id of the network that a Bastion host is in; empty if there is no such host."""
        return next((one.subnet.network for one in self._bastions.all if one.id == bastion), "")

    def over_bastion(self, locations: Iterable[NetworkLocation], sessions: SessionControls) -> ControlSets:
        """Return the controls on moving data through Bastion from a computer to a person who is signed in to it.

        The picture of the screen does not count. Over SSH the clipboard can copy only what the screen shows, so only
        the clipboard over RDP counts."""
        return any_of(
            *(
                self._over_one_bastion(bastion.subnet, bastion.control_sets, location, sessions)
                for bastion in self._bastions.all
                for location in locations
                if location.subnet
            )
        )

    def _over_one_bastion(
        self,
        bastion: Subnet,
        control_sets: dict[str, ControlSets],
        location: NetworkLocation,
        sessions: SessionControls,
    ) -> ControlSets:
        computer = self._computer_at(location)
        if computer is None:
            return NEVER
        by_ssh = all_of(self._from_bastion(bastion, computer.on_port(SSH)), sessions.ssh)
        by_rdp = all_of(self._from_bastion(bastion, computer.on_port(RDP)), sessions.rdp)
        known = (SSH, RDP)
        other_ports = (port for port in self._paths.ports(NetworkLocation(bastion), computer) if port not in known)
        others = (computer.on_port(port) for port in other_ports)
        by_any_port = any_of(by_rdp, *(self._from_bastion(bastion, other) for other in others))
        return any_of(
            all_of(control_sets["clipboard"], by_rdp, step("by Bastion's clipboard")),
            all_of(control_sets["tunnel"], any_of(by_ssh, by_any_port), step("by Bastion's tunnel")),
            all_of(control_sets["file copy"], any_of(by_ssh, by_rdp), step("by Bastion's file copy")),
        )
