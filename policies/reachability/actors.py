"""Actors: the people, computers and identities that can move data, and their network locations.

People are on the Internet, at their own computers: anywhere, at the public addresses from which a store admits them on
which they have a role of their own, and in the network outside that has a private endpoint of such a store. Their
actions on a computer of the estate are actions of that computer: it has the rights of everyone who can sign in to it,
and of each of its managed identities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from formats.stack_config import PlatformConfig, is_kind
from policies.azure_semantics import ids
from policies.azure_semantics.assigned_identities import assigned_identities
from policies.azure_semantics.roles import Right
from policies.model import PolicyContext, Resource, Unknown
from policies.reachability.actor_kinds import ActorKind, kind_of
from policies.reachability.bastion import Bastions, SessionControls
from policies.reachability.control_sets import Control, ControlKind
from policies.reachability.data_stores import DataStore, DataStores
from policies.reachability.role_grants import COMPUTER, IDENTITY, UNKNOWN_PRINCIPAL, RoleGrant, RoleGrants, rights_on
from policies.reachability.sites import Sites
from policies.reachability.topology import INTERNET_LOCATION, NetworkLocation, Topology

DATA = Right.READ | Right.WRITE | Right.SECRETS | Right.KEYS | Right.CONTROL


@dataclass(frozen=True, eq=False)
class Actor:
    """A group of people, a computer or a managed identity that can move data."""

    key: str
    label: str
    stacks: frozenset[str]
    """The stack of a computer or identity; for people, the stacks of the resources that they have a role on."""
    locations: tuple[NetworkLocation, ...]
    grants: tuple[RoleGrant, ...]
    is_computer: bool = False
    is_people: bool = False
    is_of_staff: bool = False
    """True for a computer of a hub's stack: staff work on it, with the rights of their own groups."""
    id: str = ""
    """The lower-case id of a computer."""
    group: str = ""
    """The id of the resource group that an identity or computer is in."""
    session_controls: SessionControls = field(default_factory=SessionControls)
    """For a computer: the controls of its operating system on what sessions carry."""
    _rights: dict[str, Right] = field(default_factory=dict)

    @cached_property
    def controls(self) -> tuple[str, ...]:
        """The scopes in which it may change settings or rights."""
        return tuple(g.scope for g in self.grants if g.rights & Right.CONTROL)

    @cached_property
    def operations(self) -> frozenset[str]:
        """The operations of the control plane that its roles permit, on whatever scope."""
        return frozenset().union(*(g.operations for g in self.grants))

    @cached_property
    def principals(self) -> frozenset[str]:
        """The principals of its grants."""
        return frozenset(g.principal for g in self.grants)

    @cached_property
    def connected(self) -> frozenset[str]:
        """The ids of stores that have a private endpoint in one of its networks outside the estate."""
        return frozenset().union(*(location.connected for location in self.locations))

    @cached_property
    def has_addresses(self) -> bool:
        """True if it has known public addresses, which a store may admit."""
        return any(location.addresses for location in self.locations)

    @cached_property
    def far(self) -> object:
        """A key that is equal for people whose locations no store tells apart, unless it is one of `connected` or
        admits addresses."""
        return self.kind, tuple(dict.fromkeys(one if one.subnet else None for one in self.locations))

    @cached_property
    def kind(self) -> ActorKind:
        """Its kind, from its roles."""
        return kind_of(self.grants, is_people=self.is_people)

    def may(self, id_: str) -> Right:
        """Return its rights on the resource with a lower-case id."""
        if id_ not in self._rights:
            self._rights[id_] = rights_on(self.grants, id_)
        return self._rights[id_]

    @cached_property
    def ungranted(self) -> Control:
        """The control that it has no further role. It counts once for all resources that it protects, because a single
        role on a wide scope would open them all."""
        return Control(ControlKind.GRANT, self.key, f"no role lets {self.label} do it", "")


def actors_of(topology: Topology, grants: RoleGrants, stores: DataStores) -> tuple[Actor, ...]:
    """Return every actor of an estate."""
    bastions = Bastions(topology)
    computers = [_computer(r, topology, grants, bastions) for r in topology.estate.of(COMPUTER)]
    attached = {p for r in topology.estate.of(COMPUTER) for p in _identities(r, topology)}
    unattached = (r for r in topology.estate.of(IDENTITY) if r.urn not in attached)
    identities = (a for r in unattached if (a := _identity(r, topology, grants)))
    return (*computers, *identities, *_people(topology, grants, stores))


def _computer(computer: Resource, topology: Topology, grants: RoleGrants, bastions: Bastions) -> Actor:
    id_ = ids.plain(computer.id)
    _require_members(computer, topology, grants)
    held_grants = grants.of([computer.urn, *_identities(computer, topology), *grants.principals_with_sign_in(id_)])
    return Actor(
        computer.urn,
        f"the computer {computer.stack}/{computer.name}",
        frozenset([computer.stack]),
        topology.locations_of(computer),
        held_grants,
        is_computer=True,
        is_of_staff=is_kind(computer.stack, PlatformConfig),
        session_controls=topology.read_or_open(computer.urn, SessionControls(), bastions.session_controls, computer),
        id=id_,
        group=ids.resource_group(computer.id),
    )


def _require_members(computer: Resource, topology: Topology, grants: RoleGrants) -> None:
    """Record a group whose members are not known as unknown: those who sign in to a computer of a hub are staff, who
    have rights of their own."""
    if is_kind(computer.stack, PlatformConfig):
        for group in grants.assigned_sign_in(ids.plain(computer.id)):
            if group not in grants.members:
                topology.unknowns.append(f"{computer.urn}: the members of the group {group} are not known")


def _identities(computer: Resource, topology: Topology) -> list[str]:
    """Return the URNs of a computer's managed identities."""
    named = topology.read_or_open(computer.urn, (), assigned_identities, computer)
    return [r.urn for id_ in named if (r := topology.estate.get(id_))]


def _identity(identity: Resource, topology: Topology, grants: RoleGrants) -> Actor | None:
    """Return the actor for an identity that no computer of the estate has. Its location is any subnet of its resource
    group in which a computer could be. None for an identity without a right to data, such as a store's for its key."""
    held_grants = grants.of([identity.urn])
    if not any((g.rights | g.images) & DATA or g.operations for g in held_grants):
        return None
    group = ids.resource_group(identity.id)
    own = [s for s in topology.subnets.values() if ids.resource_group(s.network) == group]
    usable = [s for s in own if s in list(topology.usable_subnets(s.network))]
    with_endpoint = {_subnet_id(r) for r in topology.estate.of("network:PrivateEndpoint")}
    without_endpoint = [s for s in usable if s.id not in with_endpoint]
    locations = tuple(NetworkLocation(subnet) for subnet in without_endpoint or usable) or (INTERNET_LOCATION,)
    return Actor(
        identity.urn,
        f"the identity {identity.stack}/{identity.name}",
        frozenset([identity.stack]),
        locations,
        held_grants,
        group=group,
    )


def _subnet_id(endpoint: Resource) -> str:
    try:
        return ids.plain(endpoint.at("subnet.id"))
    except Unknown:
        return ""


def _people(topology: Topology, grants: RoleGrants, stores: DataStores) -> Iterator[Actor]:
    """Yield every other principal with a role: groups, and applications outside the estate."""
    open_stores, sites = _open_stores_by_scope(stores), Sites(topology, stores)
    listed_urns = {r.urn for r in topology.estate.of(IDENTITY, COMPUTER)}
    for principal, held_grants in grants.principals().items():
        if principal in listed_urns or principal == UNKNOWN_PRINCIPAL:
            continue
        stacks = frozenset(_stacks(held_grants, topology.estate))
        known = min(held_grants, key=lambda g: (len(g.name), g.name))
        kind = "the application" if known.is_service else "the group"
        label = f"{kind} {principal[:8]} ({known.name} in {known.stack})"
        scopes = [g.scope for g in held_grants if g.rights & DATA]
        reachable = {store for scope in scopes for store in open_stores.get(scope, ())}
        locations = (INTERNET_LOCATION, *_own_locations(reachable), *sites.of(scopes))
        yield Actor(principal, label, stacks, locations, grants.of([principal]), is_people=True)


def _own_locations(stores: Iterable[DataStore]) -> Iterator[NetworkLocation]:
    """Yield the locations from which these stores admit people."""
    addresses = {range_ for store in stores for range_ in store.public.admitted}
    connected = frozenset(store.id for store in stores if store.connected)
    if addresses:
        yield NetworkLocation(addresses=tuple(sorted(addresses)))
    if connected:
        yield NetworkLocation(connected=connected)


def _open_stores_by_scope(stores: DataStores) -> Mapping[str, list[DataStore]]:
    """Return the stores that admit people from outside, by each scope on which a role is for that store alone.

    Who has such a role is meant to come from there. Who has a role on a wider scope may be anywhere, and is outside the
    addresses of each store.
    """
    found: dict[str, list[DataStore]] = {}
    for store in stores.stores.values():
        if store.public.admitted or store.connected:
            for scope in (store.id, *(container.id for container in stores.of(store))):
                found.setdefault(scope, []).append(store)
    return found


def _stacks(held_grants: Iterable[RoleGrant], estate: PolicyContext) -> Iterator[str]:
    """Yield the stacks of the scopes of grants. A grant on a higher scope counts for the stack that makes it."""
    for grant in held_grants:
        found = estate.get(grant.scope)
        yield found.stack if found else grant.stack
