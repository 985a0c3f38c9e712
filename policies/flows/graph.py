"""The graph of how data could move, and the fewest controls that must fail before it moves from one place to another.

Nodes are containers, actors that hold data, and the Internet. An edge is one way to move data once: the controls that
must fail for it, the right and the road together. Edges are made where the search first comes.

The search is exact. It carries sets of failed controls, the smallest first, so that a control met twice on a path fails
once, which a sum of weights would count twice. A set at a node is dropped only where a subset of it reached that node
before: whatever the larger could go on to reach, the smaller does with no more failures (docs/decisions, 0004).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import networkx as nx

from policies.flows.actors import Actor
from policies.flows.roads import Roads, Target
from policies.flows.roles import Right
from policies.flows.stores import Container, Store, Stores
from policies.flows.ways import CLOSED, MOST, OPEN, Control, Way, Ways, both, either, step, through, waived

Node = Container | Actor | str
INTERNET = "the Internet"
SHOWN = 12
"""As many equally short ways as are told apart."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way on from a node."""

    to: Node
    way: Way
    mask: int

    @property
    def size(self) -> int:
        """How many controls must fail for it."""
        return self.mask.bit_count()


@dataclass(frozen=True)
class Weakest:
    """The fewest controls that stand before a flow: how many, and every set of so few that does."""

    depth: int
    ways: tuple[Way, ...]
    ends: tuple[str, ...]
    """Where each of the ways ends."""


class FlowGraph:
    """How data could move through an estate."""

    def __init__(self, stores: Stores, roads: Roads, actors: Iterable[Actor]) -> None:
        self.stores, self.roads = stores, roads
        self.actors = tuple(actors)
        self.containers = tuple(stores.containers.values())
        self.graph: nx.MultiDiGraph[Node] = nx.MultiDiGraph()
        self._after: dict[Node, Sequence[Edge]] = {}
        self._bits: dict[Control, int] = {}
        self._moves: dict[tuple[str, str], Ways] = {}

    def after(self, node: Node) -> Sequence[Edge]:
        """Every way on from a node, the fewest controls first."""
        if node not in self._after:
            found = [Edge(to, way, self._mask(way)) for to, ways in self._onward(node) for way in ways]
            self._after[node] = sorted(found, key=lambda edge: edge.size)
            self.graph.add_edges_from((node, edge.to, {"way": edge.way}) for edge in found)
        return self._after[node]

    def _mask(self, way: Way) -> int:
        """The controls of a way as the bits of a number: sets add up and compare at once."""
        mask = 0
        for control in way.controls:
            mask |= self._bits.setdefault(control, 1 << len(self._bits))
        return mask

    def _onward(self, node: Node) -> Iterator[tuple[Node, Ways]]:
        if isinstance(node, Container):
            yield INTERNET, both(node.anonymous, self._public(node.store)) if node.anonymous else CLOSED
            for actor in self.actors:
                yield actor, self._reads(actor, node)
        elif isinstance(node, Actor):
            yield INTERNET, self._leaves(node)
            yield from self._to_people(node)
            yield from self._to_computers(node)
            for container in self.containers:
                if not container.store.is_vault:
                    yield container, self._writes(node, container)

    def _public(self, store: Store) -> Ways:
        return both(store.public, step(f"anybody reads {store.called}"))

    def _reads(self, actor: Actor, container: Container) -> Ways:
        wanted = Right.SECRETS if container.store.is_vault else Right.READ
        words = step(f"{actor.called} reads {container.called}")
        return both(
            self._reach(actor, container.store), self._may(actor, container, wanted), container.store.encryption, words
        )

    def _writes(self, actor: Actor, container: Container) -> Ways:
        words = step(f"{actor.called} writes to {container.called}")
        return both(self._reach(actor, container.store), self._may(actor, container, Right.WRITE), words)

    def _reach(self, actor: Actor, store: Store) -> Ways:
        key = (actor.key, store.id)
        if key not in self._moves:
            ways = either(*(self.roads.to_store(standing, store) for standing in actor.standings))
            self._moves[key] = waived(ways, actor.controls)
        return self._moves[key]

    def _may(self, actor: Actor, container: Container, wanted: Right) -> Ways:
        """By a right to the data, by an account's key, or by changing rights."""
        rights = actor.may(container.id)
        if rights & (wanted | Right.CONTROL):
            return OPEN
        store, ungranted = container.store, through(actor.ungranted)
        listed = OPEN if rights & Right.KEYS else ungranted
        by_key = CLOSED if store.is_vault else both(store.keys, listed, step("with the account's key"))
        return either(ungranted, by_key)

    def _leaves(self, actor: Actor) -> Ways:
        """People on the Internet already stand where the data must not go."""
        ways = either(*(self.roads.out(standing) for standing in actor.standings))
        return both(waived(ways, actor.controls), step(f"{actor.called} carries it to the Internet"))

    def _to_people(self, actor: Actor) -> Iterator[tuple[Node, Ways]]:
        """From a computer's screen to whoever looks at it through Bastion."""
        if not actor.is_computer:
            return
        ways = self.roads.over_bastion(actor.standings)
        signed_in = {g.principal for g in actor.grants}
        for people in self.actors:
            if people.is_people and people.key in signed_in:
                yield people, both(ways, step(f"{people.called} carries it off through Bastion"))

    def _to_computers(self, actor: Actor) -> Iterator[tuple[Node, Ways]]:
        """From one computer to another that listens: those who work there may want it to."""
        for other in self.actors:
            if other.is_computer and other is not actor and not actor.is_people:
                spots = [s.spot for s in other.standings if s.spot]
                roads = (
                    self.roads.to(mine, Target(spot, ports=(), endpoint=False))
                    for mine in actor.standings
                    for spot in spots
                )
                yield (
                    other,
                    both(waived(either(*roads), actor.controls), step(f"{actor.called} sends it to {other.called}")),
                )


@dataclass(frozen=True, slots=True, eq=False)
class _Label:
    """A node that is reached, with what failed before, and by way of what."""

    node: Node
    mask: int
    edge: Edge | None = None
    before: _Label | None = None

    def way(self) -> Way:
        """The whole way here."""
        if self.edge is None or self.before is None:
            return Way(frozenset())
        return self.before.way().also(self.edge.way)


def weakest(
    flows: FlowGraph, sources: Iterable[Node], is_sink: Callable[[Node], bool], lets_through: Callable[[Node], bool]
) -> Weakest | None:
    """The fewest controls between sources and sinks, by way of nodes that are let through. None beyond `MOST`."""
    order, bound = count(), MOST
    heap = [(0, next(order), _Label(source, 0)) for source in sources]
    reached: dict[Node, list[int]] = {}
    found: list[_Label] = []
    open_: dict[Node, tuple[bool, bool]] = {}
    while heap and len(found) < SHOWN:
        size, _, label = heapq.heappop(heap)
        earlier = reached.setdefault(label.node, [])
        if size > bound or any(mask & label.mask == mask for mask in earlier):
            continue
        earlier.append(label.mask)
        if label.before and is_sink(label.node):
            found.append(label)
            continue
        for edge in flows.after(label.node):
            if edge.size > bound:
                break
            mask = label.mask | edge.mask
            if edge.to not in open_:
                open_[edge.to] = (is_sink(edge.to), lets_through(edge.to))
            sinks, passes = open_[edge.to]
            if mask.bit_count() <= bound and (sinks or passes):
                bound = mask.bit_count() if sinks else bound
                heapq.heappush(heap, (mask.bit_count(), next(order), _Label(edge.to, mask, edge, label)))
    return _weakest(found)


def _weakest(found: Sequence[_Label]) -> Weakest | None:
    """The ways that differ in their controls; of those with the same ones, the shortest path."""
    told: dict[int, tuple[Way, Node]] = {}
    for label in found:
        way = label.way()
        if label.mask not in told or len(way.steps) < len(told[label.mask][0].steps):
            told[label.mask] = (way, label.node)
    if not told:
        return None
    return Weakest(
        depth=min(mask.bit_count() for mask in told),
        ways=tuple(way for way, _ in told.values()),
        ends=tuple(node if isinstance(node, str) else node.called for _, node in told.values()),
    )
