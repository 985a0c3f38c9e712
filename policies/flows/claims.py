"""The flows that must not exist, and how many controls stand before each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.addresses import ZoneName
from infra.config import JunctionZoneConfig, SafeHavenConfig, TenancyConfig, kind_of
from infra.errors import BadInput
from policies.facts import ids
from policies.flows.actors import Actor, actors_of
from policies.flows.grants import Grants
from policies.flows.graph import INTERNET, FlowGraph, Node, Path, Weakest, weakest
from policies.flows.places import Places
from policies.flows.roads import Roads
from policies.flows.roles import Right
from policies.flows.stores import Container, Stores
from policies.flows.ways import MOST
from policies.model import Estate

ENOUGH = 3
"""Fewer controls than this before a flow that must not exist are a finding."""
ASKED, RELEASED = "asked", "released"
"""The stages of an airlock: nothing passes from the first to the second but through those who check."""


class Kind(StrEnum):
    """What must not flow where."""

    PAST_STAGING = "from a zone to a tenancy, past staging"
    PAST_AIRLOCK = "from a tenancy to the Internet, past the airlock"
    BETWEEN_PROJECTS = "from one project to another"
    BETWEEN_PROVIDERS = "from a provider to another's intake"


@dataclass(frozen=True)
class Forbidden:
    """A flow that must not exist, and what stands before it."""

    kind: Kind
    source: str
    stacks: frozenset[str]
    weakest: Weakest | None
    """None: more than `MOST` controls would have to fail."""

    @property
    def depth(self) -> int:
        """How many controls would have to fail at once; `MOST` + 1 stands for more."""
        return self.weakest.depth if self.weakest else MOST + 1

    @property
    def is_finding(self) -> bool:
        """Whether too few controls stand before it."""
        return self.depth < ENOUGH

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        found = self.weakest
        ways = [_told(way) for way in found.ways] if found else []
        return {
            "flow": self.kind.name.lower().replace("_", "-"),
            "must_not": str(self.kind),
            "from": self.source,
            "stacks": sorted(self.stacks),
            "depth": self.depth if found else None,
            "more_than": None if found else MOST,
            "finding": self.is_finding,
            "layers": sorted({str(c.layer) for way in (found.ways if found else ()) for c in way.controls}),
            "ways": ways,
        }


def _told(way: Path) -> dict[str, Any]:
    controls = [{"layer": str(c.layer), "holds": c.says, "control": c.id} for c in sorted(way.controls)]
    return {"to": way.end, "controls": controls, "path": list(way.steps)}


@dataclass(frozen=True)
class Verdict:
    """Every forbidden flow of an estate, and what could not be told."""

    flows: tuple[Forbidden, ...]
    doubts: tuple[str, ...]

    @property
    def findings(self) -> tuple[Forbidden, ...]:
        """Those with too few controls before them."""
        return tuple(flow for flow in self.flows if flow.is_finding)

    @property
    def blocks(self) -> bool:
        """Whether a flow is stopped by too few controls, or something that flows might use could not be looked at."""
        return bool(self.findings or self.doubts)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        flows = [flow.to_json() for flow in self.flows]
        return {"enough": ENOUGH, "findings": len(self.findings), "flows": flows, "doubts": list(self.doubts)}


def judge(estate: Estate) -> Verdict:
    """Looks for every flow that must not exist. `BadInput` where there is nothing between which anything could flow."""
    doubts: list[str] = []
    places = Places(estate, doubts)
    grants = Grants(estate)
    stores = Stores(places, grants)
    graph = FlowGraph(stores, Roads(places, stores), actors_of(places, grants))
    if not graph.containers:
        raise BadInput("Nothing here holds data, so nothing can be said of its flows.")
    flows = tuple(_Claims(estate, graph).all())
    return Verdict(flows, tuple(dict.fromkeys(doubts)))


class _Claims:
    """The flows that must not exist in one estate, named after what its stacks and rooms are."""

    def __init__(self, estate: Estate, graph: FlowGraph) -> None:
        self.estate, self.graph = estate, graph
        stacks = dict.fromkeys(r.stack for r in estate.resources)
        self.tenancies = [s for s in stacks if _is(s, TenancyConfig)]
        self.zone_stacks = [s for s in stacks if _is(s, JunctionZoneConfig, SafeHavenConfig)]
        groups = estate.of("resources:ResourceGroup")
        self.rooms = {ids.plain(g.id): g.name for g in groups if g.stack in self.zone_stacks}

    def all(self) -> Iterator[Forbidden]:
        yield from self._past_staging()
        for tenancy in self.tenancies:
            yield self._past_airlock(tenancy)
        if len(self.tenancies) > 1:
            for tenancy in self.tenancies:
                yield self._to_others(tenancy)
        yield from self._between_providers()

    def _past_staging(self) -> Iterator[Forbidden]:
        tenancies = frozenset(self.tenancies)
        staging = [a for a in self._actors(lambda a: self.rooms.get(a.group) == ZoneName.STAGING) if not a.is_people]
        for group, zone in self.rooms.items() if tenancies else ():
            sources = [c for c in self.graph.containers if c.store.group == group]
            if sources:
                found = self._weakest(sources, lambda n: bool(_stacks(n) & tenancies), barred=staging)
                yield Forbidden(Kind.PAST_STAGING, zone, tenancies | {sources[0].store.stack}, found)

    def _past_airlock(self, tenancy: str) -> Forbidden:
        """By way of no other project: what gets to one has a claim of its own, and no fewer controls beyond it."""
        airlock = self._airlock(tenancy)

        def outside(node: Node) -> bool:
            return node == INTERNET or (isinstance(node, Actor) and node.is_people and node not in airlock)

        others = frozenset(self.tenancies) - {tenancy}
        nodes: tuple[Node, ...] = (*self.graph.actors, *self.graph.containers)
        elsewhere = [node for node in nodes if _stacks(node) & others and tenancy not in _stacks(node)]
        found = self._weakest(self._held_in(tenancy), outside, barred=[*airlock, *elsewhere])
        return Forbidden(Kind.PAST_AIRLOCK, tenancy, frozenset([tenancy]), found)

    def _to_others(self, tenancy: str) -> Forbidden:
        others = frozenset(self.tenancies) - {tenancy}

        def elsewhere(node: Node) -> bool:
            mine = isinstance(node, Actor) and tenancy in node.stacks
            return bool(_stacks(node) & others) and not mine

        found = self._weakest(self._held_in(tenancy), elsewhere, barred=self._airlock(tenancy))
        return Forbidden(Kind.BETWEEN_PROJECTS, tenancy, frozenset(self.tenancies), found)

    def _between_providers(self) -> Iterator[Forbidden]:
        """Providers are the people who were granted a container of the junction zone."""
        intakes = [c for c in self.graph.containers if _is(c.store.stack, JunctionZoneConfig)]
        owners = {c: [a for a in self.graph.actors if a.is_people and _granted(a, c.id)] for c in intakes}
        for provider in dict.fromkeys(a for found in owners.values() for a in found):
            others = [c for c, who in owners.items() if who and provider not in who]
            if others:
                yield self._between(provider, others)

    def _between(self, provider: Actor, others: Sequence[Container]) -> Forbidden:
        """Whoever was granted the whole store keeps all intakes by duty: the zone's stewards, and its mover."""
        stores = {container.store for container in others}
        keepers = self._actors(lambda a: any(a.may(s.id) & (Right.READ | Right.WRITE) for s in stores))
        brought = self._weakest([provider], lambda node: node in others, barred=keepers)
        taken = self._weakest(others, lambda node: node is provider, barred=keepers)
        stacks = frozenset(store.stack for store in stores)
        return Forbidden(Kind.BETWEEN_PROVIDERS, provider.called, stacks, _least(brought, taken))

    def _weakest(
        self, sources: Sequence[Node], is_sink: Callable[[Node], bool], barred: Iterable[Node] = ()
    ) -> Weakest | None:
        """The Internet is where a flow ends, never where it passes: whatever gets there has a claim of its own."""
        closed = {*barred}
        return weakest(self.graph, sources, is_sink, lambda node: node not in closed and node != INTERNET)

    def _actors(self, wanted: Callable[[Actor], bool]) -> list[Actor]:
        return [actor for actor in self.graph.actors if wanted(actor)]

    def _held_in(self, tenancy: str) -> list[Node]:
        """What a tenancy holds, in stores and on computers, but for what was checked and may leave."""
        held = [c for c in self.graph.containers if c.store.stack == tenancy and not c.store.is_vault]
        computers = self._actors(lambda a: a.is_computer and tenancy in a.stacks)
        return [*computers, *(c for c in held if not (c.name == RELEASED and self._is_exit(c, tenancy)))]

    def _airlock(self, tenancy: str) -> list[Actor]:
        """Whoever is the airlock: those who check and release, and staging's identity, which had the data before."""
        stages = {c.id: c.name for c in self.graph.containers if c.store.stack == tenancy}
        asked = [id_ for id_, name in stages.items() if name == ASKED]
        released = [id_ for id_, name in stages.items() if name == RELEASED]
        return self._actors(
            lambda a: (
                any(_granted(a, c) & Right.WRITE for c in released)
                if a.is_people
                else tenancy not in a.stacks and any(_granted(a, c) for c in asked)
            )
        )

    def _is_exit(self, released: Container, tenancy: str) -> bool:
        """Whether an airlock leads out: what is asked for is brought by people of the project, not from elsewhere."""
        asked = next((c for c in self.graph.stores.of(released.store) if c.name == ASKED), None)
        writers = self._actors(lambda a: asked is not None and bool(_granted(a, asked.id) & Right.WRITE))
        return asked is not None and bool(writers) and all(tenancy in a.stacks for a in writers)


def _granted(actor: Actor, container: str) -> Right:
    """What somebody was granted on exactly that container."""
    total = Right.NONE
    for grant in actor.grants:
        total |= grant.rights if grant.scope == container else Right.NONE
    return total


def _stacks(node: Node) -> frozenset[str]:
    if isinstance(node, Actor):
        return node.stacks
    return frozenset([node.store.stack]) if isinstance(node, Container) else frozenset()


def _is(stack: str, *kinds: type) -> bool:
    try:
        return issubclass(kind_of(stack), kinds)
    except BadInput:
        return False


def _least(*found: Weakest | None) -> Weakest | None:
    return min((one for one in found if one), key=lambda one: one.depth, default=None)
