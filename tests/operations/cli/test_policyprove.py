"""`sde policy prove`: output and exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from operations.cli import policyprove
from operations.mutation import checkov
from policies.model import Finding, Resource, Verdict
from policies.mutations.model import AddedKind, Mutant, Outcome, Refusal
from policies.mutations.proof import Proof
from tests.operations.cli.fakes import CliRunner

BEFORE = Resource("urn:pulumi:s::p::t::data", "storage:StorageAccount", "data", "platform", {"a": 1})
WEAK = Mutant("platform", BEFORE.urn, BEFORE.type, "data", "a = 2", "it would be open", BEFORE, BEFORE, "a")
CAUGHT = Refusal("ST1", "a is 2")


def proof(*refusals: dict[str, Refusal | None], before: tuple[Finding, ...] = ()) -> Proof:
    outcomes = tuple(Outcome(WEAK, found) for found in refusals)
    detectors = tuple(dict.fromkeys(detector for found in refusals for detector in found))
    return Proof(outcomes, detectors, ("platform",), before, date(2026, 1, 5), {"platform": "sha256:ab"})


@pytest.fixture
def found(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> list[Proof]:
    """The results of the run, set by the test."""
    sde.engine.has = {s.name: ["a"] for s in sde.catalog.stacks}
    results: list[Proof] = []
    monkeypatch.setattr(policyprove, "_proof", lambda *_, **__: results[0])
    return results


def test_all_mutants_refused_exits_0_with_their_number(sde: CliRunner, found: list[Proof]) -> None:
    both = {"gate": CAUGHT, "pack": CAUGHT}
    found.append(proof({**both, "pack alone": CAUGHT}, {**both, "pack alone": None}))
    assert sde("policy", "prove", "--all") == 0
    assert "gate refused 2 of 2 (100.0%)" in sde.out
    assert "pack refused 2 of 2 (100.0%)" in sde.out
    assert "pack alone refused 1 of 2 (50.0%)" in sde.out
    assert {call for call, _ in sde.engine.calls} == {"preview"}


def test_an_accepted_mutant_exits_3_with_its_harm(sde: CliRunner, found: list[Proof]) -> None:
    found.append(proof({"gate": None, "pack": None}, {"gate": CAUGHT, "pack": CAUGHT}))
    assert sde("policy", "prove", "platform") == 3
    assert "not refused: platform: storage:StorageAccount data: a = 2 (it would be open)" in sde.out
    assert "The gate let 1 of 2 mutants through" in sde.err


def with_additions(*refusals: dict[str, Refusal | None], harmless: str = "") -> Proof:
    new = replace(WEAK, label="secretDoor added: 'x'", added=AddedKind.PROPERTY, harmless=harmless)
    return replace(proof({"gate": CAUGHT}), added=tuple(Outcome(new, found) for found in refusals))


def test_refused_and_harmless_additions_exit_0_with_their_numbers(sde: CliRunner, found: list[Proof]) -> None:
    found.append(with_additions({"gate": CAUGHT}, {"gate": CAUGHT}))
    listed = with_additions({}, harmless="a text for people").added
    found[0] = replace(found[0], added=(*found[0].added, *listed))
    assert sde("policy", "prove", "platform", "--json") == 0
    content = next(json.loads(line) for line in sde.out.splitlines() if '"proof"' in line)["added"]
    assert content["mutants"] == 3
    assert content["kinds"]["property"] == {"of": 3, "refused": 2, "harmless": 1}
    assert content["harmless"] == [
        {"type": WEAK.type, "added": "secretDoor added: 'x'", "because": "a text for people"}
    ]
    assert sde("policy", "prove", "platform") == 0
    (row,) = [line.split() for line in sde.out.splitlines() if line.startswith("property ")]
    assert row == ["property", "3", "2", "1", "0"]


def test_an_accepted_addition_exits_3_with_its_name(sde: CliRunner, found: list[Proof]) -> None:
    found.append(with_additions({"gate": None}))
    assert sde("policy", "prove", "platform") == 3
    assert "not refused: platform: storage:StorageAccount data: secretDoor added: 'x'" in sde.out
    assert "The gate let 1 of 2 mutants through" in sde.err


@pytest.mark.parametrize("one", [{"gate": CAUGHT, "pack": None}, {"gate": None, "pack": CAUGHT}])
def test_gate_and_pack_that_differ_exit_3(sde: CliRunner, found: list[Proof], one: dict[str, Refusal | None]) -> None:
    found.append(proof(one))
    assert sde("policy", "prove", "platform") == 3
    assert "gate and pack differ: platform" in sde.out


def test_refused_plans_prove_nothing(sde: CliRunner, found: list[Proof]) -> None:
    refused = Finding("ST1", Verdict.FAIL, BEFORE.urn, BEFORE.type, "data", "platform", "a", "is open")
    found.append(proof({"gate": CAUGHT}, before=(refused,)))
    assert sde("policy", "prove", "platform") == 3
    assert "refused without mutants: ST1 platform data: is open" in sde.out
    assert "nothing" in sde.err


def test_nothing_to_weaken_proves_nothing(sde: CliRunner, found: list[Proof]) -> None:
    found.append(proof())
    assert sde("policy", "prove", "platform") == 3
    assert "There was nothing to weaken" in sde.err


def test_json_has_every_mutant(sde: CliRunner, found: list[Proof], tmp_path: Path) -> None:
    found.append(proof({"gate": CAUGHT, "pack": CAUGHT}))
    assert sde("policy", "prove", "platform", "--json") == 0
    told = [json.loads(line) for line in sde.out.splitlines()]
    content: dict[str, Any] = next(line for line in told if line["event"] == "proof")
    assert content["holds"] is True
    assert content["doors"]["gate"] == {"refused": 1, "of": 1}
    assert content["outcomes"][0]["doors"]["pack"]["by"] == "ST1"
    file = tmp_path / "proof.json"
    assert sde("policy", "prove", "platform", "-o", str(file)) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["outcomes"] == content["outcomes"]


def test_an_unwritable_file_is_refused_before_the_run(sde: CliRunner) -> None:
    assert sde("policy", "prove", "platform", "-o", "/nowhere/at/all.json") == 2
    assert "This file cannot be written" in sde.err
    assert sde.engine.calls == []


def test_plans_that_cannot_be_evaluated_are_bad_input(sde: CliRunner) -> None:
    """All stacks of the estate plan one resource of one name."""
    sde.engine.has = {s.name: ["a"] for s in sde.catalog.stacks}
    assert sde("policy", "prove", "platform", "--door", "gate") == 2
    assert "Two resources have one id" in sde.err


def test_a_missing_checkov_is_reported(sde: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sde.engine.has = {s.name: ["a"] for s in sde.catalog.stacks}
    monkeypatch.setattr(checkov, "COMMAND", tmp_path / "checkov")
    assert sde("policy", "prove", "platform", "--door", "checkov") == 2
    assert "Checkov is not installed" in sde.err
