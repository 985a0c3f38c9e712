"""`sde validate`: every error of every file of the estate, and nothing else."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from operations.settings import ROOT
from policies.plan_evaluation import today
from tests.operations.cli.fakes import CliRunner
from tests.operations.estates import change, copy_with_ways_in, snapshot


def test_a_valid_estate_is_valid_and_no_file_is_written(sde: CliRunner, tmp_path: Path) -> None:
    copy_with_ways_in(tmp_path / "estate")
    before = snapshot(tmp_path)
    assert sde("--estate", str(tmp_path / "estate"), "validate") == 0
    assert "valid" in sde.out
    assert "4 stacks" in sde.out
    assert snapshot(tmp_path) == before
    assert sde.engine.calls == []


def test_every_error_of_every_file_is_told_at_once(sde: CliRunner, tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    copy_with_ways_in(estate)
    shutil.copy(ROOT / "estate/route.yaml", estate)
    change(estate / "estate.yaml", lambda data: data.update(region="mars", log_retention_days=3))
    change(estate / "requests/hcm-progression.yaml", lambda data: data.update(redundancy="none"))
    change(estate / "route.yaml", lambda data: data.update(route="nobody"))
    change(estate / "exemptions.yaml", lambda data: data.update(exemptions=[{"id": "a"}, {"id": "b"}]))
    for name, text in {
        "approvers/2.json": "{}", "requests/hcm-progression/0.json": "{", "assessments/hcm-progression.json": "{}",
        "actions/0/0.json": "{}",
    }.items():  # fmt: skip
        (estate / "approvals" / name).parent.mkdir(parents=True, exist_ok=True)
        (estate / "approvals" / name).write_text(text)
    assert sde("--estate", str(estate), "validate", "--json") == 2
    found = {(Path(line["file"]).name, line.get("key")) for line in sde.lines if line["event"] == "invalid"}
    assert {("estate.yaml", "region"), ("estate.yaml", "log_retention_days"), ("route.yaml", "route"),
            ("hcm-progression.yaml", "redundancy")} <= found  # fmt: skip
    assert {("exemptions.yaml", f"exemptions[{index}].policy") for index in (0, 1)} <= found
    assert {"2.json", "0.json", "hcm-progression.json", "0"} <= {name for name, _ in found}
    assert sde.lines[-1]["event"] == "error"


def test_an_exemption_that_does_not_apply_is_an_error_here(sde: CliRunner, tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    copy_with_ways_in(estate)
    change(estate / "exemptions.yaml", lambda data: data.update(exemptions=[exemption()]))
    assert sde("--estate", str(estate), "validate") == 2
    assert "it expired on" in sde.err


def exemption() -> dict[str, object]:
    people = ("dc29e773-8d51-564c-bca8-9ed1fa7a6277", "a794e3e2-9c27-5843-a475-0f38764e4f33")
    return {
        "id": "old", "policy": "ST3", "resource": "junction-zone:storage:StorageAccount:a", "owner": people[0],
        "approver": people[1], "second_approver": "a901f6e6-2c6f-54fb-bfee-6b0112cd08fb",
        "reason": "It was needed once, a long time ago.",
        "compensating_control": "One address is let in.", "granted": today() - timedelta(90),
        "expires": today() - timedelta(1),
    }  # fmt: skip
