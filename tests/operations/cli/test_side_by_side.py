"""Stacks are deployed side by side, evaluated with each other, and a failure stops only those that need it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from formats.errors import Failed
from operations.cli.app import main
from operations.cli.run_progress import RunProgress, width, workers_for
from operations.settings import ROOT, Settings
from scripts.processes import descendants
from tests.made_once import deployed_estate
from tests.operations.cli.fakes import stack
from tests.operations.estates import add_request
from tests.soak import in_soak_alone

CHAIN = [stack("a"), stack("b", "a"), stack("c", "b")]
FAN = [stack("a"), stack("b", "a"), stack("c", "a"), stack("d", "b")]


class Sde:
    """Runs `sde` as a process of its own, which starts workers."""

    def __init__(self, folder: Path) -> None:
        self.estate, self.home = folder / "estate", folder / "home"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "operations", "--engine", "embedded", "--estate", str(self.estate)]
        environment = {**os.environ, "SDE_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen([*command, *arguments], env=environment, cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip

    def __call__(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=600)
        return process.returncode, out + err

    def states(self) -> dict[str, str]:
        """Return the state of each stack."""
        settings, out = Settings.load({"SDE_HOME": str(self.home), "PATH": "/nowhere"}), io.StringIO()
        with contextlib.redirect_stdout(out):
            assert main(["--json", "--estate", str(self.estate), "stacks"], settings=settings) == 0
        return {one["name"]: one["state"] for one in map(json.loads, out.getvalue().splitlines()) if "name" in one}


def new_requests(sde: Sde, *projects: str) -> None:
    for project in projects:
        groups = {group: str(uuid4()) for group in ("researchers", "stewards", "checkers")}
        add_request(sde.estate, project, **groups)


@pytest.fixture
def sde(tmp_path: Path) -> Sde:
    """Run commands on a copy of the deployed sample estate."""
    shutil.copytree(deployed_estate(), tmp_path / "copy")
    return Sde(tmp_path / "copy")


def test_the_width_is_the_number_of_stacks_that_can_run_at_once() -> None:
    assert (width(CHAIN), width(FAN), width([])) == (1, 2, 0)


def test_workers_are_started_for_three_stacks_each_at_least() -> None:
    assert workers_for(2) == 1
    assert workers_for(1000) == (os.cpu_count() or 1)
    assert workers_for(2, 8) == 2
    assert workers_for(100, 4) == 4


def test_a_failed_stack_stops_only_those_that_need_it() -> None:
    progress = RunProgress(FAN)
    started = []
    while one := progress.next_ready():
        started.append(one.name)
        if one.name == "b":
            progress.fail(one, Failed("no"))
        else:
            progress.finish(one)
    assert started == ["a", "b", "c"]
    assert progress.not_reached == {"d"}
    assert progress.text().splitlines()[:3] == ["2 of 4 stacks done", "  failed:      b", "  not reached: d"]
    with pytest.raises(Failed, match="no"):
        progress.raise_failures()


def test_one_project_of_a_shared_tenancy_is_at_work_at_a_time() -> None:
    """Azure accepts one write at a time to their common network."""
    shared = [stack(f"shared-{name}") for name in "ab"]
    projects = [stack("p", "shared-a"), stack("q", "shared-a"), stack("r", "shared-b"), stack("s", "shared-a")]
    progress = RunProgress(
        [*shared, *projects], done={one.name for one in shared}, started={one.name for one in shared}
    )
    first, other = progress.next_ready(), progress.next_ready()
    assert first and other
    assert ([first.name, other.name], progress.next_ready()) == (["p", "r"], None)
    assert progress.waiting_for(projects[1]) == ["p"]
    progress.finish(first)
    second = progress.next_ready()
    assert second and second.name == "q"
    progress.fail(second, Failed("no"))  # which stops no other project
    assert progress.next_ready() is projects[3]


@in_soak_alone  # test_whole_estate.py has eight stacks come up side by side
def test_stacks_side_by_side_come_up_and_a_second_run_changes_nothing(sde: Sde) -> None:
    new_requests(sde, "heart", "lung")
    code, out = sde("up", "--all", "--yes", "--parallel", "3")
    assert code == 0, out
    assert set(sde.states().values()) == {"up"}
    assert re.search(r"The whole estate\n +policies: \d+ checks pass", out)
    code, out = sde("preview", "tre-heart", "tre-lung", "--parallel", "2")
    assert code == 0, out
    assert out.count("Nothing to change") == 2


def test_a_killed_worker_fails_its_stack_alone(sde: Sde) -> None:
    new_requests(sde, "heart", "lung")
    process = sde.start("--json", "up", "tre-heart", "tre-lung", "--yes", "--parallel", "2")
    assert process.stdout
    killed = next(_workers_that_deploy(process))
    os.kill(killed, signal.SIGKILL)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 1, out + err
    assert "was killed by SIGKILL" in err
    assert "1 of 2 stacks done" in err
    code, out = sde("up", "--continue", "--yes")
    assert code == 0, out
    assert set(sde.states().values()) == {"up"}


# An interrupted process without workers is in tests/journeys/test_interruption.py.
def test_workers_whose_terminal_is_interrupted_end_in_order_and_continue(sde: Sde) -> None:
    interrupted(sde, os.killpg)  # the group of a process has its number if it began the session
    code, out = sde(*COMMAND)
    assert code == 0, out
    assert set(sde.states().values()) == {"up"}


def test_workers_whose_parent_is_interrupted_end_in_order(sde: Sde) -> None:
    interrupted(sde, os.kill)
    assert {"tre-heart", "tre-lung"} <= sde.states().keys()


COMMAND = ("up", "tre-heart", "tre-lung", "--yes", "--parallel", "2")


def interrupted(sde: Sde, send: Callable[[int, int], None]) -> None:
    """Interrupt two workers at their first step, and wait until all processes have ended."""
    new_requests(sde, "heart", "lung")
    process = sde.start("--json", *COMMAND)
    _wait_for_step(process)
    children = descendants(process.pid)
    assert len(children) > 2
    send(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    _wait_for_end(children)


def _wait_for_step(process: subprocess.Popen[str]) -> None:
    """Wait until a step has been applied."""
    assert process.stdout
    deadline = time.monotonic() + 300
    for line in process.stdout:
        assert time.monotonic() < deadline
        if '"step-done"' in line and '"create"' in line:
            return


def _wait_for_end(processes: list[int]) -> None:
    deadline = time.monotonic() + 20
    while left := [process for process in processes if _command(process)]:
        assert time.monotonic() < deadline, [_command(process) for process in left]
        time.sleep(0.05)


def _command(process: int) -> str:
    """Return a process's command line; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def _workers_that_deploy(process: subprocess.Popen[str]) -> Iterator[int]:
    """Yield the worker processes once a step has been applied."""
    _wait_for_step(process)
    for child in descendants(process.pid):
        if "spawn_main" in _command(child):
            yield child
