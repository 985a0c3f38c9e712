"""A run that is stopped half way, by a person, a pipeline or a power cut, is carried on by the same command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from operations.settings import ROOT
from tests.journeys.conftest import Place

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stopped(place: Place, number: signal.Signals) -> int:
    """Bring the platform up, stop that after its first steps; the exit code."""
    command = [sys.executable, "-m", "operations", "up", "platform", "--yes", "--estate", str(place.estate)]
    environ = {**os.environ, "SDE_HOME": str(place.home), "PATH": "/nowhere", "PYTHONUNBUFFERED": "1"}
    run = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in ASKING],  # noqa: PLW1509 - one thread
    )
    with run:
        assert run.stdout is not None
        for line in run.stdout:
            if " created" in line:
                break
        run.send_signal(number)
        run.stdout.read()
    return run.returncode


@pytest.mark.parametrize("number", ASKING)
def test_a_run_that_is_asked_to_stop_gives_its_lock_back(bare: Place, number: signal.Signals) -> None:
    assert stopped(bare, number) == 130
    assert not list((bare.home / "state/.pulumi/locks").rglob("*.json"))
    assert "created" in bare.sde("up", "platform", "--yes")
    assert not any(bare.plans("platform").values())


def test_a_run_that_is_killed_is_carried_on(bare: Place) -> None:
    assert stopped(bare, signal.SIGKILL) == -signal.SIGKILL
    assert "was removed" in bare.sde("up", "platform", "--yes")
    assert not any(bare.plans("platform").values())
