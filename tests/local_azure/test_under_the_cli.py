"""The local providers under the real Pulumi CLI, with programs of the SDK's Automation API."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.settings import ROOT, Settings
from tests.local_azure.support import SUBSCRIPTION
from tests.pulumi_cli import CLI, needs_cli

pytestmark = needs_cli

PROGRAM = """
import os, sys, time
from pathlib import Path
from pulumi import automation

def program():
    from pulumi_azure_native import resources
    group = resources.ResourceGroup("group", resource_group_name="rg-one", location="uksouth")
    if waiting := os.environ.get("WAITING"):
        group.id.apply(lambda _: (Path(waiting).touch(), time.sleep(600)))

stack = automation.create_or_select_stack("dev", "under-the-cli", program)
stack.set_config("azure-native:subscriptionId", automation.ConfigValue(os.environ["SUBSCRIPTION"]))
getattr(stack, sys.argv[1])(on_output=print)
"""


class CliRunner:
    """Run a program with the CLI in a folder, configured for the local Azure."""

    def __init__(self, folder: Path, program: str = PROGRAM) -> None:
        assert CLI
        self.folder, self.program = folder, program
        (folder / "path").mkdir()
        path = f"{folder / 'path'}{os.pathsep}{CLI.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
        clean = {"PATH": path, "SDE_HOME": str(folder / "home")}
        self.environment = {**clean, **Settings.load(clean).local_environment(), "SUBSCRIPTION": SUBSCRIPTION}
        self.environment["PULUMI_SKIP_UPDATE_CHECK"] = "true"

    def start(self, action: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", self.program, action],
            env={**self.environment, **environment},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, action: str, **environment: str) -> str:
        process = self.start(action, **environment)
        output = process.communicate(timeout=120)[0]
        return f"{output}\nexit {process.returncode}"

    @property
    def plugins(self) -> Path:
        return Path(self.environment["PULUMI_HOME"]) / "plugins"


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    return CliRunner(tmp_path)


def test_cli_uses_the_local_providers_without_a_warning(runner: CliRunner) -> None:
    output = runner.run("up")
    assert "2 created" in output
    assert "warning" not in output
    assert "$PATH" not in output


def test_state_of_another_sdk_version_uses_the_local_provider(runner: CliRunner) -> None:
    assert "2 created" in runner.run("up")
    (installed,) = runner.plugins.glob("resource-azure-native-v*/")
    installed.rename(runner.plugins / "resource-azure-native-v99.0.0")
    assert "2 deleted" in runner.run("destroy")


def test_subscription_of_real_azure_is_refused(runner: CliRunner) -> None:
    output = runner.run("up", SUBSCRIPTION="0b1f6471-1bf0-4dda-aec3-cb9272f09590")
    assert "the local Azure takes only subscriptions that begin with 10ca1" in output
    assert "exit 0" not in output


def test_missing_local_provider_is_not_downloaded(runner: CliRunner) -> None:
    for folder in runner.plugins.glob("resource-azure-native-v*/"):
        for file in (*folder.iterdir(), folder):
            file.unlink() if file.is_symlink() else file.rmdir()
    output = runner.run("up")
    assert "exit 0" not in output
    assert "ownload" not in output
    assert not list(runner.plugins.glob("resource-azure-native-v*/"))


def test_providers_of_a_killed_cli_exit(runner: CliRunner) -> None:
    """After `SIGKILL` during an `up`, no process of the CLI is left to stop them."""
    started, ended, waiting = (runner.folder / name for name in ("begun", "ended", "waiting"))
    for link in runner.plugins.glob("*/pulumi-resource-*"):
        provider = ROOT / "local_azure" / "bin" / link.name
        link.unlink()
        link.write_text(f'#!/bin/sh\necho >>"{started}"\n"{provider}" "$@"\necho >>"{ended}"\n')
        link.chmod(0o755)
    (runner.folder / "path" / "pulumi").write_text(f'#!/bin/sh\necho $$ >"{runner.folder}/pid"\nexec "{CLI}" "$@"\n')
    (runner.folder / "path" / "pulumi").chmod(0o755)
    process = runner.start("up", WAITING=str(waiting))
    try:
        _wait_until(waiting.exists, seconds=60)
        os.kill(int((runner.folder / "pid").read_text()), signal.SIGKILL)
        _wait_until(lambda: ended.exists() and ended.read_text() == started.read_text(), seconds=10)
    finally:
        process.kill()
        process.communicate()


def _wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
