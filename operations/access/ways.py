"""The network ways by which a holder of a right reaches a store, vault or computer, from the flow analysis.

A way is open if no control would have to fail first (`policies/reachability`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from policies.azure_semantics import ids
from policies.azure_semantics.assigned_identities import ASSIGNED
from policies.model import PolicyContext, Resource, Unknown
from policies.reachability.actors import Actor, actors_of
from policies.reachability.control_sets import ControlSets
from policies.reachability.data_stores import DataContainer, DataStores
from policies.reachability.graph import FlowGraph
from policies.reachability.network_reachability import NetworkReachability
from policies.reachability.role_grants import IDENTITY, RoleGrants
from policies.reachability.topology import NetworkLocation, Topology


class Ways:
    """The open ways of an estate."""

    def __init__(self, context: PolicyContext, graph: FlowGraph | None = None) -> None:
        """`graph`: a flow graph with the same networks, stores and computers, whose results are used."""
        self.context, self.grants = context, RoleGrants(context)
        self.topology = graph.stores.topology if graph else Topology(context, [])
        self.stores = graph.stores if graph else DataStores(self.topology, self.grants)
        self._reachability = graph.reachability if graph else NetworkReachability(self.topology, self.stores)
        self._limit = graph.limit if graph else 0  # the graph's own searches have asked with its limit

    @property
    def unknowns(self) -> list[str]:
        """The properties that could not be read, which count as open."""
        return self.topology.unknowns

    @cached_property
    def _actors(self) -> Mapping[str, Actor]:
        return {actor.key: actor for actor in actors_of(self.topology, self.grants, self.stores)}

    @cached_property
    def computers(self) -> Sequence[Actor]:
        """The virtual machines of the estate."""
        return [actor for actor in self._actors.values() if actor.is_computer]

    @cached_property
    def _by_identity(self) -> Mapping[str, list[Actor]]:
        """The computers of each identity, by the identity's URN; of its own identity, by the computer's."""
        found: dict[str, list[Actor]] = {}
        for computer in self.computers:
            for urn in self.identities_of(computer):
                found.setdefault(urn, []).append(computer)
        return found

    def identities_of(self, computer: Actor) -> list[str]:
        """Return the URNs of a computer's managed identities, with its own for the one that Azure makes for it."""
        resource = self.context.get_urn(computer.key)
        named = _ids_at(resource, ASSIGNED) if resource else []
        identities = (self.context.get(id_) for id_ in named)
        return [computer.key, *(one.urn for one in identities if one and one.type == IDENTITY)]

    def of(self, holder: str, store: str) -> tuple[str, ...]:
        """Return the ways of a holder to a store or vault with a lower-case id, in words; none if it has no way."""
        return tuple(dict.fromkeys(words for location, words in self._places(holder) if self._is_open(location, store)))

    def from_computer(self, computer: Actor, store: str) -> bool:
        """True if a request from a computer reaches a store or vault."""
        return any(self._is_open(location, store) for location in computer.locations)

    def _places(self, holder: str) -> Iterator[tuple[NetworkLocation, str]]:
        """Yield the places from which a holder sends requests."""
        for computer in self._by_identity.get(holder, ()):
            yield from ((location, f"from {computer.label}") for location in computer.locations)
        actor = self._actors.get(holder)
        if actor and not actor.is_computer:
            yield from ((location, _words(location)) for location in actor.locations)

    def _is_open(self, location: NetworkLocation, store: str) -> bool:
        found = self.stores.stores.get(store)
        return found is not None and _holds(self._reachability.to_store(location, found, self._limit))

    def anonymous(self) -> Iterator[DataContainer]:
        """Yield the containers that can be read without a sign-in."""
        for container in self.stores.containers.values():
            public = container.store.public
            if not container.store.is_vault and _holds(container.anonymous):
                addresses = ((), public.admitted) if public.admitted else ((),)
                if any(_holds(public.controls(admitted)) for admitted in addresses):
                    yield container

    def bastions_to(self, computer: Actor) -> list[str]:
        """Return the ids of the Bastion hosts from which a session on a computer can be opened."""
        return self._reachability.bastions_to(computer.locations)

    def seen_for_sign_in(self, computer: Actor, bastion: str) -> list[tuple[str, str]]:
        """Return the operations that a sign-in through a Bastion needs beside the login: each with the id that it is
        on (docs/azure-facts.md#sign-in-through-bastion)."""
        resource = self.context.get_urn(computer.key)
        interfaces = _interface_ids(resource) if resource else []
        networks = {location.subnet.network for location in computer.locations if location.subnet}
        seen = [("Microsoft.Network/bastionHosts/read", bastion), (f"{_MACHINE}/read", computer.id)]
        seen += [("Microsoft.Network/networkInterfaces/read", id_) for id_ in interfaces]
        own = self._reachability.network_of_bastion(bastion)
        return seen + [("Microsoft.Network/virtualNetworks/read", id_) for id_ in sorted(networks) if id_ != own]


_MACHINE = "Microsoft.Compute/virtualMachines"


def _holds(control_sets: ControlSets) -> bool:
    """True if a way is open: for one of the sets, no control has to fail."""
    return any(not one.mask for one in control_sets)


def _words(location: NetworkLocation) -> str:
    if location.subnet is None:
        if location.connected:
            return "from a private endpoint of its own"
        ranges = ", ".join(map(str, location.addresses))
        return f"from {ranges}" if ranges else "from the Internet"
    if location.subnet.is_remote:
        return f"from the site {location.subnet.prefix}"
    return f"from the subnet {location.subnet.label}"


def _ids_at(resource: Resource, path: str) -> list[str]:
    try:
        found = resource.at(path)
    except Unknown:
        return []
    return [one for one in found or () if isinstance(one, str)]


def _interface_ids(computer: Resource) -> list[str]:
    try:
        found = computer.each("networkProfile.networkInterfaces[*].id")
    except Unknown:
        return []
    return [ids.plain(one) for one in found]
