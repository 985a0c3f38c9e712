"""Actors: whoever can carry data, and where they stand when they do.

People stand on the Internet, each group at its own desks elsewhere; what they do on a computer of the estate, the
computer does: it may use the rights of everybody who can sign in to it, and of every identity that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from policies.azure_semantics import ids
from policies.azure_semantics.properties import texts
from policies.azure_semantics.roles import Right
from policies.model import Resource, Unknown
from policies.reachability.bastion import Bastions
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets
from policies.reachability.role_grants import COMPUTER, IDENTITY, UNKNOWN_PRINCIPAL, RoleGrant, RoleGrants, rights_on
from policies.reachability.topology import INTERNET_LOCATION, NetworkLocation, Topology

DATA = Right.READ | Right.WRITE | Right.SECRETS | Right.KEYS | Right.CONTROL


@dataclass(frozen=True, eq=False)
class Actor:
    """Somebody, or something, that can carry data."""

    key: str
    label: str
    stacks: frozenset[str]
    """Whose party they are: where they were granted anything, or where they stand."""
    locations: tuple[NetworkLocation, ...]
    grants: tuple[RoleGrant, ...]
    is_computer: bool = False
    is_people: bool = False
    group: str = ""
    """The resource group that an identity belongs to."""
    shell: ControlSets = ALWAYS
    """Of a computer: what must fail before SSH to it is more than a terminal."""
    _rights: dict[str, Right] = field(default_factory=dict)

    @cached_property
    def controls(self) -> tuple[str, ...]:
        """The scopes in which they may change settings or rights."""
        return tuple(g.scope for g in self.grants if g.rights & Right.CONTROL)

    def may(self, id_: str) -> Right:
        """What they may do with the thing of that lower-case id."""
        if id_ not in self._rights:
            self._rights[id_] = rights_on(self.grants, id_)
        return self._rights[id_]

    @cached_property
    def ungranted(self) -> Control:
        """That they were granted no more than they were. One grant too many may stand high up and open many things, so
        it is one control however many things it keeps from them."""
        return Control(ControlKind.GRANT, self.key, f"no role lets {self.label} do it", "")


def actors_of(topology: Topology, grants: RoleGrants) -> tuple[Actor, ...]:
    """Everybody in an estate who could carry data."""
    bastions = Bastions(topology)
    computers = [_computer(r, topology, grants, bastions) for r in topology.estate.of(COMPUTER)]
    attached = {p for r in topology.estate.of(COMPUTER) for p in _identities(r, topology)}
    loose = (r for r in topology.estate.of(IDENTITY) if r.urn not in attached)
    return (*computers, *(a for r in loose if (a := _identity(r, topology, grants))), *_people(topology, grants))


def _computer(computer: Resource, topology: Topology, grants: RoleGrants, bastions: Bastions) -> Actor:
    id_ = ids.plain(computer.id)
    held = grants.of([computer.urn, *_identities(computer, topology), *grants.signing_in(id_)])
    return Actor(
        computer.urn,
        f"the computer {computer.stack}/{computer.name}",
        frozenset([computer.stack]),
        topology.locations_of(computer),
        held,
        is_computer=True,
        shell=topology.read_or_open(computer.urn, ALWAYS, bastions.shell, computer),
        group=ids.resource_group(computer.id),
    )


def _identities(computer: Resource, topology: Topology) -> list[str]:
    """The URNs of the identities that a computer has."""
    named = topology.read_or_open(computer.urn, [""], _named, computer)
    return [r.urn for id_ in named if (r := topology.estate.get(id_))]


def _named(computer: Resource) -> list[str]:
    found = computer.at("identity.userAssignedIdentities")
    return (
        list(found) if isinstance(found, dict) else texts(computer, "identity.userAssignedIdentities") if found else []
    )


def _identity(identity: Resource, topology: Topology, grants: RoleGrants) -> Actor | None:
    """An identity that no computer has works from its own room's network, wherever a computer could stand there. One
    without a right to data is a service's own, such as the one that a store reads its key with."""
    held = grants.of([identity.urn])
    if not any(g.rights & DATA for g in held):
        return None
    group = ids.resource_group(identity.id)
    homes = [s for s in topology.subnets.values() if ids.resource_group(s.network) == group]
    endpoint_subnets = [s for s in homes if s in list(topology.usable_subnets(s.network))]
    taken = {_subnet(r) for r in topology.estate.of("network:PrivateEndpoint")}
    free_addresses = [s for s in endpoint_subnets if s.id not in taken] or endpoint_subnets
    locations = tuple(NetworkLocation(subnet) for subnet in free_addresses) or (INTERNET_LOCATION,)
    return Actor(
        identity.urn,
        f"the identity {identity.stack}/{identity.name}",
        frozenset([identity.stack]),
        locations,
        held,
        group=group,
    )


def _subnet(endpoint: Resource) -> str:
    try:
        return ids.plain(endpoint.at("subnet.id"))
    except Unknown:
        return ""


def _people(topology: Topology, grants: RoleGrants) -> Iterator[Actor]:
    """Everybody else who was granted something: groups, and applications of which nothing is known."""
    made = {r.urn for r in topology.estate.of(IDENTITY, COMPUTER)}
    homes = {ids.plain(r.id): r.stack for r in topology.estate.resources if r.id}
    for principal, held in grants.principals().items():
        if principal in made or principal == UNKNOWN_PRINCIPAL:
            continue
        stacks = frozenset(_stacks(held, homes))
        known = min(held, key=lambda g: (len(g.name), g.name))
        kind = "the application" if known.is_service else "the group"
        label = f"{kind} {principal[:8]} ({known.name} in {known.stack})"
        yield Actor(principal, label, stacks, (INTERNET_LOCATION,), grants.of([principal]), is_people=True)


def _stacks(held: Iterable[RoleGrant], homes: dict[str, str]) -> Iterator[str]:
    """The stacks of what they were granted; a grant in a higher scope says nothing of whose party they are."""
    return (homes.get(grant.scope, grant.stack) for grant in held)
