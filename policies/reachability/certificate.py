"""A certificate of the forbidden flows: the graph, each flow with its smallest cut, and a proof that no smaller set of
failing controls opens a path.

The proof is a closed set of labels. A label is a node and a set of failed controls with which data gets there. It is
closed if each edge leads from a label to a set that contains a label of its target, or that has as many controls as the
flow claims. `scripts/check_certificate.py` checks that without a search. The labels and paths come from the complete
list of edges, not from the search of `graph.py`, so that a certificate also checks that search.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any

from formats.errors import Failed
from policies.reachability.control_sets import Control
from policies.reachability.cut_sets import Search
from policies.reachability.forbidden_flows import FlowReport, ForbiddenFlow
from policies.reachability.graph import FlowGraph, Node, id_of, kind_of, label_of

FORMAT = "sde-flow-certificate-1"
WITHOUT_ACCEPTED, WITH_ACCEPTED = "without accepted risks", "with accepted risks"
"""The moves that a claim is about: without those whose risk a decision accepts, or with them."""
Moves = Mapping[Node, Mapping[int, Sequence[Node]]]
"""For each node and mask of controls, the nodes that data reaches if these controls fail."""
Labels = Mapping[Node, Sequence[int]]
"""For each node, the masks of its labels, none of which contains another."""


@dataclass(frozen=True)
class Claim:
    """One search of a flow, and the number of controls that every path has at least."""

    flow: ForbiddenFlow
    direction: str
    search: Search
    at_least: int
    masks: tuple[int, ...]
    """Sets of as many controls that open a path."""
    moves: str = WITHOUT_ACCEPTED
    """`WITHOUT_ACCEPTED` or `WITH_ACCEPTED`."""


class ProvedFlows:
    """The claims of an analysis with their proofs."""

    def __init__(self, report: FlowReport) -> None:
        assert report.graph  # noqa: S101 - every analysis has it; only the gate's copy does not
        self.graph: FlowGraph = report.graph
        self.report = report
        self._approvals: dict[Callable[[Node, Node], bool], frozenset[tuple[Node, Node]]] = {}

    @cached_property
    def limit(self) -> int:
        """The number of controls of the largest claim that a path shows. The graph's own, if more would have to fail
        than it counts."""
        found = [search.found for searches in self.report.searches.values() for search in searches]
        return max((one.depth for one in found if one), default=0) if all(found) else self.graph.limit

    @cached_property
    def claims(self) -> Sequence[Claim]:
        """Every claim, sorted."""
        return sorted(
            self._claims(),
            key=lambda one: (one.flow.kind.name, one.flow.source, one.flow.subject, one.direction, one.moves),
        )

    def _claims(self) -> Iterator[Claim]:
        for flow, searches in self.report.searches.items():
            for search, direction in zip(searches, ("from it", "to it"), strict=False):
                found, bit = search.found, self.graph.registry.bit
                masks = tuple(sum(map(bit, path.controls)) for path in found.paths) if found else ()
                usual = Claim(flow, direction, search, found.depth if found else self.limit + 1, masks)
                yield usual
                if self.edges["accepted"]:
                    yield self._with_accepted(usual)

    def _with_accepted(self, usual: Claim) -> Claim:
        """Return the claim for all moves."""
        claim, accepted = replace(usual, moves=WITH_ACCEPTED), usual.search.accepted
        _, smaller = self._explored(claim)
        if smaller is not None:
            claim = replace(claim, at_least=smaller.bit_count(), masks=(smaller,))
        if accepted and accepted.depth != claim.at_least:
            raise _contradiction(claim, f"it has {accepted.depth} for accepted risks")
        return claim

    @cached_property
    def edges(self) -> Mapping[str, Moves]:
        """Every edge of no more controls than the limit: the usual ones, and those whose risk a decision accepts."""
        edges: dict[str, dict[Node, dict[int, list[Node]]]] = {"usual": {}, "accepted": {}}
        for node, edge, is_accepted in self.graph.every_edge():
            if edge.control_set.size <= self.limit:
                moves = edges["accepted" if is_accepted else "usual"].setdefault(node, {})
                moves.setdefault(edge.control_set.mask, []).append(edge.to)
        return edges

    def _outgoing(self, node: Node, claim: Claim) -> Iterator[tuple[int, Sequence[Node]]]:
        """Yield the masks of a node's edges with their targets."""
        yield from self.edges["usual"].get(node, {}).items()
        if claim.moves == WITH_ACCEPTED:
            yield from self.edges["accepted"].get(node, {}).items()

    @cached_property
    def nodes(self) -> Sequence[Node]:
        """Every node, sorted."""
        return sorted(self.graph.every_node(), key=lambda node: (kind_of(node), id_of(node)))

    def approvals(self, search: Search) -> frozenset[tuple[Node, Node]]:
        """Return the moves that a search leaves out since they are allowed."""
        found = self._approvals.get(search.is_approval)
        if found is None:
            every = (one for moves in self.edges.values() for one in moves.items())
            pairs = ((start, end) for start, by_mask in every for ends in by_mask.values() for end in ends)
            found = self._approvals[search.is_approval] = frozenset(m for m in pairs if search.is_approval(*m))
        return found

    def sinks(self, search: Search) -> frozenset[Node]:
        """Return the nodes at which a forbidden path ends."""
        return frozenset(node for node in self.nodes if search.is_sink(node))

    def labels(self, claim: Claim) -> Labels:
        """Return the closed labels that prove a claim. Raises `Failed` if a path has fewer controls."""
        labels, smaller = self._explored(claim)
        if smaller is not None:
            raise _contradiction(claim, f"a path has only {smaller.bit_count()} controls")
        return labels

    def _explored(self, claim: Claim) -> tuple[Labels, int | None]:
        """Return the labels of fewer controls than a claim has, and the smallest set below it that opens a path."""
        search, order, labels = claim.search, count(), dict[Node, list[int]]()
        approvals, sinks = self.approvals(search), self.sinks(search)
        bound, smallest = claim.at_least, None
        heap = [(0, next(order), source, 0) for source in search.sources] if bound else []
        while heap and heap[0][0] < bound:
            _, _, node, label = heapq.heappop(heap)
            known = labels.setdefault(node, [])
            if _is_covered(label, known):
                continue
            known.append(label)
            for mask, ends in self._outgoing(node, claim):
                failed = label | mask
                size = failed.bit_count()
                for end in ends if size < bound else ():
                    if (node, end) in approvals:
                        continue
                    if end in sinks:
                        bound, smallest = size, failed
                        break
                    if end not in search.barred and not _is_covered(failed, labels.get(end, ())):
                        heapq.heappush(heap, (size, next(order), end, failed))
        return labels, smallest

    def paths(self, claim: Claim) -> Iterator[Sequence[tuple[Node, int, Node]]]:
        """Yield a path for each of the smallest sets of a claim, as edges with their masks."""
        for mask in claim.masks:
            found = self._open_path(claim, mask)
            if found is None:
                raise _contradiction(claim, "no path leads to a sink")
            yield found

    def _open_path(self, claim: Claim, failed: int) -> Sequence[tuple[Node, int, Node]] | None:
        """Return the shortest path whose controls are all among the failed ones, None if there is none."""
        search = claim.search
        approvals, sinks = self.approvals(search), self.sinks(search)
        before: dict[Node, tuple[Node, int, Node] | None] = dict.fromkeys(search.sources)
        todo = list(search.sources)
        for node in todo:
            for mask, ends in self._outgoing(node, claim):
                for end in ends if mask & failed == mask else ():
                    if (node, end) in approvals:
                        continue
                    if end in sinks:
                        return [*_back(before, node), (node, mask, end)]
                    if end not in before and end not in search.barred:
                        before[end] = (node, mask, end)
                        todo.append(end)
        return None


def _back(before: Mapping[Node, tuple[Node, int, Node] | None], node: Node) -> list[tuple[Node, int, Node]]:
    steps = []
    step = before[node]
    while step:
        steps.append(step)
        step = before[step[0]]
    return steps[::-1]


def _contradiction(claim: Claim, found: str) -> Failed:
    """Return an error of the analysis, which the edges of its own graph contradict."""
    return Failed(
        f"The flow analysis is wrong: {claim.flow.kind}, {claim.flow.source}, {claim.at_least} controls; {found}."
    )


def _is_covered(mask: int, labels: Iterable[int]) -> bool:
    return any(label & mask == label for label in labels)


def certificate(report: FlowReport, estate: Mapping[str, Any]) -> str:
    """Return the certificate of an analysis, as canonical JSON. `estate`: what identifies the estate, such as the
    digests of its plans."""
    values = _Numbered(ProvedFlows(report)).to_json()
    return json.dumps({**values, "estate": estate}, sort_keys=True, separators=(",", ":")) + "\n"


def digest_of(text: str) -> str:
    """Return the digest of a certificate, for the checker."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class _Numbered:
    """Proved flows with numbers for nodes, controls, and sets of controls, which are the same on every machine."""

    def __init__(self, proved: ProvedFlows) -> None:
        self.proved, registry = proved, proved.graph.registry
        self.nodes = {node: number for number, node in enumerate(proved.nodes)}
        claims = [one for one in proved.claims if proved.sinks(one.search)]  # nothing is to prove without a sink
        self.flows = [(one, proved.labels(one), list(proved.paths(one))) for one in claims]
        masks = {mask for moves in proved.edges.values() for by_mask in moves.values() for mask in by_mask}
        masks.update(mask for _, labels, _ in self.flows for found in labels.values() for mask in found)
        all_controls = 0
        for mask in masks:
            all_controls |= mask
        self.controls: dict[Control, int] = {c: n for n, c in enumerate(sorted(registry.controls(all_controls)))}
        rows = {mask: sorted(self.controls[c] for c in registry.controls(mask)) for mask in masks}
        self.sets = sorted(rows.values(), key=lambda row: (len(row), row))
        numbers = {tuple(row): number for number, row in enumerate(self.sets)}
        self.numbers = {mask: numbers[tuple(row)] for mask, row in rows.items()}
        self.approvals = list(dict.fromkeys(proved.approvals(one.search) for one in claims))

    def to_json(self) -> dict[str, Any]:
        """Return the certificate without the estate."""
        return {
            "format": FORMAT,
            "limit": self.proved.limit,
            "nodes": [[kind_of(node), id_of(node), label_of(node)] for node in self.nodes],
            "controls": [[str(control.kind), control.id, control.description] for control in self.controls],
            "sets": self.sets,
            "edges": self._edges(self.proved.edges["usual"]),
            "accepted": self._edges(self.proved.edges["accepted"]),
            "approvals": [sorted([self.nodes[a], self.nodes[b]] for a, b in one) for one in self.approvals],
            "flows": [self._flow(*one) for one in self.flows],
        }

    def _edges(self, moves: Moves) -> list[list[Any]]:
        return sorted(
            [self.nodes[node], self.numbers[mask], self._all(ends)]
            for node, by_mask in moves.items()
            for mask, ends in by_mask.items()
        )

    def _flow(self, claim: Claim, labels: Labels, paths: Iterable[Sequence[tuple[Node, int, Node]]]) -> dict[str, Any]:
        flow, search = claim.flow, claim.search
        return {
            "flow": flow.kind.name.lower().replace("_", "-"),
            "from": flow.source,
            "about": flow.subject,
            "direction": claim.direction,
            "moves": claim.moves,
            "at_least": claim.at_least,
            "sources": self._all(search.sources),
            "sinks": self._all(self.proved.sinks(search)),
            "barred": self._all(search.barred),
            "approvals": self.approvals.index(self.proved.approvals(search)),
            "labels": sorted([self.nodes[node], sorted(map(self._set, found))] for node, found in labels.items()),
            "paths": sorted([[self.nodes[a], self._set(mask), self.nodes[b]] for a, mask, b in path] for path in paths),
        }

    def _set(self, mask: int) -> int:
        return self.numbers[mask]

    def _all(self, nodes: Iterable[Node]) -> list[int]:
        return sorted({self.nodes[node] for node in nodes})
