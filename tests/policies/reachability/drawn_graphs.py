"""Small drawn graphs in place of an estate's: six nodes, with up to three of five controls on an edge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from hypothesis import strategies as st

from policies.reachability.control_sets import MAX_CONTROLS, Control, ControlKind, ControlRegistry, ControlSet
from policies.reachability.cut_sets import Search
from policies.reachability.forbidden_flows import FlowKind, FlowReport, ForbiddenFlow
from policies.reachability.graph import Edge, FlowGraph, Node

REGISTRY = ControlRegistry()
CONTROLS = [Control(ControlKind.GRANT, str(number)) for number in range(5)]
BITS = [REGISTRY.bit(control) for control in CONTROLS]
TECHNIQUE = "run-command"
"""The technique of every edge whose risk is accepted."""
Links = list[tuple[int, int, frozenset[int]]]
Made = list[tuple[int, int, int]]
links = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.frozensets(st.integers(0, 4), max_size=3)), max_size=12
)


class Drawn:
    """A drawn graph in place of an estate's."""

    limit = MAX_CONTROLS

    def __init__(self, drawn: Links, accepted: Links | None = None) -> None:
        self.registry = REGISTRY
        self.made, self.accepted = _made(drawn), _made(accepted or [])

    def outgoing(
        self, node: Node, is_relevant: Callable[[Node, int], bool], *_: Any, with_accepted: bool
    ) -> Iterator[Edge]:
        every = [edge for start, edge in _edges(self.made) if start == node]
        if with_accepted:
            of_techniques = (edge for start, edge in _edges(self.accepted) if start == node)
            every += [edge._replace(techniques=(TECHNIQUE,)) for edge in of_techniques]
        return (edge for edge in every if is_relevant(edge.to, 0))

    def every_node(self) -> list[str]:
        return [str(number) for number in range(6)]

    def every_edge(self) -> Iterator[tuple[str, Edge, bool]]:
        yield from ((start, edge, False) for start, edge in _edges(self.made))
        yield from ((start, edge, True) for start, edge in _edges(self.accepted))


def _edges(made: Made) -> Iterator[tuple[str, Edge]]:
    for start, end, bits in made:
        yield str(start), Edge(str(end), ControlSet(bits), f"{start} to {end}")


def _made(drawn: Links) -> Made:
    return [(start, end, sum(1 << n for n in numbers)) for start, end, numbers in drawn]


def report_of(
    drawn: Links, barred: str = "", allowed: tuple[str, str] = ("", ""), accepted: Links | None = None
) -> FlowReport:
    """Return the analysis of a drawn graph with one flow, from 0 to 5, past a barred node and without one move.
    `accepted`: edges whose risk is accepted."""
    graph = cast(FlowGraph, Drawn(drawn, accepted))
    search = Search(graph, ("0",), lambda node: node == "5", frozenset({barred} - {""}), lambda *move: move == allowed)
    flow = ForbiddenFlow(FlowKind.PAST_STAGING, "drawn", "urn", frozenset(["stack"]), search.found)
    return FlowReport((flow,), (), graph=graph, searches={flow: (search,)})
