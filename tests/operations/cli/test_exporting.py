from __future__ import annotations

import json
from pathlib import Path

from operations.plan import Plan
from tests.operations.cli.fakes import Desk


def test_a_plan_is_written_whole_and_reads_back(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert desk("export", "plan", "platform", "-o", str(file)) == 0
    assert len(Plan.from_json(json.loads(file.read_text())).resources) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_a_dash_is_stdout_and_only_the_document_is_there(desk: Desk) -> None:
    assert desk("export", "plan", "platform", "-o", "-") == 0
    assert Plan.from_json(json.loads(desk.out)).stack == "platform"


def test_the_state_is_exported(desk: Desk) -> None:
    desk.engine.has["platform"] = ["a"]
    assert desk("export", "state", "platform", "-o", "-") == 0
    assert json.loads(desk.out) == {"version": 3, "deployment": {"resources": ["a"]}}


def test_a_folder_that_is_not_there_is_named(desk: Desk, tmp_path: Path) -> None:
    target = str(tmp_path / "absent" / "plan.json")
    assert desk("export", "plan", "platform", "-o", target) == 2
    assert target in desk.err


def test_a_stack_that_waits_cannot_be_exported(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert desk("export", "plan", "safe-haven", "-o", str(file)) == 2
    assert not file.exists()
