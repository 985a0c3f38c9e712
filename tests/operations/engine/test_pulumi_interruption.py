"""Interrupted runs of the Pulumi CLI: finished steps are kept, and the same command continues."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from formats.errors import InputError
from scripts.processes import descendants
from tests.operations.engine.pulumi_lab import Lab, wait_for
from tests.pulumi_cli import needs_cli
from tests.soak import in_soak_alone

pytestmark = [
    needs_cli,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked for in /proc"),
]

WAITING = """
import pathlib, time
first = random.RandomString("first", length=5)
def wait(_):
    if not pulumi.runtime.is_dry_run():
        pathlib.Path("{folder}/waiting").touch()
        while not pathlib.Path("{folder}/go").exists():
            time.sleep(0.02)
    return 5
random.RandomString("second", length=first.result.apply(wait))
"""


class Run:
    """`sde up` in a child process, which waits after its first resource."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        for name in ("waiting", "go"):
            (lab.folder / name).unlink(missing_ok=True)
        lab.program(WAITING.format(folder=lab.folder))
        self.process = lab.start("up", "lab", "--yes", "--engine", "pulumi")
        wait_for((lab.folder / "waiting").exists)

    def children(self, words: str) -> list[int]:
        """Return the child processes with this text in their command line, each before its own children."""
        return [pid for pid in descendants(self.process.pid) if words in _command(pid)]

    def goes_on(self) -> None:
        (self.lab.folder / "go").touch()

    def end(self, code: int) -> str:
        """Wait for the end, check that no child process survives, and return the output."""
        children = descendants(self.process.pid)
        try:
            said = self.process.communicate(timeout=30)[0]
        finally:
            self.goes_on()
        assert self.process.returncode == code, said
        assert "Traceback" not in said
        wait_for(lambda: not any(map(_command, children)))
        return said


def _command(pid: int) -> str:
    """Return a process's command line; empty if it does not exist or has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def names(lab: Lab) -> set[str]:
    resources = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]["resources"]
    return {r["urn"].split("::")[-1] for r in resources if "::random:" in r["urn"]}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(Lab(tmp_path))
    yield run
    run.goes_on()
    if run.process.poll() is None:
        run.process.kill()


def carries_on(lab: Lab) -> None:
    (lab.folder / "go").touch()
    lab.engine.up(lab.stack)
    assert names(lab) == {"first", "second"}


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=in_soak_alone)])
def test_interrupted_run_saves_the_state_and_prints_the_next_step(run: Run, number: signal.Signals) -> None:
    run.process.send_signal(number)
    said = run.end(130)
    assert "run the same command to continue" in said
    assert not list(run.lab.locks.glob("*"))
    assert names(run.lab) == {"first"}
    carries_on(run.lab)


def test_a_second_ctrl_c_stops_at_once(run: Run) -> None:
    for _ in range(2):
        run.process.send_signal(signal.SIGINT)
    assert "interrupted" in run.end(130)


def test_killed_run_leaves_no_process_and_an_abandoned_lock(run: Run) -> None:
    children = descendants(run.process.pid)
    assert len(children) >= 3  # the CLI, the program and a provider
    run.process.kill()
    run.process.wait()
    wait_for(lambda: not any(map(_command, children)))
    for engine in (run.lab.engine, run.lab.embedded()):
        with pytest.raises(InputError, match=r"a process that is no longer running\n.*\n.*scripts/sde cancel lab"):
            engine.up(run.lab.stack)
    run.lab.sde("cancel", "lab", "--engine", "pulumi")
    assert names(run.lab) == {"first"}
    carries_on(run.lab)


@pytest.mark.parametrize(
    ("child", "number", "words"),
    [
        ("program_host", 0, "its host was killed by SIGKILL"),
        ("program_host", 1, "The process that runs the program was killed by SIGKILL"),
        ("pulumi --non-interactive", 0, "the Pulumi CLI was killed by SIGKILL"),
    ],
)
def test_killed_child_process_fails_the_run(run: Run, child: str, number: int, words: str) -> None:
    os.kill(run.children(child)[number], signal.SIGKILL)
    assert words in run.end(1)
    assert names(run.lab) == {"first"}


def test_second_concurrent_run_is_refused(run: Run) -> None:
    said = run.lab.sde("up", "lab", "--yes", "--engine", "pulumi", code=2)
    assert said.count("error: ") == 1
    assert "Stack lab is locked by" in said
    assert "wait for that run to end" in said
    run.goes_on()
    assert "2 resources" in run.end(0)
    assert not list(run.lab.locks.glob("*"))
