"""A plan in a file is compared with the estate's files, if they name its stack."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from formats.plan import Plan
from operations.cli.app import main
from operations.settings import Settings
from tests.policies import shipped

STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"


def changed(plan: Plan, stack: str) -> Plan:
    """Return the plan of a stack of this name, with a stranger in place of the checkers."""
    resources = tuple(
        replace(r, inputs={**r.inputs, "principalId": STRANGER}) if r.name == "export-released-releases-writes" else r
        for r in plan.resources
    )
    text = json.dumps(replace(plan, resources=resources).to_json()).replace(plan.stack, stack)
    return Plan._read(json.loads(text))


@pytest.mark.parametrize("stack", ["tre-hcm-progression", "tre-of-another-estate"])
def test_a_file_is_compared_with_the_estate_that_names_its_stack(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"{stack}.json"
    file.write_text(json.dumps(changed(shipped.after("tre-hcm-progression"), stack).to_json()))
    main(["policy", "check", str(file)], settings=Settings.load({"SDE_HOME": str(tmp_path / "home")}))
    out = capsys.readouterr().out
    is_named = stack == "tre-hcm-progression"
    assert (f"is {STRANGER}, which the estate names for no such role" in out) is is_named
    assert (f"IA8 cannot be judged for {stack}" in out) is not is_named
