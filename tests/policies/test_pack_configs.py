"""The policy pack compares a stack with its configuration file, as it is rendered from the estate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from formats.plan import Plan
from operations.settings import ROOT
from policies.pack import PackAnalyzer
from policies.rules import load
from tests.policies import shipped

STACK = "tre-hcm-progression"
STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"
COMPARED = {id_: load()[id_] for id_ in ("IA8", "GV10", "VM20", "ST30")}


def with_a_stranger() -> Plan:
    plan = shipped.after(STACK)
    resources = (
        replace(r, inputs={**r.inputs, "principalId": STRANGER}) if r.name == "desk-researchers-sign-in" else r
        for r in plan.resources
    )
    return replace(plan, resources=tuple(resources))


def test_the_shipped_stack_passes_with_its_file(tmp_path: Path) -> None:
    (tmp_path / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": dict(shipped.settings(STACK))}))
    assert PackAnalyzer(policies=COMPARED, folder=tmp_path)._blocking_findings(shipped.after(STACK), COMPARED) == {}


@pytest.mark.parametrize("has_file", [True, False])
def test_a_stack_is_compared_with_its_file(has_file: bool, tmp_path: Path) -> None:
    analyzer = PackAnalyzer(policies=COMPARED, folder=ROOT if has_file else tmp_path)
    assert bool(analyzer._blocking_findings(with_a_stranger(), COMPARED)) is has_file


def test_a_damaged_file_blocks(tmp_path: Path) -> None:
    (tmp_path / f"Pulumi.{STACK}.yaml").write_text("config: {}\n")
    analyzer = PackAnalyzer(policies=COMPARED, folder=tmp_path)
    assert analyzer._blocking_findings(shipped.after(STACK), COMPARED)
