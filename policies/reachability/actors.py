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
from policies.model import Resource, Unknown
from policies.reachability.bastion import Screens
from policies.reachability.control_sets import OPEN, Control, Layer, Ways
from policies.reachability.role_grants import ANYBODY, COMPUTER, IDENTITY, Grant, Grants, allowed
from policies.reachability.roles import Right
from policies.reachability.topology import OUTSIDE, Places, Standing

DATA = Right.READ | Right.WRITE | Right.SECRETS | Right.KEYS | Right.CONTROL


@dataclass(frozen=True, eq=False)
class Actor:
    """Somebody, or something, that can carry data."""

    key: str
    called: str
    stacks: frozenset[str]
    """Whose party they are: where they were granted anything, or where they stand."""
    standings: tuple[Standing, ...]
    grants: tuple[Grant, ...]
    is_computer: bool = False
    is_people: bool = False
    group: str = ""
    """The resource group that an identity belongs to."""
    shell: Ways = OPEN
    """Of a computer: what must fail before SSH to it is more than a terminal."""
    _rights: dict[str, Right] = field(default_factory=dict)

    @cached_property
    def controls(self) -> tuple[str, ...]:
        """The scopes in which they may change settings or rights."""
        return tuple(g.scope for g in self.grants if g.rights & Right.CONTROL)

    def may(self, id_: str) -> Right:
        """What they may do with the thing of that lower-case id."""
        if id_ not in self._rights:
            self._rights[id_] = allowed(self.grants, id_)
        return self._rights[id_]

    @cached_property
    def ungranted(self) -> Control:
        """That they were granted no more than they were. One grant too many may stand high up and open many things, so
        it is one control however many things it keeps from them."""
        return Control(Layer.GRANT, self.key, f"no role lets {self.called} do it", "")


def actors_of(places: Places, grants: Grants) -> tuple[Actor, ...]:
    """Everybody in an estate who could carry data."""
    screens = Screens(places)
    computers = [_computer(r, places, grants, screens) for r in places.estate.of(COMPUTER)]
    attached = {p for r in places.estate.of(COMPUTER) for p in _identities(r, places)}
    loose = (r for r in places.estate.of(IDENTITY) if r.urn not in attached)
    return (*computers, *(a for r in loose if (a := _identity(r, places, grants))), *_people(places, grants))


def _computer(computer: Resource, places: Places, grants: Grants, screens: Screens) -> Actor:
    id_ = ids.plain(computer.id)
    held = grants.of([computer.urn, *_identities(computer, places), *grants.signing_in(id_)])
    return Actor(
        computer.urn,
        f"the computer {computer.stack}/{computer.name}",
        frozenset([computer.stack]),
        places.standings_of(computer),
        held,
        is_computer=True,
        shell=places.told(computer.urn, OPEN, screens.shell, computer),
        group=ids.resource_group(computer.id),
    )


def _identities(computer: Resource, places: Places) -> list[str]:
    """The URNs of the identities that a computer has."""
    named = places.told(computer.urn, [""], _named, computer)
    return [r.urn for id_ in named if (r := places.estate.get(id_))]


def _named(computer: Resource) -> list[str]:
    found = computer.at("identity.userAssignedIdentities")
    return (
        list(found) if isinstance(found, dict) else texts(computer, "identity.userAssignedIdentities") if found else []
    )


def _identity(identity: Resource, places: Places, grants: Grants) -> Actor | None:
    """An identity that no computer has works from its own room's network, wherever a computer could stand there. One
    without a right to data is a service's own, such as the one that a store reads its key with."""
    held = grants.of([identity.urn])
    if not any(g.rights & DATA for g in held):
        return None
    group = ids.resource_group(identity.id)
    homes = [s for s in places.spots.values() if ids.resource_group(s.network) == group]
    roomy = [s for s in homes if s in list(places.within(s.network))]
    taken = {_subnet(r) for r in places.estate.of("network:PrivateEndpoint")}
    free = [s for s in roomy if s.id not in taken] or roomy
    standings = tuple(Standing(spot) for spot in free) or (OUTSIDE,)
    return Actor(
        identity.urn,
        f"the identity {identity.stack}/{identity.name}",
        frozenset([identity.stack]),
        standings,
        held,
        group=group,
    )


def _subnet(endpoint: Resource) -> str:
    try:
        return ids.plain(endpoint.at("subnet.id"))
    except Unknown:
        return ""


def _people(places: Places, grants: Grants) -> Iterator[Actor]:
    """Everybody else who was granted something: groups, and applications of which nothing is known."""
    made = {r.urn for r in places.estate.of(IDENTITY, COMPUTER)}
    homes = {ids.plain(r.id): r.stack for r in places.estate.resources if r.id}
    for principal, held in grants.principals().items():
        if principal in made or principal == ANYBODY:
            continue
        stacks = frozenset(_stacks(held, homes))
        known = min(held, key=lambda g: (len(g.name), g.name))
        kind = "the application" if known.is_service else "the group"
        called = f"{kind} {principal[:8]} ({known.name} in {known.stack})"
        yield Actor(principal, called, stacks, (OUTSIDE,), grants.of([principal]), is_people=True)


def _stacks(held: Iterable[Grant], homes: dict[str, str]) -> Iterator[str]:
    """The stacks of what they were granted; a grant in a higher scope says nothing of whose party they are."""
    return (homes.get(grant.scope, grant.stack) for grant in held)
