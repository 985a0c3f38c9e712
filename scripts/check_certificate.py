#!/usr/bin/env python3
"""Check a certificate of forbidden flows (`sde policy flows --certificate FILE`). It needs Python alone, and searches
nothing: for each node the certificate has labels, the smallest sets of failed controls with which data gets there. They
are a proof if they are closed: each source has the empty label, and each edge leads from a label to a set that contains
a label of its target, or that has as many controls as the flow claims. Then no path from a source to a sink has fewer.

Accepted means: in the graph of the file, each path of each flow has at least the claimed number of controls. It does
not mean that the graph is the estate's. With the digest that `sde` printed, the file is the one that `sde` wrote.
Exit codes: 0 accepted, 1 rejected, 2 wrong arguments or an unreadable file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

FORMAT = "sde-flow-certificate-1"
KEYS = ("format", "estate", "limit", "controls", "nodes", "sets", "edges", "accepted", "approvals", "flows")
NAMES = ("flow", "from", "about", "direction", "moves")
FLOW = ("at_least", "sources", "sinks", "barred", "approvals", "labels", "paths")
MAX_BYTES, MAX_VALUES, MAX_STEPS, MAX_LIMIT = 64 << 20, 8_000_000, 100_000_000, 64
Numbers = frozenset[int]


class RejectedError(Exception):
    """The certificate proves nothing."""


def require(holds: bool, problem: str) -> None:
    """Reject the certificate unless a condition holds."""
    if not holds:
        raise RejectedError(problem)


def parse(data: bytes) -> Any:
    """Return the values of a canonical JSON text, which is the only text for its values: no key is there twice."""
    values = sum(map(data.count, (b",", b"[", b"{")))
    require(len(data) <= MAX_BYTES and values <= MAX_VALUES, "it is too large")
    try:
        found = json.loads(data)
        text = json.dumps(found, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"
    except (ValueError, RecursionError, MemoryError) as error:
        raise RejectedError(f"it is no JSON text of a certificate ({type(error).__name__})") from None
    require(text.encode() == data, "it is not canonical: sorted keys, no spaces, no key twice")
    return found


def fields(value: Any, what: str, names: tuple[str, ...]) -> list[Any]:
    """Return the values of an object that has exactly these keys."""
    require(type(value) is dict and sorted(value) == sorted(names), f"{what} has other keys than {', '.join(names)}")
    return [value[name] for name in names]


def rows(value: Any, what: str, width: int | None = None) -> list[Any]:
    """Return a list; with `width`, a list of lists of that length."""
    require(type(value) is list, f"{what}: no list")
    require(width is None or all(type(row) is list and len(row) == width for row in value), f"{what}: malformed")
    return list(value)


def number(value: Any, below: int, what: str) -> int:
    """Return the number of an existing thing."""
    require(type(value) is int and 0 <= value < below, f"{what}: an unknown number")
    return int(value)


def numbers(value: Any, below: int, what: str) -> list[int]:
    """Return the numbers of different things, in ascending order."""
    found = [number(one, below, what) for one in rows(value, what)]
    require(all(first < second for first, second in pairwise(found)), f"{what}: a number twice, or out of order")
    return found


def count_of(value: Any, what: str) -> int:
    """Return the number of different things in rows of kind, id and description."""
    found = rows(value, what, 3)
    require(all(type(text) is str for row in found for text in row), f"{what}: an entry that is no text")
    require(len({(kind, id_) for kind, id_, _ in found}) == len(found), f"{what}: an entry twice")
    return len(found)


class Certificate:
    """A certificate with a valid graph."""

    def __init__(self, values: Any) -> None:
        format_, estate, limit, controls, nodes, sets, *edges, approvals, self.flows = fields(values, "the file", KEYS)
        require(format_ == FORMAT and type(estate) is dict and bool(self.flows), f"it is no {FORMAT} with flows")
        self.limit, self.steps = number(limit, MAX_LIMIT, "limit"), 0
        self.nodes, count = count_of(nodes, "nodes"), count_of(controls, "controls")
        self.sets = [frozenset(numbers(one, count, "sets")) for one in rows(sets, "sets")]
        require(len(set(self.sets)) == len(self.sets), "sets: an entry twice")
        require(all(len(one) <= self.limit for one in self.sets), "sets: more controls than the limit")
        usual, accepted = map(self._edges, edges)
        self.edges = {"without accepted risks": [usual], "with accepted risks": [usual, accepted]}
        lists = [rows(one, "approvals", 2) for one in rows(approvals, "approvals")]
        self.approvals = [{tuple(number(n, self.nodes, "approvals") for n in move) for move in one} for one in lists]

    def _edges(self, values: Any) -> dict[int, dict[int, Numbers]]:
        """Return the targets of edges, for each node and control set."""
        found: dict[int, dict[int, Numbers]] = {}
        for start, set_, targets in rows(values, "edges", 3):
            known = found.setdefault(number(start, self.nodes, "edges"), {})
            require(number(set_, len(self.sets), "edges") not in known, "edges: an entry twice")
            known[set_] = frozenset(numbers(targets, self.nodes, "edges"))
        return found

    def check(self) -> dict[tuple[str, ...], int]:
        """Return the number of controls that is proved for each flow."""
        flows = [Flow(self, fields(values, "a flow", NAMES + FLOW)) for values in rows(self.flows, "flows")]
        require(len({flow.name for flow in flows}) == len(flows), "flows: an entry twice")
        return {flow.name: flow.check() for flow in flows}


class Flow:
    """A forbidden flow, and the claim that is checked."""

    def __init__(self, graph: Certificate, values: list[Any]) -> None:
        *name, claim, sources, sinks, barred, approvals, labels, self.paths = values
        require(all(type(text) is str for text in name), "flows: a name that is no text")
        require(name[-1] in graph.edges, f"{name}: neither with nor without accepted risks")
        self.graph, self.name, self.edges = graph, tuple(name), graph.edges[name[-1]]
        self.claim = number(claim, graph.limit + 2, f"{name}: the claim")
        ends = (frozenset(numbers(one, graph.nodes, f"{name}")) for one in (sources, sinks, barred))
        self.sources, self.sinks, self.barred = ends
        self.ends = self.sinks | self.barred
        require(bool(self.sources and self.sinks), f"{name}: no source or no sink")
        self.approved = graph.approvals[number(approvals, len(graph.approvals), f"{name}: approvals")]
        self.labels: dict[int, list[Numbers]] = {}
        for node, sets in rows(labels, f"{name}: labels", 2):
            require(number(node, graph.nodes, f"{name}: labels") not in self.labels, f"{name}: a node's labels twice")
            self.labels[node] = [graph.sets[one] for one in numbers(sets, len(graph.sets), f"{name}: labels")]

    def check(self) -> int:
        """Reject the flow unless its labels are closed, and a path shows that a claim within the limit is exact."""
        for source in self.sources if self.claim else ():
            starts = source not in self.sinks and frozenset() in self.labels.get(source, ())
            require(starts, f"{self.name}: the source {source} is a sink, or has no empty label")
        for node, label in ((node, label) for node, labels in self.labels.items() for label in labels):
            self._follow(node, label)
        for path in rows(self.paths, f"{self.name}: paths"):
            self._walk(rows(path, f"{self.name}: a path", 3))
        require(bool(self.paths) or self.claim > self.graph.limit, f"{self.name}: no path has {self.claim} controls")
        return self.claim

    def _follow(self, node: int, label: Numbers) -> None:
        """Reject a label from which an edge leads to a sink or to no label, with fewer controls than are claimed."""
        for set_, ends in (one for edges in self.edges for one in edges.get(node, {}).items()):
            failed = label | self.graph.sets[set_]
            counted = [end for end in ends if len(failed) < self.claim and (node, end) not in self.approved]
            self.graph.steps += 1 + len(ends) + sum(len(self.labels.get(end, ())) for end in counted)
            require(self.graph.steps <= MAX_STEPS, "it takes too many steps to check")
            for end in counted:
                covered = end in self.barred or any(one <= failed for one in self.labels.get(end, ()))
                require(covered and end not in self.sinks, f"{self.name}: {len(failed)} controls from {node} to {end}")

    def _walk(self, path: list[Any]) -> None:
        """Reject a path that is none of the flow's, or that has more or fewer controls than are claimed."""
        at, failed = None, Numbers()
        for start, set_, end in path:
            valid = all(type(one) is int for one in (start, set_, end)) and (start, end) not in self.approved
            valid = valid and (start in self.sources if at is None else start == at not in self.ends)
            valid = valid and any(end in edges.get(start, {}).get(set_, ()) for edges in self.edges)
            require(valid and len(failed) <= self.claim, f"{self.name}: a path of no edges, or too many controls")
            at, failed = end, failed | self.graph.sets[set_]
        require(at in self.sinks and len(failed) == self.claim, f"{self.name}: a path to {at}, {len(failed)} controls")


def main(arguments: list[str] | None = None) -> int:
    """Check the certificate that the arguments name."""
    parser = argparse.ArgumentParser(description="Check a certificate of forbidden flows. Exits 0 if it is accepted.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--digest", help="sha256:…, as `sde policy flows` printed it: reject every other file")
    asked = parser.parse_args(arguments)
    try:
        with asked.file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        require(asked.digest in (None, digest), f"its digest is {digest}")
        proved = Certificate(parse(data)).check()
    except OSError as error:
        print(f"error: the certificate cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    except RejectedError as error:
        print(f"rejected: {ascii(str(error))[1:-1][:400]}", file=sys.stderr)
        return 1
    for moves in sorted({name[-1] for name in proved}, reverse=True):
        kept = [name for name in proved if name[-1] == moves]
        least, flows = min(proved[name] for name in kept), len({name[:3] for name in kept})
        print(f"{moves}: at least {least} controls prevent each of {flows} flows")
    print(f"accepted: {digest}" + ("" if asked.digest else "; no --digest, so anyone may have written this graph"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
