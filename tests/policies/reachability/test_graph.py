"""The search finds the fewest controls, each counted once, as trying every path does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import networkx as nx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.reachability import cut_sets
from policies.reachability.control_sets import (
    MAX_CONTROLS,
    Control,
    ControlKind,
    ControlRegistry,
    ControlSet,
    all_of,
    any_of,
    minimal,
)
from policies.reachability.cut_sets import minimal_cut_sets
from policies.reachability.graph import Edge, FlowGraph, Node
from tests.policies.reachability.drawn_graphs import BITS, CONTROLS, REGISTRY, Drawn, Links, links


def _by_hand(drawn: Links, node: int, seen: frozenset[int], gone: frozenset[int]) -> list[int]:
    """Return the number of controls on every path from a node to 5."""
    if node == 5:
        return [len(gone)]
    onward = [(end, more) for start, end, more in drawn if start == node and end not in seen]
    return [n for end, more in onward for n in _by_hand(drawn, end, seen | {end}, gone | more)]


@given(links)
@settings(max_examples=200)
def test_finds_the_fewest_controls_on_any_path(drawn: Links) -> None:
    found = minimal_cut_sets(cast(FlowGraph, Drawn(drawn)), ["0"], lambda node: node == "5", lambda _: True)
    expected = min(_by_hand(drawn, 0, frozenset([0]), frozenset()), default=None)
    assert (found.depth if found else None) == expected


@given(links)
@settings(max_examples=100)
def test_without_shared_controls_the_depth_is_the_shortest_path(drawn: Links) -> None:
    """With its own controls on each move, depths add up as path lengths do; networkx finds those."""
    registry, graph, apart = ControlRegistry(), nx.MultiDiGraph(), Drawn([])
    apart.registry = registry
    for number, (start, end, gone) in enumerate(drawn):
        bits = sum(registry.bit(Control(ControlKind.GRANT, f"{number} {one}")) for one in gone)
        apart.made.append((start, end, bits))
        graph.add_edge(start, end, weight=len(gone))
    found = minimal_cut_sets(cast(FlowGraph, apart), ["0"], lambda node: node == "5", lambda _: True)
    reached = graph.has_node(0) and graph.has_node(5) and nx.has_path(graph, 0, 5)
    length = nx.dijkstra_path_length(graph, 0, 5) if reached else None
    assert (found.depth if found else None) == (length if length is not None and length <= MAX_CONTROLS else None)


def test_a_control_met_twice_on_a_path_fails_once() -> None:
    """The longer path meets one control three times; the shorter meets two."""
    drawn: Links = [(0, 1, frozenset([0])), (1, 2, frozenset([0])), (2, 5, frozenset([0])), (0, 5, frozenset([1, 2]))]
    found = minimal_cut_sets(cast(FlowGraph, Drawn(drawn)), ["0"], lambda node: node == "5", lambda _: True)
    assert found
    assert (found.depth, found.paths[0].steps) == (1, ("0 to 1", "1 to 2", "2 to 5"))


def test_no_path_traverses_an_excluded_node() -> None:
    drawn: Links = [(0, 1, frozenset()), (1, 5, frozenset()), (0, 5, frozenset([1]))]
    found = minimal_cut_sets(cast(FlowGraph, Drawn(drawn)), ["0"], lambda node: node == "5", lambda node: node != "1")
    assert found
    assert found.depth == 1


masks = st.lists(st.integers(0, 31), max_size=6)


@given(masks, masks)
def test_combined_sets_contain_no_other_set(first: list[int], second: list[int]) -> None:
    one, other = minimal(map(ControlSet, first)), minimal(map(ControlSet, second))
    assert {path.mask for path in all_of(one, other)} == _least({a | b for a in first for b in second})
    assert {path.mask for path in any_of(one, other)} == _least({*first, *second})


def _least(masks: set[int]) -> set[int]:
    return {mask for mask in masks if not any(other != mask and other & mask == other for other in masks)}


@given(masks, masks, st.integers(0, 5))
def test_a_limit_leaves_out_larger_sets_alone(first: list[int], second: list[int], limit: int) -> None:
    one, other = minimal(map(ControlSet, first)), minimal(map(ControlSet, second))
    for limited, whole in ((all_of(one, other, limit=limit), all_of(one, other)),
                           (any_of(one, other, limit=limit), any_of(one, other))):  # fmt: skip
        assert limited == tuple(path for path in whole if path.size <= limit)


def test_no_alternative_means_impossible() -> None:
    assert any_of() == ()
    assert all_of(REGISTRY.requiring(CONTROLS[0]), ()) == ()


def test_a_control_keeps_its_bit() -> None:
    assert [REGISTRY.bit(control) for control in CONTROLS] == BITS
    assert list(REGISTRY.controls(BITS[1] | BITS[3])) == [CONTROLS[1], CONTROLS[3]]


def test_a_right_to_change_a_resource_removes_its_controls() -> None:
    own = Control(ControlKind.ROUTE, "a", resource="/subscriptions/s/resourcegroups/g/providers/p/t/a")
    paths = REGISTRY.requiring(own, CONTROLS[0])
    assert REGISTRY.without_controls_in(paths, ["/subscriptions/s/resourcegroups/g"]) == REGISTRY.requiring(CONTROLS[0])
    assert REGISTRY.without_controls_in(paths, ["/subscriptions/s/resourcegroups/other"]) == paths


class Bounded(Drawn):
    """Leaves out the edges that a search does not ask for, as an estate's graph may."""

    def outgoing(
        self, node: Node, is_relevant: Callable[[Node, int], bool], *rest: Any, with_accepted: bool
    ) -> Iterator[Edge]:
        _, bounds = rest
        for edge in super().outgoing(node, is_relevant, *rest, with_accepted=with_accepted):
            if bounds.fits(edge.control_set.mask, edge.techniques):
                yield edge


ONE, TWO = frozenset([0]), frozenset([1])


@given(links, links)
@example([(0, 1, frozenset()), (1, 5, TWO)], [(0, 4, ONE), (0, 5, TWO)])
@settings(max_examples=100)
def test_edges_that_a_search_does_not_ask_for_change_nothing(drawn: Links, accepted: Links) -> None:
    """With one path to report of each kind, so that a few edges are enough to leave others out."""
    for below in (None, 2, 3):
        found = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(cut_sets, "MAX_PATHS", 1)
            for kind in (Drawn, Bounded):
                graph = cast(FlowGraph, kind(drawn, accepted))
                found.append(
                    minimal_cut_sets(graph, ["0"], lambda n: n in ("4", "5"), lambda _: True, accepted_below=below)
                )
        assert found[0] == found[1]
