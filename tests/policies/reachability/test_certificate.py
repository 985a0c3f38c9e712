"""The certificate: the checker accepts every true one, and no one that was changed to say something false."""

from __future__ import annotations

import ast
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from formats.errors import Failed
from operations.settings import ROOT
from policies.reachability.certificate import WITH_ACCEPTED, WITHOUT_ACCEPTED, ProvedFlows, certificate, digest_of
from policies.reachability.forbidden_flows import analyse_flows
from scripts.check_certificate import Certificate, RejectedError, main, parse
from tests.policies.reachability.drawn_graphs import Links, links, report_of
from tests.policies.reachability.sample_estates import estate, seen

SOURCE = ROOT / "scripts/check_certificate.py"
TAMPERED = int(os.environ.get("SDE_TAMPERED", "60"))
"""How many changed certificates are tried. `scripts/soak` tries 1,000."""
Claims = dict[tuple[str, ...], int]


@pytest.fixture(scope="module")
def text() -> str:
    """The certificate of the estate with two tenancies."""
    return certificate(analyse_flows(seen(estate()), exhaustive=True), {"plans": {}})


def _check(text: str | bytes) -> Claims:
    return Certificate(parse(text if isinstance(text, bytes) else text.encode())).check()


def _written(values: Any) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":")) + "\n"


def test_the_checker_is_short_and_imports_the_standard_library_alone() -> None:
    source = SOURCE.read_text()
    assert len(source.splitlines()) <= 200
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {a.name for node in imports for a in node.names if isinstance(node, ast.Import)}
    names |= {node.module or "." for node in imports if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names


def test_the_estates_certificate_is_accepted_with_the_depths_of_the_flows(text: str) -> None:
    report = analyse_flows(seen(estate()))
    proved = _check(text)
    for flow in report.flows:
        key = (flow.kind.name.lower().replace("_", "-"), flow.source, flow.subject)
        claims = {name[3:]: claim for name, claim in proved.items() if name[:3] == key}
        assert min(claim for (_, moves), claim in claims.items() if moves == WITHOUT_ACCEPTED) == flow.depth
        assert min(claims.values()) == (flow.accepted.depth if flow.accepted else flow.depth)


def test_the_same_estate_has_the_same_certificate(text: str) -> None:
    assert certificate(analyse_flows(seen(estate()), exhaustive=True), {"plans": {}}) == text


@given(links)
@settings(max_examples=150)
def test_a_drawn_graphs_certificate_is_accepted(drawn: Links) -> None:
    report = report_of(drawn, barred="3", allowed=("1", "2"))
    (claim,) = _check(certificate(report, {})).values()
    found = report.flows[0].minimal_cut_sets
    assert claim == (found.depth if found else ProvedFlows(report).limit + 1)


@given(links, links)
@settings(max_examples=100)
def test_accepted_risks_have_claims_of_their_own(drawn: Links, accepted: Links) -> None:
    claims = {name[-1]: claim for name, claim in _check(certificate(report_of(drawn, accepted=accepted), {})).items()}
    every = report_of([*drawn, *accepted]).flows[0].minimal_cut_sets
    if WITH_ACCEPTED in claims:
        assert claims[WITH_ACCEPTED] == min(every.depth if every else 9, claims[WITHOUT_ACCEPTED])


def test_edges_that_contradict_the_search_are_an_error_of_the_analysis() -> None:
    """Without the second edge, the search finds two controls; the list of edges has it."""
    report = report_of([(0, 5, frozenset([0, 1]))])
    shorter = report_of([(0, 5, frozenset([0, 1])), (0, 5, frozenset([0]))])
    assert report.graph
    report.graph.made = shorter.graph.made  # type: ignore[attr-defined, union-attr]
    with pytest.raises(Failed, match="a path has only 1 controls"):
        certificate(report, {})


def test_a_digest_binds_the_file_to_what_sde_wrote(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flows.json"
    file.write_text(text)
    digest = digest_of(text)
    assert main([str(file), "--digest", digest]) == 0
    assert capsys.readouterr().out == (
        "without accepted risks: at least 3 controls prevent each of 12 flows\n"
        f"with accepted risks: at least 2 controls prevent each of 12 flows\naccepted: {digest}\n"
    )
    assert main([str(file)]) == 0
    assert "no --digest" in capsys.readouterr().out
    values = json.loads(text)
    del values["flows"][0]
    file.write_text(_written(values))
    assert main([str(file), "--digest", digest]) == 1
    assert capsys.readouterr().err.startswith("rejected: its digest is sha256:")
    assert main([str(tmp_path)]) == main([str(tmp_path / "missing")]) == 2


HOSTILE = {
    "no text": b"\xff\xfe",
    "empty": b"",
    "no object": b"[]\n",
    "NaN": b'{"format":NaN}\n',
    "nested too deeply": b"[" * 200_000,
    "a long number": b'{"format":' + b"9" * 5_000 + b"}\n",
    "too many values": b"[" + b"0," * 8_000_001,
    "a key twice": b'{"format":1,"format":1}\n',
    "a terminal's control characters": b'{"\\u001b[2J":1}\n',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_bytes_are_rejected_with_one_line(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(data)
    assert main([str(tmp_path / "file")]) == 1
    message = capsys.readouterr().err
    assert message.startswith("rejected: ")
    assert message.count("\n") == 1
    assert message.strip("\n").isprintable()


def test_a_certificate_with_too_much_work_is_rejected(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("scripts.check_certificate.MAX_STEPS", 100)
    with pytest.raises(RejectedError, match="too many steps"):
        _check(text)


def _one_flow(count: int, **flow: Any) -> str:
    """Return the certificate of a node with an edge to itself for each control, and of a node that it does not reach.

    The claim, of more controls than the limit, is true.
    """
    claim = {"flow": "f", "from": "n", "about": "u", "direction": "out", "moves": WITHOUT_ACCEPTED, "at_least": 3,
             "sources": [0], "sinks": [1], "barred": [], "approvals": 0, "labels": [[0, [count]]],
             "paths": []}  # fmt: skip
    return _written({
        "format": "sde-flow-certificate-1", "estate": {}, "limit": 2, "nodes": [["n", "0", ""], ["n", "1", ""]],
        "controls": [["c", str(one), ""] for one in range(count)], "sets": [*([one] for one in range(count)), []],
        "edges": [[0, one, [0]] for one in range(count)], "accepted": [], "approvals": [[]], "flows": [claim | flow],
    })  # fmt: skip


def test_a_long_path_is_rejected_at_the_first_control_too_many() -> None:
    """A path that collects controls up to its end would take minutes in a file of a few megabytes."""
    assert _check(_one_flow(10))
    with pytest.raises(RejectedError, match="too many controls"):
        _check(_one_flow(10, paths=[[[0, one, 0] for one in range(10)]]))


def test_a_source_that_is_a_sink_is_rejected() -> None:
    with pytest.raises(RejectedError, match="the source 0 is a sink"):
        _check(_one_flow(10, sinks=[0, 1]))


Place = tuple[Any, Any]
ODD = [True, None, 1.5, "1", -1, 10**6, [], [[]], {}, "\u001b[2J"]


def _places(value: Any) -> Iterator[Place]:
    """Yield every list and object in JSON values with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _odd_value(place: Place, chance: random.Random) -> None:
    place[0][place[1]] = chance.choice(ODD)


def _other_number(place: Place, chance: random.Random) -> None:
    values, key = place
    values[key] = values[key] + chance.choice([-1, 1]) if type(values[key]) is int else values[key]


def _removed(place: Place, _: random.Random) -> None:
    del place[0][place[1]]


def _again(place: Place, _: random.Random) -> None:
    values, key = place
    values.insert(key, values[key]) if isinstance(values, list) else values.update({f"{key}x": values[key]})


def _more(place: Place, chance: random.Random) -> None:
    values, key = place
    inside = values[key]
    inside.append(chance.randrange(30)) if isinstance(inside, list) else None


def _emptied(place: Place, _: random.Random) -> None:
    values, key = place
    values[key] = type(values[key])()


TAMPERINGS: list[Callable[[Place, random.Random], None]] = [
    _odd_value, _other_number, _removed, _again, _more, _emptied,
]  # fmt: skip


def _tampered(text: str, chance: random.Random) -> str:
    """Return a certificate with one change that its canonical form does not show."""
    values = json.loads(text)
    part = chance.choice(list(values))
    places = list(_places(values[part])) or [(values, part)]
    chance.choice(TAMPERINGS)(chance.choice([(values, part), *places]), chance)
    if chance.random() < 0.3:
        flow = chance.choice(values["flows"]) if values.get("flows") else {}
        if isinstance(flow, dict) and type(flow.get("at_least")) is int:
            flow["at_least"] += 1
            flow["paths"] = []
    return _written(values)


def _holds(values: Any) -> bool:
    """True if every claim is true in the graph of a certificate: each set of fewer failing controls, or of all that one
    path needs, is tried by going along every edge that it opens."""
    sets = [frozenset(one) for one in values["sets"]]
    edges = [(a, sets[number], ends) for a, number, ends in values["edges"]]
    return all(_claim_holds(flow, edges, values["approvals"][flow["approvals"]]) for flow in values["flows"])


def _claim_holds(flow: Any, edges: list[tuple[int, frozenset[int], list[int]]], approvals: list[list[int]]) -> bool:
    controls = sorted({c for _, needed, _ in edges for c in needed})
    smaller = combinations(controls, flow["at_least"] - 1) if flow["at_least"] else ()
    return not any(_opens(flow, edges, approvals, set(failed)) for failed in smaller)


def _opens(flow: Any, edges: list[tuple[int, frozenset[int], list[int]]], approvals: list[list[int]],
           failed: set[int]) -> bool:  # fmt: skip
    open_ = [(a, b) for a, needed, ends in edges if needed <= failed for b in ends if [a, b] not in approvals]
    reached = set(flow["sources"])
    while True:
        more = {b for a, b in open_ if a in reached}
        if more & set(flow["sinks"]):
            return True
        more -= reached | set(flow["barred"])
        if not more:
            return False
        reached |= more


def _drawn(chance: random.Random) -> Links:
    def number() -> int:
        return chance.randrange(6)

    return [
        (number(), number(), frozenset(chance.sample(range(5), chance.randrange(4))))
        for _ in range(chance.randrange(14))
    ]


def test_no_changed_certificate_with_a_false_claim_is_accepted() -> None:
    """Check drawn graphs, which are small enough to try every set of failing controls."""
    chance = random.Random(14)  # noqa: S311 - a sample that can be repeated
    rejected = accepted = 0
    for _ in range(1_000):
        report = report_of(_drawn(chance), barred=chance.choice("1234"))
        changed = _tampered(certificate(report, {"plans": {}}), chance)
        try:
            _check(changed)
        except RejectedError:
            rejected += 1
        else:
            accepted += 1
            assert _holds(json.loads(changed)), changed
    assert rejected > 500
    assert accepted > 50, "changes of what is not claimed, such as a name"


def test_no_changed_certificate_of_the_estate_has_its_digest(text: str, tmp_path: Path) -> None:
    chance = random.Random(14)  # noqa: S311
    file, digest = tmp_path / "flows.json", digest_of(text)
    for number in range(TAMPERED):
        data = bytearray(text.encode())
        if number % 2:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        else:
            data = bytearray(_tampered(text, chance).encode())
        if data.decode(errors="replace") != text:
            file.write_bytes(data)
            assert main([str(file), "--digest", digest]) == 1


def test_a_higher_claim_is_rejected_for_each_flow_of_the_estate(text: str) -> None:
    for number in range(len(json.loads(text)["flows"])):
        values = json.loads(text)
        flow = values["flows"][number]
        if flow["paths"]:
            flow["at_least"], flow["paths"] = flow["at_least"] + 1, []
            with pytest.raises(RejectedError):
                _check(_written(values))


def test_each_label_and_each_needed_edge_of_the_estate_counts(text: str) -> None:
    """Without a label the proof is not closed, and without an edge of a path the claim is not shown to be exact."""
    chance = random.Random(14)  # noqa: S311
    for _ in range(TAMPERED // 4):
        values = json.loads(text)
        flow = chance.choice([flow for flow in values["flows"] if flow["labels"]])
        _, labels = chance.choice(flow["labels"])
        labels.remove(chance.choice(labels))
        with pytest.raises(RejectedError):
            _check(_written(values))
        values = json.loads(text)
        start, set_, end = chance.choice(chance.choice([p for flow in values["flows"] for p in flow["paths"]]))
        edges = [one for key in ("edges", "accepted") for one in values[key] if one[:2] == [start, set_]]
        for targets in (one[2] for one in edges if end in one[2]):
            targets.remove(end)
        with pytest.raises(RejectedError):
            _check(_written(values))
