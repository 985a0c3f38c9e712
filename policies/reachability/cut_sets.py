"""The search for the fewest controls that prevent data from moving from one node to another.

It is exact. Its states are sets of failed controls, the smallest first, so that a control that occurs twice on a path
fails once; a sum of weights would count it twice. A set at a node is dropped only if a subset of it reached that node
before, since the subset reaches the same nodes with no more failures (docs/decisions, 0004).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
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


@dataclass(slots=True, eq=False)
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


class _Ends:
    """The labels at sinks with the fewest controls so far, in the order in which the search reached them.

    A sink is the end of a path, so its labels need no place among those that are followed.
    """

    def __init__(self, sources: Iterable[Node], limit: int, *, with_accepted: bool, leaves_out: bool) -> None:
        """`with_accepted`: every technique with which data reaches a sink matters, on a reported path or not.
        `leaves_out`: leave out labels of techniques that would not be reported."""
        self.bound, self.is_reached = limit, False
        self.most = limit
        """The number of controls up to which a further label would change the result."""
        self.failed = 0
        """The controls that failed on the path to the node that is expanded."""
        self.techniques: set[str] = set()
        self.is_certain = True
        """False if a label that was left out may have been the first with its controls at its sink."""
        self._with_accepted, self._leaves_out, self._has_left_out = with_accepted, leaves_out, False
        self._sources = frozenset(sources)
        self._seen: set[tuple[Node, int]] = set()
        self._usual: list[_Label] = []
        self._of_techniques: list[_Label] = []

    def fits(self, mask: int, techniques: Collection[str]) -> bool:
        """True if an edge with these controls and techniques may change the result."""
        size = (self.failed | mask).bit_count()
        if size > self.most:
            return False
        is_full = self._leaves_out and size == self.bound and len(self._of_techniques) >= MAX_PATHS
        if not (is_full and techniques and self.techniques.issuperset(techniques)):
            return True
        self._has_left_out = True
        return False

    def add(self, to: Node, mask: int, edge: Edge, previous: _Label) -> None:
        """Add a label at a sink, of no more controls than the bound."""
        size = mask.bit_count()
        if size < self.bound or not self.is_reached:
            self.bound = self.most = size
            self.is_reached, self._has_left_out = True, False
            self._seen, self._usual, self._of_techniques = set(), [], []
        self.techniques.update(edge.techniques)
        if len(self._usual) >= MAX_PATHS or to in self._sources or (to, mask) in self._seen:
            return
        self._seen.add((to, mask))
        label = _Label(to, mask, edge, previous)
        if label.techniques():
            if len(self._of_techniques) < MAX_PATHS:
                self._of_techniques.append(label)
            return
        self.is_certain = self.is_certain and not self._has_left_out
        self._usual.append(label)
        if len(self._usual) == MAX_PATHS and not self._with_accepted:
            self.most = self.bound - 1

    @property
    def labels(self) -> Sequence[_Label]:
        """The labels of the paths to report: those of techniques of the control plane last."""
        return [*self._usual, *self._of_techniques]


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
    search = partial(_ends, flows, tuple(sources), is_sink, may_traverse, is_approval)
    if accepted_below is None:
        return _cut_sets(search(limit=flows.limit, with_accepted=False).labels, flows.registry, None)
    ends = search(limit=accepted_below - 1, with_accepted=True, leaves_out=True)
    if not ends.is_certain:
        ends = search(limit=accepted_below - 1, with_accepted=True)
    return _cut_sets(ends.labels, flows.registry, ends.techniques)


def _ends(
    flows: FlowGraph,
    sources: Sequence[Node],
    is_sink: Callable[[Node], bool],
    may_traverse: Callable[[Node], bool],
    is_approval: Callable[[Node, Node], bool],
    *,
    limit: int,
    with_accepted: bool,
    leaves_out: bool = False,
) -> _Ends:
    """Return the ends of the paths with the fewest controls."""
    order = count()
    ends = _Ends(sources, limit, with_accepted=with_accepted, leaves_out=leaves_out)
    heap = [(0, next(order), _Label(source, 0)) for source in sources]
    reached: dict[Node, list[int]] = {}
    ending: dict[Node, bool] = {}
    """True for the nodes at which a path may end, False for others that one may pass through."""
    unusable: set[Node] = set()

    def is_relevant(node: Node, mask: int) -> bool:
        """True if a path may end at or pass through a node, and could need fewer failures than the shortest known."""
        if node in unusable:
            return False
        if node not in ending:
            ends_there = is_sink(node)
            if not ends_there and not may_traverse(node):
                unusable.add(node)
                return False
            ending[node] = ends_there
        return (failed | mask).bit_count() < ends.bound + (not ends.is_reached)

    while heap:
        size, _, label = heapq.heappop(heap)
        earlier, failed = reached.setdefault(label.node, []), label.mask
        if size > ends.bound or any(mask & failed == mask for mask in earlier):
            continue
        earlier.append(failed)
        if ends.is_reached and size >= ends.bound:  # no longer path can have fewer controls
            continue
        ends.failed = failed
        for edge in flows.outgoing(label.node, is_relevant, ending.__getitem__, ends, with_accepted=with_accepted):
            to, mask = edge[0], failed | edge[1][0]  # by position, since this is the innermost loop
            length = mask.bit_count()
            if ending[to]:
                if length <= ends.most and not is_approval(label.node, to):
                    ends.add(to, mask, edge, label)
            elif length < ends.bound + (not ends.is_reached) and not is_approval(label.node, to):
                heapq.heappush(heap, (length, next(order), _Label(to, mask, edge, label)))
    return ends


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
