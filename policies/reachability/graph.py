"""The graph of how data could move, and the fewest controls that must fail before it moves from one place to another.

Nodes are containers, actors that hold data, and the Internet. An edge is one way to move data once: the controls that
must fail for it, the right and the road together. Edges are made where the search first comes.

The search is exact. It carries sets of failed controls, the smallest first, so that a control met twice on a path fails
once, which a sum of weights would count twice. A set at a node is dropped only where a subset of it reached that node
before: whatever the larger could go on to reach, the smaller does with no more failures (docs/decisions, 0004).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from policies.reachability.actors import Actor
from policies.reachability.control_sets import CLOSED, MOST, OPEN, Control, Ledger, Way, Ways, both, either
from policies.reachability.data_stores import Container, Store, Stores
from policies.reachability.network_paths import Roads, Target
from policies.reachability.roles import Right

if TYPE_CHECKING:
    import networkx as nx

Node = Container | Actor | str
INTERNET = "the Internet"
SHOWN = 12
"""As many equally short ways as are told apart."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way on from a node."""

    to: Node
    way: Way
    words: str


@dataclass(frozen=True)
class Path:
    """One whole way from a source to a sink."""

    controls: frozenset[Control]
    """What must fail."""
    steps: tuple[str, ...]
    end: str
    """Where it ends, in words."""


@dataclass(frozen=True)
class Weakest:
    """The fewest controls that stand before a flow: how many, and which sets of so few do."""

    depth: int
    ways: tuple[Path, ...]


class FlowGraph:
    """How data could move through an estate."""

    def __init__(self, stores: Stores, roads: Roads, actors: Iterable[Actor]) -> None:
        self.stores, self.roads = stores, roads
        self.actors = tuple(actors)
        self.containers = tuple(stores.containers.values())
        self.ledger = stores.places.ledger
        import networkx as nx  # noqa: PLC0415 - every command reads the catalogue; few follow flows

        self.moves: nx.MultiDiGraph[Node] = nx.MultiDiGraph()
        """The moves of the data that the searches came to: each an `edge` from a node to another."""
        self._asked: set[tuple[Node, Node]] = set()
        self._uses_known: dict[tuple[str, str, bool, bool], Ways] = {}

    def after(
        self, node: Node, matters: Callable[[Node, int], bool], is_sink: Callable[[Node], bool] = lambda _: False
    ) -> Iterator[Edge]:
        """Every way on from a node to those that matter; of sinks that are reached alike, one.

        `matters` is told the control without which nobody gets there by any of them, where there is one."""
        seen: set[object] = set()
        for to in self._beyond(node):
            if matters(to, self._least(node, to)):
                alike = self._alike(node, to) if is_sink(to) else None
                if alike in seen:
                    continue
                seen |= {alike} if alike else set()
                yield from self._between(node, to)

    def _between(self, node: Node, to: Node) -> Iterator[Edge]:
        """Every way of one move, worked out once."""
        if (node, to) not in self._asked:
            self._asked.add((node, to))
            self.moves.add_edges_from((node, to, {"edge": edge}) for edge in self._edges_of(node, to))
        found: Mapping[Any, Any] = self.moves.get_edge_data(node, to, default={})
        return (ways["edge"] for ways in found.values())

    def _least(self, node: Node, to: Node) -> int:
        """The control that stands on every way of one move, as a bit: that somebody without any right got none."""
        actor, container = (to, node) if isinstance(node, Container) else (node, to)
        if not isinstance(actor, Actor) or not isinstance(container, Container) or actor.may(container.id):
            return 0
        return self.ledger.bit(actor.ungranted)

    def _edges_of(self, node: Node, to: Node) -> tuple[Edge, ...]:
        ways, words = self._move(node, to)
        return tuple(Edge(to, way, words) for way in ways)

    def _alike(self, node: Node, to: Node) -> object:
        """What ways from a node to different ends have in common, if they differ in names alone: ends without any right
        in the same store, or to it, are as far away as each other."""
        if isinstance(node, Container) and isinstance(to, Actor) and to.is_people:
            bare = not to.controls and not to.may(node.id)
            return (to.stacks, to.is_people) if bare else None
        if isinstance(node, Actor) and isinstance(to, Container):
            return (to.store.id, node.may(to.id))
        return None

    def _beyond(self, node: Node) -> Iterable[Node]:
        """Where data could go from a node in one move."""
        if isinstance(node, Container):
            return (INTERNET, *self.actors)
        return (INTERNET, *self.actors, *self.containers) if isinstance(node, Actor) else ()

    def _move(self, node: Node, to: Node) -> tuple[Ways, str]:
        if isinstance(node, Container):
            if isinstance(to, Actor):
                wanted = Right.SECRETS if node.store.is_vault else Right.READ
                ways = self._uses(to, node, wanted)
                return both(ways, node.store.encryption), f"{to.called} reads {node.called}"
            return self._anonymous(node), f"anybody reads {node.called}"
        if isinstance(node, str):
            return CLOSED, ""
        if isinstance(to, Container):
            return CLOSED if to.store.is_vault else self._uses(
                node, to, Right.WRITE
            ), f"{node.called} writes to {to.called}"
        return self._passes_on(node, to) if isinstance(to, Actor) else self._leaves(node)

    def _anonymous(self, container: Container) -> Ways:
        return both(container.anonymous, container.store.public) if container.anonymous else CLOSED

    def _uses(self, actor: Actor, container: Container, wanted: Right) -> Ways:
        """By a road to the store, and a right to the data, an account's key, or a right to change rights."""
        rights, store = actor.may(container.id), container.store
        granted, listed = bool(rights & (wanted | Right.CONTROL)), bool(rights & Right.KEYS)
        key = (actor.key, store.id, granted, listed)
        if key not in self._uses_known:
            ungranted = self.ledger.through(actor.ungranted)
            by_key = CLOSED if store.is_vault else both(store.keys, OPEN if listed else ungranted)
            self._uses_known[key] = both(self._reach(actor, store), OPEN if granted else either(ungranted, by_key))
        return self._uses_known[key]

    def _reach(self, actor: Actor, store: Store) -> Ways:
        ways = either(*(self.roads.to_store(standing, store) for standing in actor.standings))
        return self.ledger.waived(ways, actor.controls)

    def _leaves(self, actor: Actor) -> tuple[Ways, str]:
        """People on the Internet already stand where the data must not go."""
        ways = either(*(self.roads.out(standing) for standing in actor.standings))
        return self.ledger.waived(ways, actor.controls), f"{actor.called} carries it to the Internet"

    def _passes_on(self, actor: Actor, other: Actor) -> tuple[Ways, str]:
        """From a computer's screen to whoever looks at it through Bastion; or to another computer that listens, as
        those who work there may want it to."""
        if actor.is_computer and other.is_people and any(g.principal == other.key for g in actor.grants):
            ways = self.ledger.waived(self.roads.over_bastion(actor.standings, actor.shell), actor.controls)
            return ways, f"{other.called} carries it off through Bastion"
        if not other.is_computer or other is actor or actor.is_people:
            return CLOSED, ""
        there = [(standing.spot, standing.guards) for standing in other.standings if standing.spot]
        targets = [Target(spot, ports=(), endpoint=False, guards=guards) for spot, guards in there]
        roads = either(*(self.roads.to(mine, target) for mine in actor.standings for target in targets))
        return self.ledger.waived(roads, actor.controls), f"{actor.called} sends it to {other.called}"


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
            return Way()
        return self.before.way().also(self.edge.way).also(Way(0, (self.edge.words,)))


def weakest(
    flows: FlowGraph, sources: Iterable[Node], is_sink: Callable[[Node], bool], lets_through: Callable[[Node], bool]
) -> Weakest | None:
    """The fewest controls between sources and sinks, by way of nodes that are let through. None beyond `MOST`."""
    order, bound, sunk = count(), MOST, False
    heap = [(0, next(order), _Label(source, 0)) for source in sources]
    reached: dict[Node, list[int]] = {}
    found: list[_Label] = []
    kinds: dict[Node, tuple[bool, bool]] = {}

    def matters(node: Node, mask: int) -> bool:
        """Whether a node is on the way, and could still be reached by fewer failures than are known to do."""
        if node not in kinds:
            kinds[node] = (is_sink(node), lets_through(node))
        return any(kinds[node]) and not (sunk and (label.mask | mask).bit_count() >= bound)

    while heap and len(found) < SHOWN:
        size, _, label = heapq.heappop(heap)
        earlier = reached.setdefault(label.node, [])
        if size > bound or any(mask & label.mask == mask for mask in earlier):
            continue
        earlier.append(label.mask)
        if label.before and is_sink(label.node):
            found.append(label)
            continue
        if sunk and size >= bound:  # nothing beyond could be shorter
            continue
        for edge in flows.after(label.node, matters, lambda node: kinds[node][0]):
            mask = label.mask | edge.way.mask
            length = mask.bit_count()
            if length > bound:
                continue
            sinks = kinds[edge.to][0]
            if sinks:
                bound, sunk = length, True
            if sinks or not (sunk and length == bound):
                heapq.heappush(heap, (length, next(order), _Label(edge.to, mask, edge, label)))
    return _weakest(found, flows.ledger)


def _weakest(found: Sequence[_Label], ledger: Ledger) -> Weakest | None:
    """The ways that differ in their controls; of those with the same ones, the shortest path."""
    told: dict[int, Path] = {}
    for label in found:
        steps = label.way().steps
        if label.mask not in told or len(steps) < len(told[label.mask].steps):
            end = label.node if isinstance(label.node, str) else label.node.called
            told[label.mask] = Path(frozenset(ledger.controls(label.mask)), steps, end)
    if not told:
        return None
    return Weakest(depth=min(mask.bit_count() for mask in told), ways=tuple(told.values()))
