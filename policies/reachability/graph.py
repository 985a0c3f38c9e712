"""The flow graph, and the search for the fewest controls that prevent data from moving from one node to another.

Nodes are containers, actors and the Internet. An edge is one move of data, with the controls that prevent it: on the
right to the data, and on the network path. The edges of a node are created when the search reaches it.

The search is exact. Its states are sets of failed controls, the smallest first, so that a control that occurs twice on
a path fails once; a sum of weights would count it twice. A set at a node is dropped only if a subset of it reached that
node before, since the subset reaches the same nodes with no more failures (docs/decisions, 0004).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from policies.azure_semantics.roles import Right
from policies.reachability.actors import Actor
from policies.reachability.control_sets import (
    ALWAYS,
    MAX_CONTROLS,
    NEVER,
    Control,
    ControlRegistry,
    ControlSet,
    ControlSets,
    all_of,
    any_of,
)
from policies.reachability.data_stores import DataContainer, DataStore, DataStores
from policies.reachability.network_reachability import NetworkReachability

if TYPE_CHECKING:
    import networkx as nx

Node = DataContainer | Actor | str
INTERNET = "the Internet"
MAX_PATHS = 12
"""At most this many paths of one length are collected."""


def id_of(node: Node) -> str:
    """Return the id of a node, which no other node of its kind has."""
    return node if isinstance(node, str) else node.key if isinstance(node, Actor) else node.id


def label_of(node: Node) -> str:
    """Return the name of a node in reports."""
    return node if isinstance(node, str) else node.label


def kind_of(node: Node) -> str:
    """Return the kind of a node, in one word."""
    if isinstance(node, str):
        return "internet"
    if not isinstance(node, Actor):
        return "container"
    return "people" if node.is_people else "computer" if node.is_computer else "identity"


@dataclass(frozen=True, slots=True)
class Edge:
    """One way to move data from a node to another."""

    to: Node
    control_set: ControlSet
    description: str


@dataclass(frozen=True)
class Path:
    """A path from a source to a sink."""

    controls: frozenset[Control]
    """The controls that must fail."""
    steps: tuple[str, ...]
    end: str
    """The name of the sink."""


@dataclass(frozen=True)
class MinimalCutSets:
    """The smallest sets of controls whose failure opens a flow (fault tree analysis: the minimal cut sets of lowest
    order)."""

    depth: int
    paths: tuple[Path, ...]


class FlowGraph:
    """The graph of how data could move through an estate."""

    def __init__(
        self,
        stores: DataStores,
        reachability: NetworkReachability,
        actors: Iterable[Actor],
        limit: int = MAX_CONTROLS,
    ) -> None:
        """`limit`: sets of more controls are left out."""
        self.stores, self.reachability, self.limit = stores, reachability, limit
        self.actors = tuple(actors)
        self.containers = tuple(stores.containers.values())
        self.registry = stores.topology.registry
        self._edges: dict[tuple[Node, Node], tuple[Edge, ...]] = {}
        self._access_cache: dict[tuple[str, str, bool, bool], ControlSets] = {}
        self._bits: dict[tuple[Node, Node], int] = {}

    @property
    def moves(self) -> nx.MultiDiGraph[Node]:
        """The edges that the searches reached, each as the attribute `edge`."""
        import networkx as nx  # noqa: PLC0415 - every command reads the catalogue; few follow flows

        moves: nx.MultiDiGraph[Node] = nx.MultiDiGraph()
        moves.add_edges_from((*ends, {"edge": edge}) for ends, edges in self._edges.items() for edge in edges)
        return moves

    def every_node(self) -> Iterable[Node]:
        """Return every node that data could reach."""
        nodes: dict[Node, None] = dict.fromkeys((*self.actors, *self.containers))
        todo = list(nodes)
        for node in todo:
            for to in self._successors(node):
                if to not in nodes:
                    nodes[to] = None
                    todo.append(to)
        return nodes

    def every_edge(self) -> Iterator[tuple[Node, Edge]]:
        """Yield every edge with its start, and keep none."""
        for node in self.every_node():
            for to in self._successors(node):
                for edge in self._edges_of(node, to):
                    yield node, edge

    def outgoing(
        self, node: Node, is_relevant: Callable[[Node, int], bool], is_sink: Callable[[Node], bool] = lambda _: False
    ) -> Iterator[Edge]:
        """Yield the outgoing edges to relevant nodes, one for each class of equivalent sinks.

        `is_relevant` receives the bit of a control that all parallel edges have in common, or 0.
        """
        seen: set[object] = set()
        for to in self._successors(node):
            if is_relevant(to, self._common_control(node, to)):
                key = self._equivalence_key(node, to) if is_sink(to) else None
                if key in seen:
                    continue
                if key:
                    seen.add(key)
                yield from self._edges_between(node, to)

    def _edges_between(self, node: Node, to: Node) -> tuple[Edge, ...]:
        """Return the edges from one node to another, which are created once."""
        found = self._edges.get((node, to))
        if found is None:
            found = self._edges[node, to] = self._edges_of(node, to)
        return found

    def _common_control(self, node: Node, to: Node) -> int:
        """Return the bit of the control that every edge between two nodes has: that the actor has no right to the
        container. 0 if there is no such control."""
        found = self._bits.get((node, to))
        if found is None:
            found = self._bits[node, to] = self._missing_right(node, to)
        return found

    def _missing_right(self, node: Node, to: Node) -> int:
        actor, container = (to, node) if isinstance(node, DataContainer) else (node, to)
        if not isinstance(actor, Actor) or not isinstance(container, DataContainer) or actor.may(container.id):
            return 0
        return self.registry.bit(actor.ungranted)

    def _edges_of(self, node: Node, to: Node) -> tuple[Edge, ...]:
        control_sets, description = self._transfer(node, to)
        return tuple(Edge(to, control_set, description) for control_set in control_sets)

    def _equivalence_key(self, node: Node, to: Node) -> object:
        """Return a key that is equal for sinks with the same controls; None for a sink without an equivalent. People
        without a right to the store are equivalent, and so are containers of one store with the same rights."""
        if isinstance(node, DataContainer) and isinstance(to, Actor) and to.is_people:
            has_no_right = not to.controls and not to.may(node.id)
            return (to.stacks, to.is_people) if has_no_right else None
        if isinstance(node, Actor) and isinstance(to, DataContainer):
            return (to.store.id, node.may(to.id))
        return None

    def _successors(self, node: Node) -> Iterable[Node]:
        """Return the nodes that data could reach from a node in one move."""
        if isinstance(node, DataContainer):
            return (INTERNET, *self.actors)
        return (INTERNET, *self.actors, *self.containers) if isinstance(node, Actor) else ()

    def _transfer(self, node: Node, to: Node) -> tuple[ControlSets, str]:
        """Return the controls on a move from one node to another, and its description."""
        if isinstance(node, DataContainer):
            if isinstance(to, Actor):
                wanted = Right.SECRETS if node.store.is_vault else Right.READ
                control_sets = self._access(to, node, wanted)
                return all_of(control_sets, node.store.encryption), f"{to.label} reads {node.label}"
            return self._anonymous(node), f"anonymous access reads {node.label}"
        if isinstance(node, str):
            return NEVER, ""
        if isinstance(to, DataContainer):
            return NEVER if to.store.is_vault else self._access(
                node, to, Right.WRITE
            ), f"{node.label} writes to {to.label}"
        return self._to_actor(node, to) if isinstance(to, Actor) else self._to_internet(node)

    def _anonymous(self, container: DataContainer) -> ControlSets:
        """Return the controls on reading without a sign-in, from an address that the store admits if there is one."""
        public = container.store.public
        return all_of(container.anonymous, public.controls(public.admitted)) if container.anonymous else NEVER

    def _access(self, actor: Actor, container: DataContainer, wanted: Right) -> ControlSets:
        """Return the controls on access to a container: a network path to the store, and a right to the data, an
        account key, or a right to change rights."""
        rights, store = actor.may(container.id), container.store
        granted, listed = bool(rights & (wanted | Right.CONTROL)), bool(rights & Right.KEYS)
        key = (actor.key, store.id, granted, listed)
        if key not in self._access_cache:
            ungranted = self.registry.requiring(actor.ungranted)
            by_key = NEVER if store.is_vault else all_of(store.keys, ALWAYS if listed else ungranted)
            right = ALWAYS if granted else any_of(ungranted, by_key)
            self._access_cache[key] = all_of(self._reach(actor, store, right), right, limit=self._limit(actor))
        return self._access_cache[key]

    def _reach(self, actor: Actor, store: DataStore, right: ControlSets) -> ControlSets:
        """Return the controls on reaching a store. If the right to the data needs a control, there may be one fewer:
        the controls on a right are on no network path."""
        limit = self._limit(actor)
        left = limit if right == ALWAYS or actor.controls else limit - 1
        control_sets = any_of(*(self.reachability.to_store(location, store, left) for location in actor.locations))
        return self.registry.without_controls_in(control_sets, actor.controls)

    def _limit(self, actor: Actor) -> int:
        """Return the limit on the controls of an actor: none of those that it can change count in the end."""
        return MAX_CONTROLS if actor.controls else self.limit

    def _to_internet(self, actor: Actor) -> tuple[ControlSets, str]:
        """Return the controls on sending data to the Internet."""
        control_sets = any_of(
            *(self.reachability.to_internet(location, self._limit(actor)) for location in actor.locations)
        )
        return self.registry.without_controls_in(
            control_sets, actor.controls
        ), f"{actor.label} carries it to the Internet"

    def _to_actor(self, actor: Actor, other: Actor) -> tuple[ControlSets, str]:
        """Return the controls on passing data on: from a computer's screen to a person who looks at it through Bastion,
        or to another computer that may listen on any port."""
        if actor.is_computer and other.is_people and any(g.principal == other.key for g in actor.grants):
            control_sets = self.registry.without_controls_in(
                self.reachability.over_bastion(actor.locations, actor.ssh_controls), actor.controls
            )
            return control_sets, f"{other.label} carries it off through Bastion"
        if not other.is_computer or other is actor or actor.is_people:
            return NEVER, ""
        limit = self._limit(actor)
        reachability = any_of(
            *(
                self.reachability.to_computer(mine, theirs, limit)
                for mine in actor.locations
                for theirs in other.locations
            )
        )
        return self.registry.without_controls_in(
            reachability, actor.controls
        ), f"{actor.label} sends it to {other.label}"


@dataclass(frozen=True, slots=True, eq=False)
class _Label:
    """A node that the search reached, with the controls that failed on the path to it."""

    node: Node
    mask: int
    edge: Edge | None = None
    previous: _Label | None = None

    def control_set(self) -> ControlSet:
        """Return the control set of the whole path to the node."""
        if self.edge is None or self.previous is None:
            return ControlSet()
        return self.previous.control_set().then(self.edge.control_set).then(ControlSet(0, (self.edge.description,)))


def minimal_cut_sets(
    flows: FlowGraph,
    sources: Iterable[Node],
    is_sink: Callable[[Node], bool],
    may_traverse: Callable[[Node], bool],
    is_approval: Callable[[Node, Node], bool] = lambda *_: False,
) -> MinimalCutSets | None:
    """Return the fewest controls between sources and sinks, on paths through nodes that may be traversed. None if more
    than the graph's limit would have to fail. `is_approval`: moves that no path has, since they are allowed."""
    order, bound, sink_reached = count(), flows.limit, False
    heap = [(0, next(order), _Label(source, 0)) for source in sources]
    reached: dict[Node, list[int]] = {}
    found: list[_Label] = []
    usable: dict[Node, tuple[bool, bool]] = {}
    """For each node: if a path may end there, and if one may pass through it."""

    def is_relevant(node: Node, mask: int) -> bool:
        """True if a path may end at or pass through a node, and could need fewer failures than the shortest known."""
        if node not in usable:
            usable[node] = (is_sink(node), may_traverse(node))
        if not any(usable[node]):
            return False
        failures = (label.mask | mask).bit_count()
        return failures < bound if sink_reached else failures <= bound

    while heap and len(found) < MAX_PATHS:
        size, _, label = heapq.heappop(heap)
        earlier = reached.setdefault(label.node, [])
        if size > bound or any(mask & label.mask == mask for mask in earlier):
            continue
        earlier.append(label.mask)
        if label.previous and is_sink(label.node):
            found.append(label)
            continue
        if sink_reached and size >= bound:  # no longer path can have fewer controls
            continue
        for edge in flows.outgoing(label.node, is_relevant, lambda node: usable[node][0]):
            if is_approval(label.node, edge.to):
                continue
            mask = label.mask | edge.control_set.mask
            length = mask.bit_count()
            if length > bound:
                continue
            ends_there = usable[edge.to][0]
            if ends_there:
                bound, sink_reached = length, True
            if ends_there or not (sink_reached and length == bound):
                heapq.heappush(heap, (length, next(order), _Label(edge.to, mask, edge, label)))
    return _cut_sets(found, flows.registry)


def _cut_sets(found: Sequence[_Label], registry: ControlRegistry) -> MinimalCutSets | None:
    """Return one path for each set of controls, the one with the fewest steps."""
    paths: dict[int, Path] = {}
    for label in found:
        steps = label.control_set().steps
        if label.mask not in paths or len(steps) < len(paths[label.mask].steps):
            paths[label.mask] = Path(frozenset(registry.controls(label.mask)), steps, label_of(label.node))
    if not paths:
        return None
    return MinimalCutSets(depth=min(mask.bit_count() for mask in paths), paths=tuple(paths.values()))


@dataclass(frozen=True, eq=False)
class Search:
    """The search for the paths of a forbidden flow."""

    graph: FlowGraph
    sources: tuple[Node, ...]
    is_sink: Callable[[Node], bool]
    barred: frozenset[Node]
    """The nodes that no path passes through."""
    is_approval: Callable[[Node, Node], bool]
    """True for a move that no path has, since it is allowed."""

    @cached_property
    def found(self) -> MinimalCutSets | None:
        """The fewest controls that prevent every path."""
        return minimal_cut_sets(
            self.graph, self.sources, self.is_sink, lambda node: node not in self.barred, self.is_approval
        )
