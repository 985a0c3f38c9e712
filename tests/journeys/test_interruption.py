"""An interrupted or killed run is continued by the same command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from operations.settings import ROOT
from tests.journeys.conftest import WITHOUT_POLICIES, Workspace

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals with one handler (`test_app.py`)."""


def stopped(workspace: Workspace, number: signal.Signals) -> int:
    """Interrupt an `up` of the platform after its first step, and return the exit code."""
    command = [sys.executable, "-m", "operations", "up", "platform", "--yes", "--estate", str(workspace.estate)]
    environ = {**os.environ, "SDE_HOME": str(workspace.home), "PATH": "/nowhere", "PYTHONUNBUFFERED": "1"}
    run = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in INTERRUPTS],  # noqa: PLW1509 - one thread
    )
    with run:
        assert run.stdout is not None
        for line in run.stdout:
            if " created" in line:
                break
        run.send_signal(number)
        run.stdout.read()
    return run.returncode


def test_an_interrupted_run_releases_its_lock_and_is_continued(bare: Workspace) -> None:
    assert stopped(bare, signal.SIGHUP) == 130
    assert not list((bare.home / "state/.pulumi/locks").rglob("*.json"))
    bare.open_gate = WITHOUT_POLICIES
    assert "created" in bare.sde("up", "platform", "--yes")
    assert not any(bare.plans("platform").values())


def test_a_killed_run_is_continued(bare: Workspace) -> None:
    assert stopped(bare, signal.SIGKILL) == -signal.SIGKILL
    bare.open_gate = WITHOUT_POLICIES
    assert "was removed" in bare.sde("up", "platform", "--yes")
    assert not any(bare.plans("platform").values())
