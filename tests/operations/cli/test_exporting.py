from __future__ import annotations

import json
import os
from pathlib import Path

from formats.plan import Plan
from tests.operations.cli.fakes import CliRunner


def test_an_exported_plan_reads_back(sde: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert sde("export", "plan", "platform", "-o", str(file)) == 0
    assert len(Plan.from_json(json.loads(file.read_text())).resources) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_a_dash_writes_only_the_document_to_stdout(sde: CliRunner) -> None:
    assert sde("export", "plan", "platform", "-o", "-") == 0
    assert Plan.from_json(json.loads(sde.out)).stack == "platform"


def test_the_state_is_exported(sde: CliRunner) -> None:
    sde.engine.has["platform"] = ["a"]
    assert sde("export", "state", "platform", "-o", "-") == 0
    assert json.loads(sde.out) == {"version": 3, "deployment": {"resources": ["a"]}}


def test_a_pipe_or_a_device_is_written_to_and_not_replaced(sde: CliRunner, tmp_path: Path) -> None:
    """Renaming a file to `/dev/null`, as root can, would take it from every process."""
    os.mkfifo(pipe := tmp_path / "pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert sde("export", "plan", "platform", "-o", str(pipe)) == 0
    assert pipe.is_fifo()
    assert Plan.from_json(json.loads(os.read(reader, 1 << 20))).stack == "platform"
    os.close(reader)


def test_a_missing_folder_is_named(sde: CliRunner, tmp_path: Path) -> None:
    target = str(tmp_path / "absent" / "plan.json")
    assert sde("export", "plan", "platform", "-o", target) == 2
    assert target in sde.err


def test_a_stack_with_missing_requirements_is_not_exported(sde: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert sde("export", "plan", "safe-haven", "-o", str(file)) == 2
    assert not file.exists()


def test_neighbours_are_states_and_a_configuration_for_the_pack(sde: CliRunner, tmp_path: Path) -> None:
    sde.engine.has = {"platform": ["a"], "tre-heart": ["a", "b"]}
    folder = tmp_path / "neighbours"
    assert sde("export", "neighbours", "-o", str(folder), "--cloud", "local") == 0
    found = {f.stem: Plan.from_json(json.loads(f.read_text())) for f in (folder / "stacks").iterdir()}
    assert {name: len(plan.resources) for name, plan in found.items()} == {"platform": 1, "tre-heart": 2}
    configured = json.loads((folder / "policy-pack-config.json").read_text())
    assert configured == {
        "neighbours": {
            "enforcementLevel": "mandatory",
            "paths": [str(folder / "stacks")],
            "judged": str(folder / "judged"),
        }
    }


def test_a_destroyed_stack_is_removed_from_the_export(sde: CliRunner, tmp_path: Path) -> None:
    sde.engine.has = {"platform": ["a"], "tre-heart": ["a"]}
    for _ in range(2):
        assert sde("export", "neighbours", "-o", str(tmp_path), "--cloud", "local") == 0
        sde.engine.has.pop("tre-heart", None)
    assert [f.name for f in (tmp_path / "stacks").iterdir()] == ["platform.json"]


def test_a_folder_with_other_files_is_refused(sde: CliRunner, tmp_path: Path) -> None:
    sde.engine.has = {"platform": ["a"]}
    (tmp_path / "mine.json").write_text("{}")
    assert sde("export", "neighbours", "-o", str(tmp_path)) == 2
    assert [f.name for f in tmp_path.iterdir()] == ["mine.json"]


def test_without_deployed_stacks_the_export_is_refused(sde: CliRunner, tmp_path: Path) -> None:
    assert sde("export", "neighbours", "-o", str(tmp_path / "new")) == 2
    assert "No stack is up" in sde.err
