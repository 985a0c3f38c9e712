"""Tenancies that look alike: of many that differ in names and addresses alone, two say what is to be said of all.

A tenancy's signature holds all that flows read of it, with its own names numbered in the order in which they come, its
own addresses counted from the start of its network, and everything else as it stands. Two tenancies of one signature
can be exchanged: the estate is the same afterwards. So each of them is as far from a third, and from each other, as any
other two of their kind. Two are kept, for flows between one and the next; the others' flows are told with their names.

Whatever else in the estate speaks of one tenancy in particular (a rule with its addresses, an endpoint of its store in
somebody else's network) makes it one of a kind, and so does what it says itself of another.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

from infra.guardrails import GUARDRAILS
from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span
from policies.azure_semantics.network import NETWORK, prefixes_of
from policies.model import Estate, Resource
from policies.reachability.actors import Actor, actors_of
from policies.reachability.data_stores import Stores
from policies.reachability.role_grants import Grant, Grants
from policies.reachability.topology import Places

MUTUAL = ("authorization:RoleAssignment", "network:VirtualNetworkPeering")
KEPT = 2
"""As many of each kind are looked at: flows lead from one to another."""
SHOWN_ONLY = {"urn", "called", "text", "path", "says", "stack", "stacks", "group", "grants", "host"}
"""Fields that no decision rests on, or that are told apart below."""
NAMED = {"Rule", "Store", "Control", "Grant"}
"""Of these the name is for people alone."""
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Kin:
    """One tenancy, and its own names in the order in which its signature comes to them."""

    stack: str
    groups: frozenset[str]
    """Its own resource groups."""
    spaces: tuple[IPv4Network, ...]
    """Its own networks' addresses."""
    principals: frozenset[str]
    """Whoever was granted something here and nowhere else."""
    names: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """The subnets and security groups whose content its signature has."""
    strangers: set[str] = field(default_factory=set)
    """The resource groups, and the stacks, of others that it speaks of."""

    def number(self, name: str) -> tuple[str, int]:
        """One of its own names."""
        return ("own", self.names.setdefault(name, len(self.names)))

    def seen(self, value: Any) -> Any:
        """A value as its signature has it."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, IPv4Network):
            return self._range(value)
        if is_dataclass(value) and not isinstance(value, type):
            return self._object(value)
        if isinstance(value, tuple | list | frozenset):
            return tuple(self.seen(one) for one in (sorted(value, key=str) if isinstance(value, frozenset) else value))
        return repr(value)

    def _object(self, value: Any) -> Any:
        kind = type(value).__name__
        if kind == "Way":  # told by its controls, since bits differ
            return kind
        if kind in ("Spot", "Guard"):  # told once
            if value.id in self.told:
                return self.seen(value.id)
            self.told.add(value.id)
        skipped = SHOWN_ONLY | ({"name"} if kind in NAMED else set())
        return (kind, *(self.seen(getattr(value, f.name)) for f in fields(value) if f.name not in skipped))

    def _text(self, text: str) -> Any:
        if text in self.principals:
            return self.number(text)
        if text.startswith("urn:pulumi:"):
            stack, _, rest = text.removeprefix("urn:pulumi:").partition("::")
            self.strangers |= {stack} - {self.stack}
            return ("urn", rest) if stack == self.stack else text
        return self._id(text) if text.startswith("/") else text

    def _id(self, text: str) -> Any:
        """An ARM id: of its own, each name by its number."""
        text, _, what = text.partition("#")
        group = ids.resource_group(text)
        if group not in self.groups:
            self.strangers |= {group} if group else set()
            return (text, what)
        parts = enumerate(text.split("/"))
        return (*(self.number(part) if n % 2 == 0 and n > 2 else part for n, part in parts), what)

    def _range(self, range_: IPv4Network) -> Any:
        for place, space in enumerate(self.spaces):
            if range_.subnet_of(space):
                return (place, int(range_.network_address) - int(space.network_address), range_.prefixlen)
        return str(range_)


@dataclass(frozen=True, slots=True)
class Said:
    """A range that a rule or a route names."""

    range: IPv4Network
    first: int
    last: int
    by: str
    """The stack that says it; empty for a firewall, which speaks for all."""
    where: str
    """Which rule, and which end of it."""


@dataclass(frozen=True)
class Twin:
    """A tenancy that was left out, and the one that speaks for it."""

    stack: str
    of: str
    words: Mapping[str, str]
    """What the other is called, and what this one is called instead."""

    def told(self, text: str) -> str:
        """A text about the other, about this one."""
        return self._pattern.sub(lambda found: self.words[found.group()], text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted(self.words, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest)))


def alike(estate: Estate, tenancies: Sequence[str]) -> tuple[Twin, ...]:
    """The tenancies that others speak for."""
    return tuple(_Kinship(estate, tenancies).twins()) if len(tenancies) > KEPT else ()


class _Kinship:
    """Which tenancies of an estate look alike."""

    def __init__(self, estate: Estate, tenancies: Sequence[str]) -> None:
        self.estate, self.tenancies, self._tenancies = estate, tenancies, frozenset(tenancies)
        self.places = Places(estate, [])
        self.grants = Grants(estate)
        self.stores = Stores(self.places, self.grants)
        self._owners = _owners(estate, tenancies)

    def twins(self) -> Iterator[Twin]:
        """Tenancies of whose signature two were seen before."""
        kin = {stack: self._kin(stack) for stack in self.tenancies}
        signatures = {stack: repr(self._signature(one)) for stack, one in kin.items()}
        alone = self._spoken_of(kin)
        seen: dict[str, list[str]] = {}
        for stack, signature in signatures.items():
            others = seen.setdefault(signature, [])
            if stack not in alone and len(others) >= KEPT:
                yield Twin(stack, others[0], _words(kin[others[0]], kin[stack]))
            elif stack not in alone:
                others.append(stack)

    def _kin(self, stack: str) -> Kin:
        nets = self._of(NETWORK, stack)
        spaces = [n for net in nets for n in prefixes_of(net) if isinstance(n, IPv4Network)]
        groups = frozenset(group for group, owner in self._owners.items() if owner == stack)
        return Kin(stack, groups, tuple(spaces), frozenset(self._principals.get(stack, ())))

    @cached_property
    def _by_stack(self) -> Mapping[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.estate.resources:
            found.setdefault((resource.type, resource.stack), []).append(resource)
        return found

    def _of(self, type_: str, stack: str) -> list[Resource]:
        return self._by_stack.get((type_, stack), [])

    @cached_property
    def _principals(self) -> Mapping[str, list[str]]:
        """By tenancy, those who were granted nothing but what lies in it."""
        found: dict[str, list[str]] = {}
        for principal, held in self.grants.principals().items():
            parties = {self._party(grant) for grant in held} & set(self.tenancies)
            if len(parties) == 1 and GUID.fullmatch(principal):
                found.setdefault(parties.pop(), []).append(principal)
        return found

    def _party(self, grant: Grant) -> str:
        """The tenancy in which something was granted, or else the stack that grants it."""
        return self._owners.get(ids.resource_group(grant.scope), grant.stack)

    def _signature(self, kin: Kin) -> Any:
        stores = self._mine(self.stores.stores.values(), kin)
        return (
            [kin.seen(spot) for spot in self._spots.get(kin.stack, ())],
            [kin.seen(self.places.free(spot)) for spot in self._spots.get(kin.stack, ())],
            kin.seen(self._neighbours(kin)),
            [(kin.seen(store), self._named(store.host), self._controls(kin, store)) for store in stores],
            [(kin.seen((c.id, c.name)), self._masks(kin, c.anonymous)) for c in self._containers.get(kin.stack, ())],
            [kin.seen((door.spot, door.targets, door.at)) for door in self._doors.get(kin.stack, ())],
            [self._actor(kin, actor) for actor in self._actors.get(kin.stack, ())],
            self._people(kin),
            [(noun, bool(self.places.rails.of(noun, g)[0].mask)) for g in sorted(kin.groups) for noun in GUARDRAILS],
            [kin.seen(ids.plain(r.id)) for r in self._of("resources:ResourceGroup", kin.stack)],
            self._about(kin),
            self._told_of(kin),
        )

    def _mine(self, stores: Iterable[Any], kin: Kin) -> list[Any]:
        return [one for one in stores if one.stack == kin.stack]

    @cached_property
    def _spots(self) -> Mapping[str, list[Any]]:
        return _grouped((spot.stack, spot) for spot in self.places.spots.values())

    @cached_property
    def _containers(self) -> Mapping[str, list[Any]]:
        return _grouped((c.store.stack, c) for c in self.stores.containers.values())

    @cached_property
    def _doors(self) -> Mapping[str, list[Any]]:
        return _grouped((self._owners.get(ids.resource_group(d.spot.id), ""), d) for d in self.stores.doors)

    @cached_property
    def _actors(self) -> Mapping[str, list[Actor]]:
        every = actors_of(self.places, self.grants)
        return _grouped((stack, a) for a in every if not a.is_people for stack in a.stacks)

    def _neighbours(self, kin: Kin) -> frozenset[str]:
        own = {spot.network for spot in self._spots.get(kin.stack, ())}
        strange = {f"stranger of {n}" for n in own & self.places.strangers}
        return frozenset(b for a in own for b in self._peers.get(a, ())) | strange

    @cached_property
    def _peers(self) -> Mapping[str, list[str]]:
        return _grouped(iter(self.places.peered))

    def _controls(self, kin: Kin, store: Any) -> Any:
        return [self._masks(kin, ways) for ways in (store.public, store.keys, store.encryption)]

    def _masks(self, kin: Kin, ways: Any) -> Any:
        return [sorted(repr(kin.seen((c.layer, c.id))) for c in self.places.ledger.controls(way.mask)) for way in ways]

    def _named(self, host: str) -> list[str]:
        """The names of firewalls' rules that are this store's."""
        return [name for name in self._names if fnmatchcase(host, name)]

    @cached_property
    def _names(self) -> list[str]:
        return sorted({name for wall in self.places.walls for rule in wall.rules or () for name in rule.names})

    def _actor(self, kin: Kin, actor: Actor) -> Any:
        behind = tuple(dict.fromkeys(grant.principal for grant in actor.grants))
        said = (actor.key, actor.standings, actor.is_computer, behind)
        return (kin.seen(said), self._masks(kin, actor.shell), self._held(kin, actor.grants))

    def _people(self, kin: Kin) -> list[Any]:
        """Whoever was granted something in it, with all that they were granted but in other tenancies: what somebody
        may do there is in those tenancies' signatures."""
        found = self._holders.get(kin.stack, [])
        return [(kin.seen(p), self._held(kin, self.grants.principals()[p])) for p in found]

    @cached_property
    def _holders(self) -> Mapping[str, list[str]]:
        pairs = ((self._party(grant), grant.principal) for grant in self.grants.all)
        return {stack: list(dict.fromkeys(found)) for stack, found in _grouped(pairs).items()}

    def _held(self, kin: Kin, grants: Iterable[Grant]) -> Any:
        ours = (g for g in grants if self._party(g) == kin.stack or self._party(g) not in self._tenancies)
        return sorted(repr((kin.seen((g.principal, g.scope)), g.rights.value, g.is_service)) for g in ours)

    def _about(self, kin: Kin) -> list[str]:
        """The ranges that rules anywhere name, and that hold all of a network's addresses and more."""
        above = (s.supernet(new_prefix=length) for s in kin.spaces for length in range(s.prefixlen))
        return [str(range_) for range_ in above if range_ in self._ranges]

    @cached_property
    def _ranges(self) -> Collection[IPv4Network]:
        return {said.range for said in self._said}

    def _spoken_of(self, kin: Mapping[str, Kin]) -> set[str]:
        """The tenancies that somebody else speaks of, and those whose addresses are another's too."""
        spaces = sorted((int(s.network_address), int(s.broadcast_address), one.stack)
                        for one in kin.values() for s in one.spaces)  # fmt: skip
        found = {stack for a, b in pairwise(spaces) if a[1] >= b[0] for stack in (a[2], b[2])}
        starts = [low for low, _, _ in spaces]
        for said in self._said:
            place = bisect_right(starts, said.first) - 1
            if said.by in self._tenancies and place >= 0 and said.last <= spaces[place][1]:
                found |= {spaces[place][2]} - {said.by}
        spoken = {name for one in kin.values() for name in one.strangers} | self._elsewhere
        return found | {self._owners.get(name, name) for name in spoken} & self._tenancies

    @cached_property
    def _said(self) -> list[Said]:
        """Every range that a rule or a route names, in the order of their addresses."""
        found: list[Said] = []
        for group in self.estate.of("network:NetworkSecurityGroup"):
            rules = (self.places.guard(group.id).rules if group.id else None) or ()
            found += _said_in(rules, group.stack, ids.plain(group.id))
        for wall in self.places.walls:
            found += _said_in(wall.rules or (), "", wall.id)
        for spot in self.places.spots.values():
            for route in spot.routes or ():
                hop = [Span("", (IPv4Network(route.address),))] if route.address else []
                found += [_said_by(n, spot.stack, spot.id) for n in _ranges([route.destination, *hop])]
        return sorted(found, key=lambda said: (said.first, said.last, said.where))

    def _told_of(self, kin: Kin) -> list[Any]:
        """What the rules of others than tenancies say of its own addresses: each by its place, and the same of another
        tenancy's if the two are alike."""
        starts = self._starts
        found = []
        for space in kin.spaces:
            low, high = int(space.network_address), int(space.broadcast_address)
            near = self._said[bisect_left(starts, low) : bisect_right(starts, high)]
            inside = (said for said in near if said.last <= high and said.by not in self._tenancies)
            found += [(said.where, said.first - low, said.last - low) for said in inside]
        return sorted(found)

    @cached_property
    def _starts(self) -> list[int]:
        return [said.first for said in self._said]

    @cached_property
    def _elsewhere(self) -> set[str]:
        """The resource groups that the stacks of others speak of: but for grants and peerings, which both sides have in
        their signatures."""
        others = (r for r in self.estate.resources if r.stack not in self._tenancies and r.type not in MUTUAL)
        return {ids.resource_group(text) for r in others for text in _texts(r.inputs) if text.startswith("/subs")}


def _said_in(rules: Iterable[Any], by: str, where: str) -> Iterator[Said]:
    for place, rule in enumerate(rules):
        for end, spans in (("from", rule.sources), ("to", rule.destinations)):
            yield from (_said_by(n, by, f"{where}#{place} {end}") for n in _ranges(spans))


def _said_by(range_: IPv4Network, by: str, where: str) -> Said:
    return Said(range_, int(range_.network_address), int(range_.broadcast_address), by, where)


def _ranges(spans: Iterable[Span]) -> set[IPv4Network]:
    return {n for span in spans for n in span.networks if isinstance(n, IPv4Network)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _owners(estate: Estate, tenancies: Collection[str]) -> Mapping[str, str]:
    """Whose each resource group is, of those that hold resources of one tenancy alone."""
    found: dict[str, set[str]] = {}
    for resource in estate.resources:
        group = ids.resource_group(resource.id)
        if group:
            found.setdefault(group, set()).add(resource.stack)
    return {group: next(iter(s)) for group, s in found.items() if len(s) == 1 and next(iter(s)) in tenancies}


def _words(one: Kin, other: Kin) -> dict[str, str]:
    """What the first is called, and the second instead."""
    pairs = dict(zip(one.names, other.names, strict=True)) | {one.stack: other.stack}
    short = {name[:8]: pairs[name][:8] for name in one.principals if name in pairs}
    return {name: to for name, to in (pairs | short).items() if name != to}
