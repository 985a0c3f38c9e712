"""The search for the fewest controls that prevent data from moving from one node to another.

It is exact. Its states are sets of failed controls, the smallest first, so that a control that occurs twice on a path
fails once; a sum of weights would count it twice. A set at a node is dropped only if a subset of it reached that node
before, since the subset reaches the same nodes with no more failures (docs/decisions, 0004).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from policies.reachability.control_plane import TECHNIQUES
from policies.reachability.control_sets import MIN_CONTROLS, Control, ControlRegistry, ControlSet
from policies.reachability.graph import Edge, FlowGraph, Node, label_of

MAX_PATHS = 12
"""At most this many paths of one length are collected, and as many of techniques of the control plane."""


@dataclass(frozen=True)
class Path:
    """A path from a source to a sink."""

    controls: frozenset[Control]
    """The controls that must fail."""
    steps: tuple[str, ...]
    end: str
    """The name of the sink."""
    techniques: tuple[str, ...] = ()
    """The techniques of the control plane (`control_plane.py`) in its steps."""


@dataclass(frozen=True)
class MinimalCutSets:
    """The smallest sets of controls whose failure opens a flow (fault tree analysis: the minimal cut sets of lowest
    order)."""

    depth: int
    paths: tuple[Path, ...]
    accepted: tuple[str, ...] = ()
    """For accepted risks: each technique with which data reaches a sink in one move, or that is on one of the paths."""


@dataclass(frozen=True, slots=True, eq=False)
class _Label:
    """A node that the search reached, with the controls that failed on the path to it."""

    node: Node
    mask: int
    edge: Edge | None = None
    previous: _Label | None = None

    def techniques(self) -> tuple[str, ...]:
        """Return the techniques of the control plane on the path to the node."""
        if self.edge is None or self.previous is None:
            return ()
        return (*self.previous.techniques(), *self.edge.techniques)

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
    *,
    accepted_below: int | None = None,
) -> MinimalCutSets | None:
    """Return the fewest controls between sources and sinks, on paths through nodes that may be traversed. None if more
    than the graph's limit would have to fail. `is_approval`: moves that no path has, since they are allowed.
    `accepted_below`: count the edges whose risk a decision accepts, and fewer controls than this alone."""
    order, sink_reached = count(), False
    bound = flows.limit if accepted_below is None else accepted_below - 1
    outgoing = flows.outgoing if accepted_below is None else flows.outgoing_with_accepted
    heap = [(0, next(order), _Label(source, 0)) for source in sources]
    reached: dict[Node, list[int]] = {}
    found: list[_Label] = []
    of_techniques: list[_Label] = []
    techniques: set[str] = set()
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
            by_technique = label.techniques()
            if not by_technique or len(of_techniques) < MAX_PATHS:
                (of_techniques if by_technique else found).append(label)
            continue
        if sink_reached and size >= bound:  # no longer path can have fewer controls
            continue
        for edge in outgoing(label.node, is_relevant, lambda node: usable[node][0]):
            if is_approval(label.node, edge.to):
                continue
            mask = label.mask | edge.control_set.mask
            length = mask.bit_count()
            if length > bound:
                continue
            ends_there = usable[edge.to][0]
            if ends_there:
                bound, sink_reached = length, True
                techniques.update(edge.techniques)
            if ends_there or not (sink_reached and length == bound):
                heapq.heappush(heap, (length, next(order), _Label(edge.to, mask, edge, label)))
    return _cut_sets([*found, *of_techniques], flows.registry, techniques if accepted_below is not None else None)


def _cut_sets(
    found: Sequence[_Label], registry: ControlRegistry, techniques: Iterable[str] | None
) -> MinimalCutSets | None:
    """Return one path for each set of controls, the one with the fewest steps. `techniques`: the accepted ones."""
    paths: dict[int, Path] = {}
    for label in found:
        steps = label.control_set().steps
        if label.mask not in paths or len(steps) < len(paths[label.mask].steps):
            controls, end = frozenset(registry.controls(label.mask)), label_of(label.node)
            paths[label.mask] = Path(controls, steps, end, label.techniques())
    if not paths:
        return None
    on_paths = (key for path in paths.values() for key in path.techniques)
    named = frozenset() if techniques is None else frozenset((*techniques, *on_paths))
    depth = min(mask.bit_count() for mask in paths)
    return MinimalCutSets(depth, tuple(paths.values()), tuple(key for key in TECHNIQUES if key in named))


def merged(found: Iterable[MinimalCutSets | None]) -> MinimalCutSets | None:
    """Return the paths of several searches for accepted risks as one result."""
    every = [one for one in found if one]
    if not every:
        return None
    depth = min(one.depth for one in every)
    paths = tuple(path for one in every for path in one.paths if len(path.controls) == depth)
    named = {key for one in every for key in one.accepted}
    return MinimalCutSets(depth, paths, tuple(key for key in TECHNIQUES if key in named))


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

    @cached_property
    def accepted(self) -> MinimalCutSets | None:
        """The fewest controls on the paths whose risk a decision accepts; None if there are enough."""
        return minimal_cut_sets(
            self.graph,
            self.sources,
            self.is_sink,
            lambda node: node not in self.barred,
            self.is_approval,
            accepted_below=MIN_CONTROLS,
        )
