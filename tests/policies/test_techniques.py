"""docs/techniques.md: every technique of the list, with edges, policies and guardrails that exist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from policies.expected.guardrails import GUARDRAILS
from policies.reachability.control_plane import TECHNIQUES
from policies.rules import load

DOCUMENT = Path(__file__).parents[2] / "docs" / "techniques.md"
LIST = Path(__file__).parent / "techniques.txt"
NAME, POLICY = re.compile(r"`([^`]+)`"), re.compile(r"\b[A-Z]{2}\d+\b")
FURTHER = "## Edges that no technique above names"


def _rows(text: str) -> list[list[str]]:
    """Return the cells of each line of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| Tech", "| Edge"))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _techniques() -> list[list[str]]:
    return _rows(DOCUMENT.read_text(encoding="utf-8").partition(FURTHER)[0])


def _problems(row: Sequence[str]) -> list[str]:
    """Return what is wrong with a technique's line."""
    id_, words, edges, refused, remarks = row
    named = [*NAME.findall(edges), *NAME.findall(refused), *POLICY.findall(refused)]
    known = {*TECHNIQUES, *GUARDRAILS, *load()}
    return [
        *(f"{id_}: {one} does not exist" for one in named if one not in known),
        *([] if words else [f"{id_}: no description"]),
        *([] if named or remarks else [f"{id_}: neither a control nor a reason"]),
        *([] if NAME.search(edges) or edges == "none" else [f"{id_}: its edges are not named"]),
    ]


def test_every_technique_of_the_list_has_one_line() -> None:
    listed = [line for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert sorted(row[0] for row in _techniques()) == sorted(listed)


def test_each_line_names_edges_policies_and_guardrails_that_exist() -> None:
    assert [problem for row in _techniques() for problem in _problems(row)] == []


def test_every_edge_has_a_technique_or_a_line_of_its_own() -> None:
    further = _rows(DOCUMENT.read_text(encoding="utf-8").partition(FURTHER)[2])
    named = [one for row in _techniques() for one in NAME.findall(row[2])]
    own = [one for row in further for one in NAME.findall(row[0])]
    assert {*named, *own} == set(TECHNIQUES)
    assert len(own) == len(set(own))
    assert not set(own) & set(named)


@pytest.mark.parametrize("row", [
    ["AZT1", "words", "`no-such-edge`", "none", ""], ["AZT1", "words", "none", "ZZ9", ""],
    ["AZT1", "words", "none", "`no-such-guardrail`", ""], ["AZT1", "", "none", "none", "a reason"],
    ["AZT1", "words", "none", "none", ""], ["AZT1", "words", "", "TY1", ""],
])  # fmt: skip
def test_a_line_with_a_wrong_name_or_without_a_reason_is_found(row: list[str]) -> None:
    assert _problems(row)
