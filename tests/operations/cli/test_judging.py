"""Policies between stacks are always evaluated: on the estate as the change leaves it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from operations.cli.gate import refuse
from operations.settings import Settings
from policies.judged_runs import FOLDER
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.estates import add_request, change, copy_estate

STAGING_STEWARDS = "5bbb7694-f292-5ef8-995d-ea3581a724bc"
GROUPS = ("researchers", "stewards", "checkers")


def new_request(estate: Path, project: str, **changes: Any) -> None:
    """Add a request with groups of its own."""
    add_request(estate, project, **{**{group: str(uuid4()) for group in GROUPS}, **changes})


def change_request(estate: Path, project: str, **changes: Any) -> None:
    change(estate / f"requests/{project}.yaml", lambda content: content.update(changes))


def run(folder: Path, *arguments: str) -> int:
    """Run a command on the estate in a folder."""
    settings = Settings.load({"SDE_HOME": str(folder / "home"), "PATH": "/nowhere"})
    return main([*arguments, "--engine", "embedded", "--estate", str(folder / "estate")], settings=settings)


@pytest.fixture(autouse=True, scope="module")
def groups_in_two_roles() -> Iterator[None]:
    """The estate's files refuse a group in two roles. The policies must too: they find what no file shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("operations.estate.request_files.refuse_groups_in_two_roles", lambda *_: None)
        yield


class Sde:
    """Runs commands on an estate."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.estate, self._capsys = folder, folder / "estate", capsys

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code and the output of both streams."""
        code = run(self.folder, *arguments)
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err

    @property
    def recorded(self) -> dict[str, Any]:
        """The recorded findings by stack."""
        return {f.stem: json.loads(f.read_text()) for f in (self.folder / "home/state" / FOLDER).glob("*.json")}


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Sde:
    shutil.copytree(deployed_estate(), tmp_path / "copy")
    return Sde(tmp_path / "copy", capsys)


def test_a_breach_in_a_new_estate_is_refused_at_the_stack_that_causes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_estate(tmp_path / "estate")
    sde = Sde(tmp_path, capsys)
    (sde.estate / "requests/hcm-progression.yaml").unlink()
    (sde.estate / "allocations.yaml").unlink()
    new_request(sde.estate, "frailty", researchers=STAGING_STEWARDS)
    code, out = sde("up", "--all", "--yes")
    assert code == 3
    assert re.search(r"The policies refuse .*: \d+ fail", out)
    assert "FL1" in out
    states = {line.split()[0]: line for line in sde("stacks")[1].splitlines() if line.startswith(("tre-", "safe-"))}
    assert "not up" in states["tre-frailty"]
    assert "not up" not in states["safe-haven"]


def test_a_waiting_request_switches_no_policy_off(sde: Sde) -> None:
    new_request(sde.estate, "second")
    change_request(sde.estate, "hcm-progression", checkers=STAGING_STEWARDS)
    code, out = sde("up", "tre-hcm-progression", "--yes")
    assert code == 3
    assert "not evaluated" not in out
    assert "FL1" in out


def test_a_breach_that_waits_does_not_block_other_stacks(sde: Sde) -> None:
    new_request(sde.estate, "second", researchers=STAGING_STEWARDS)
    change_request(sde.estate, "hcm-progression", cost_centre="RES-0002")
    code, out = sde("up", "tre-hcm-progression", "--yes")
    assert code == 0, out


def test_preview_of_all_stacks_evaluates_their_plans_together(sde: Sde) -> None:
    change_request(sde.estate, "hcm-progression", researchers=STAGING_STEWARDS)
    code, out = sde("preview", "--all")
    assert (code, out.count("Three controls prevent every flow from a zone")) == (3, 1)


# A breach that came into the cloud without an evaluation


@pytest.fixture(scope="module")
def breached_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deploy a breach past the gate, as a plain `pulumi up` without the policy pack does."""
    folder = tmp_path_factory.mktemp("breached") / "copy"
    shutil.copytree(deployed_estate(), folder)
    change_request(folder / "estate", "hcm-progression", researchers=STAGING_STEWARDS)
    new_request(folder / "estate", "other")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("operations.cli.gate.refuse", lambda reports: None)
        assert run(folder, "up", "tre-hcm-progression", "tre-other", "--yes") == 0
    return folder


@pytest.fixture
def breached(breached_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Sde:
    """Return an estate with a breach of its own."""
    shutil.copytree(breached_folder, tmp_path / "copy")
    return Sde(tmp_path / "copy", capsys)


@pytest.fixture(scope="module")
def recorded_folder(breached_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record the breach."""
    folder = tmp_path_factory.mktemp("recorded") / "copy"
    shutil.copytree(breached_folder, folder)
    assert run(folder, "policy", "check", "--all") == 3
    return folder


@pytest.fixture
def recorded(recorded_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Sde:
    """Return an estate with a recorded breach of its own."""
    shutil.copytree(recorded_folder, tmp_path / "copy")
    return Sde(tmp_path / "copy", capsys)


def test_an_unrecorded_breach_blocks_every_stack(breached: Sde) -> None:
    code, out = breached("up", "tre-other", "--yes")
    assert code == 3
    assert "no evaluation of the whole estate recorded" in out
    assert breached.recorded == {}, "a refused run records nothing, so that the next one is refused too"


def test_a_recorded_breach_does_not_block_another_stack(recorded: Sde) -> None:
    assert {f["policy"] for run in recorded.recorded.values() for f in run["findings"]} >= {"FL1"}
    code, out = recorded("up", "tre-other", "--yes")
    assert code == 0, out
    assert "caused by tre-hcm-progression, not by this change; recorded by policy check --all of 20" in out


def test_a_recorded_breach_does_not_block_the_stacks_that_it_is_about(recorded: Sde) -> None:
    assert recorded("up", "platform", "safe-haven", "--yes")[0] == 0


def test_a_recorded_breach_blocks_the_stack_that_causes_it(recorded: Sde) -> None:
    assert recorded("up", "tre-hcm-progression", "--yes")[0] == 3


def test_a_mended_breach_is_removed_from_the_record(recorded: Sde) -> None:
    change_request(recorded.estate, "hcm-progression", researchers=str(uuid4()))
    assert recorded("up", "--all", "--yes")[0] == 0
    assert recorded.recorded == {}


def test_a_check_of_all_stacks_records_the_deployed_estate(breached: Sde) -> None:
    change_request(breached.estate, "hcm-progression", researchers=str(uuid4()))
    code, out = breached("policy", "check", "--all")
    assert code == 0, out
    assert "(deployed; these plans remove it)" in out
    assert {f["policy"] for run in breached.recorded.values() for f in run["findings"]} >= {"FL1"}


def test_a_planned_breach_is_reported_and_not_recorded(sde: Sde) -> None:
    change_request(sde.estate, "hcm-progression", researchers=STAGING_STEWARDS)
    assert sde("policy", "check", "--all")[0] == 3
    assert sde.recorded == {}


def test_a_check_before_the_first_up_covers_what_can_be_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_estate(tmp_path / "estate")
    code, out = Sde(tmp_path, capsys)("policy", "check", "--all")
    assert code == 2
    assert re.search(r"checks pass.*of platform", out.replace("\n", " "))
    assert "safe-haven requires platform" in out


def test_up_of_all_stacks_ends_with_an_evaluation_of_the_whole_estate(
    sde: Sde, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a breach comes into the cloud after the last stack was evaluated."""
    change_request(sde.estate, "hcm-progression", researchers=STAGING_STEWARDS)
    monkeypatch.setattr("operations.cli.gate.refuse", lambda found: refuse([r for r in found if len(r.stacks) > 1]))
    code, out = sde("up", "--all", "--yes")
    assert code == 3
    assert "4 stacks, " in out
    assert {f["policy"] for run in sde.recorded.values() for f in run["findings"]} >= {"FL1"}


def test_a_damaged_record_is_refused_by_name(recorded: Sde) -> None:
    (file,) = (recorded.folder / "home/state" / FOLDER).glob("safe-haven.json")
    file.write_text('{"format": 1}')
    code, out = recorded("up", "tre-other", "--yes")
    assert code == 2
    assert f"{file}" in out
    assert "delete it, then run scripts/sde policy check --all" in out
