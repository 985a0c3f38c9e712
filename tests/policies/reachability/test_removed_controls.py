"""Random sets of one, two and three controls are removed: a forbidden flow opens exactly when the minimum cut says so.

The oracle tries no sets. It follows each edge whose controls are all removed, from the sources on.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import Any, cast

from hypothesis import given, settings

from policies.reachability.control_sets import MAX_CONTROLS, ControlSet
from policies.reachability.cut_sets import MinimalCutSets, Search, minimal_cut_sets
from policies.reachability.forbidden_flows import analyse_flows
from policies.reachability.graph import Edge, FlowGraph, Node
from tests.policies.reachability.drawn_graphs import BITS, Links, links, report_of
from tests.policies.reachability.sample_estates import estate, seen

REMOVALS = int(os.environ.get("SDE_REMOVALS", "100"))
"""How many sets of controls are removed. `scripts/soak` removes 1,000."""
Edges = Sequence[tuple[Node, Edge]]


class Without:
    """A graph in which some controls have failed, with every edge of up to `limit` further controls."""

    def __init__(self, graph: FlowGraph, edges: Edges, failed: int, limit: int = MAX_CONTROLS) -> None:
        self.registry, self.limit = graph.registry, limit
        self._edges: dict[Node, list[Edge]] = {}
        for start, edge in edges:
            left = ControlSet(edge.control_set.mask & ~failed)
            if left.size <= limit:
                self._edges.setdefault(start, []).append(Edge(edge.to, left, edge.description))

    def outgoing(self, node: Node, is_relevant: Callable[[Node, int], bool], *_: Any, **_modes: bool) -> Iterator[Edge]:
        return (edge for edge in self._edges.get(node, ()) if is_relevant(edge.to, 0))

    def found(self, search: Search) -> MinimalCutSets | None:
        """Return the fewest further controls of a flow."""
        return minimal_cut_sets(
            cast(FlowGraph, self), search.sources, search.is_sink, lambda n: n not in search.barred, search.is_approval
        )


def _opened(edges: Edges, removed: int) -> Edges:
    """Return the edges whose controls are all removed."""
    return [(start, edge) for start, edge in edges if edge.control_set.mask & ~removed == 0]


def _is_open(opened: Edges, search: Search) -> bool:
    """The oracle: True if opened edges lead from a source to a sink."""
    onward: dict[Node, list[Node]] = {}
    for start, edge in opened:
        if not search.is_approval(start, edge.to):
            onward.setdefault(start, []).append(edge.to)
    reached, todo = set(search.sources), list(search.sources)
    for node in todo:
        for to in onward.get(node, ()):
            if search.is_sink(to):
                return True
            if to not in reached and to not in search.barred:
                reached.add(to)
                todo.append(to)
    return False


def _usual(graph: FlowGraph) -> Edges:
    """Return every edge but those whose risk is accepted."""
    return tuple((start, edge) for start, edge, is_accepted in graph.every_edge() if not is_accepted)


@cache
def _estate() -> tuple[FlowGraph, Edges, tuple[Search, ...]]:
    report = analyse_flows(seen(estate()), exhaustive=True)
    assert report.graph
    searches = tuple(search for found in report.searches.values() for search in found)
    return report.graph, _usual(report.graph), searches


def _masks(search: Search) -> list[int]:
    """Return the smallest sets that the analysis found for a flow."""
    bit = search.graph.registry.bit
    return [sum(map(bit, path.controls)) for path in search.found.paths] if search.found else []


def _bits(mask: int) -> list[int]:
    return [1 << number for number in range(mask.bit_length()) if mask >> number & 1]


def _removals(graph: FlowGraph, searches: Iterable[Search]) -> Iterator[int]:
    """Yield sets of one to three controls: any, controls of the smallest sets, or a whole smallest set with perhaps
    another control in the place of one. Few sets of the first kind would open anything."""
    chance = random.Random(14)  # noqa: S311 - a sample that can be repeated
    smallest = sorted({mask for search in searches for mask in _masks(search)})
    every = [graph.registry.bit(control) for control in sorted(graph.registry.controls(graph.registry.every))]
    weak = sorted({bit for mask in smallest for bit in _bits(mask)})
    for number in range(REMOVALS):
        chosen = chance.sample(every if number % 4 == 0 else weak, chance.randint(1, 3))
        if number % 4 > 1:
            chosen = _bits(chance.choice(smallest))[:3]
            chosen[-1] = chance.choice([chosen[-1], chance.choice(weak)])
        yield sum(set(chosen))


def test_a_flow_of_the_estate_opens_when_the_minimum_cut_says_so() -> None:
    graph, edges, searches = _estate()
    smallest = [
        (search, search.found.depth if search.found else MAX_CONTROLS + 1, _masks(search)) for search in searches
    ]
    openings = 0
    for removed in _removals(graph, searches):
        opened = _opened(edges, removed)
        without = Without(graph, opened, removed)
        for search, depth, masks in smallest:
            is_open = _is_open(opened, search)
            openings += is_open
            assert is_open == bool(without.found(search))
            assert is_open or not any(mask & removed == mask for mask in masks)
            assert not is_open or removed.bit_count() >= depth
    assert openings >= REMOVALS // 4


def test_accepted_risks_open_a_flow_of_the_estate_at_their_own_number_alone() -> None:
    """With the edges whose risk is accepted."""
    graph, _, searches = _estate()
    every = tuple((start, edge) for start, edge, _ in graph.every_edge())
    smallest = [(search, search.accepted) for search in searches if search.accepted]
    assert smallest
    openings = 0
    for removed in _removals(graph, searches):
        opened = _opened(every, removed)
        for search, accepted in smallest:
            is_open = _is_open(opened, search)
            openings += is_open
            assert not is_open or removed.bit_count() >= accepted.depth
    for search, accepted in smallest:
        for path in accepted.paths:
            assert _is_open(_opened(every, sum(map(graph.registry.bit, path.controls))), search)
    assert openings


def test_after_a_removal_the_minimum_cut_is_exact_again() -> None:
    """With the further controls of a found set the flow opens; with all but one of them, or any others as few, not."""
    graph, edges, searches = _estate()
    chance = random.Random(14)  # noqa: S311
    every = [graph.registry.bit(control) for control in graph.registry.controls(graph.registry.every)]
    for removed in list(_removals(graph, searches))[: REMOVALS // 5]:
        search = chance.choice(searches)
        found = Without(graph, edges, removed, limit=3).found(search)
        for path in found.paths[:3] if found else ():
            mask = sum(map(graph.registry.bit, path.controls))
            assert _is_open(_opened(edges, removed | mask), search)
            assert not any(_is_open(_opened(edges, removed | mask & ~bit), search) for bit in _bits(mask))
        fewer = min(found.depth if found else 4, 4) - 1
        if fewer > 0:
            assert not _is_open(_opened(edges, removed | sum(chance.sample(every, fewer))), search)


@given(links)
@settings(max_examples=100)
def test_a_drawn_flow_opens_when_the_minimum_cut_says_so(drawn: Links) -> None:
    """For each set of failing controls."""
    report = report_of(drawn, barred="3", allowed=("1", "2"))
    (search,) = report.searches[report.flows[0]]
    graph, edges = search.graph, _usual(search.graph)
    opening = [
        sum(failed)
        for size in range(len(BITS) + 1)
        for failed in combinations(BITS, size)
        if _is_open(_opened(edges, sum(failed)), search)
    ]
    assert (search.found.depth if search.found else None) == min((mask.bit_count() for mask in opening), default=None)
    assert set(_masks(search)) <= set(opening)
    for removed in range(1 << len(BITS)):
        without = Without(graph, edges, removed).found(search)
        assert (removed in opening) == bool(without and without.depth == 0)
