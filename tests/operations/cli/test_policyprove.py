"""`sde policy prove`: output and exit codes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from operations.cli import policyprove
from operations.mutation import checkov
from policies.model import Finding, Resource, Verdict
from policies.mutations.model import Mutant, Outcome, Refusal
from policies.mutations.proof import Proof
from tests.operations.cli.fakes import Desk

BEFORE = Resource("urn:pulumi:s::p::t::data", "storage:StorageAccount", "data", "platform", {"a": 1})
WEAK = Mutant("platform", BEFORE.urn, BEFORE.type, "data", "a = 2", "it would be open", BEFORE, BEFORE, "a")
CAUGHT = Refusal("ST1", "a is 2")


def proof(*refusals: dict[str, Refusal | None], before: tuple[Finding, ...] = ()) -> Proof:
    outcomes = tuple(Outcome(WEAK, found) for found in refusals)
    checkers = tuple(dict.fromkeys(checker for found in refusals for checker in found))
    return Proof(outcomes, checkers, ("platform",), before, date(2026, 1, 5), {"platform": "sha256:ab"})


@pytest.fixture
def found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Proof]:
    """The results of the run, set by the test."""
    desk.engine.has = {s.name: ["a"] for s in desk.catalog.stacks}
    results: list[Proof] = []
    monkeypatch.setattr(policyprove, "_proof", lambda *_, **__: results[0])
    return results


def test_all_refused_ends_well_and_says_how_many(desk: Desk, found: list[Proof]) -> None:
    both = {"gate": CAUGHT, "pack": CAUGHT}
    found.append(proof({**both, "pack alone": CAUGHT}, {**both, "pack alone": None}))
    assert desk("policy", "prove", "--all") == 0
    assert "gate refused 2 of 2 (100.0%)" in desk.out
    assert "pack refused 2 of 2 (100.0%)" in desk.out
    assert "pack alone refused 1 of 2 (50.0%)" in desk.out
    assert {call for call, _ in desk.engine.calls} == {"preview"}


def test_one_let_through_exits_3_and_is_named_with_its_harm(desk: Desk, found: list[Proof]) -> None:
    found.append(proof({"gate": None, "pack": None}, {"gate": CAUGHT, "pack": CAUGHT}))
    assert desk("policy", "prove", "platform") == 3
    assert "let through: platform: storage:StorageAccount data: a = 2 (it would be open)" in desk.out
    assert "The gate let 1 of 2 mutants through" in desk.err


@pytest.mark.parametrize("one", [{"gate": CAUGHT, "pack": None}, {"gate": None, "pack": CAUGHT}])
def test_gate_and_pack_that_differ_exit_3(desk: Desk, found: list[Proof], one: dict[str, Refusal | None]) -> None:
    found.append(proof(one))
    assert desk("policy", "prove", "platform") == 3
    assert "gate and pack differ: platform" in desk.out


def test_plans_that_do_not_pass_prove_nothing(desk: Desk, found: list[Proof]) -> None:
    refused = Finding("ST1", Verdict.FAIL, BEFORE.urn, BEFORE.type, "data", "platform", "a", "is open")
    found.append(proof({"gate": CAUGHT}, before=(refused,)))
    assert desk("policy", "prove", "platform") == 3
    assert "refused as it is: ST1 platform data: is open" in desk.out
    assert "nothing is proven" in desk.err


def test_nothing_to_weaken_proves_nothing(desk: Desk, found: list[Proof]) -> None:
    found.append(proof())
    assert desk("policy", "prove", "platform") == 3
    assert "There was nothing to weaken" in desk.err


def test_json_tells_every_mutant(desk: Desk, found: list[Proof], tmp_path: Path) -> None:
    found.append(proof({"gate": CAUGHT, "pack": CAUGHT}))
    assert desk("policy", "prove", "platform", "--json") == 0
    told = [json.loads(line) for line in desk.out.splitlines()]
    content: dict[str, Any] = next(line for line in told if line["event"] == "proof")
    assert content["holds"] is True
    assert content["doors"]["gate"] == {"refused": 1, "of": 1}
    assert content["outcomes"][0]["doors"]["pack"]["by"] == "ST1"
    file = tmp_path / "proof.json"
    assert desk("policy", "prove", "platform", "-o", str(file)) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["outcomes"] == content["outcomes"]


def test_a_file_that_cannot_be_written_is_said_before_the_work(desk: Desk) -> None:
    assert desk("policy", "prove", "platform", "-o", "/nowhere/at/all.json") == 2
    assert "This file cannot be written" in desk.err
    assert desk.engine.calls == []


def test_plans_that_cannot_be_judged_are_bad_input(desk: Desk) -> None:
    """All stacks of the estate plan one resource of one name."""
    desk.engine.has = {s.name: ["a"] for s in desk.catalog.stacks}
    assert desk("policy", "prove", "platform", "--door", "gate") == 2
    assert "Two resources have one id" in desk.err


def test_a_checkov_that_is_not_there_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk.engine.has = {s.name: ["a"] for s in desk.catalog.stacks}
    monkeypatch.setattr(checkov, "COMMAND", tmp_path / "checkov")
    assert desk("policy", "prove", "platform", "--door", "checkov") == 2
    assert "Checkov is not there" in desk.err
