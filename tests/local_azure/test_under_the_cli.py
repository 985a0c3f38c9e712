"""The local providers as the real Pulumi CLI starts and leaves them, with programs of the SDK's Automation API."""

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


class Desk:
    """A folder with a CLI that is pointed at the local Azure."""

    def __init__(self, folder: Path) -> None:
        assert CLI
        self.folder = folder
        (folder / "path").mkdir()
        path = f"{folder / 'path'}{os.pathsep}{CLI.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
        clean = {"PATH": path, "SDE_HOME": str(folder / "home")}
        self.environment = {**clean, **Settings.load(clean).local_environment(), "SUBSCRIPTION": SUBSCRIPTION}
        self.environment["PULUMI_SKIP_UPDATE_CHECK"] = "true"

    def start(self, action: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, action],
            env={**self.environment, **environment},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, action: str, **environment: str) -> str:
        process = self.start(action, **environment)
        said = process.communicate(timeout=120)[0]
        return f"{said}\nexit {process.returncode}"

    @property
    def plugins(self) -> Path:
        return Path(self.environment["PULUMI_HOME"]) / "plugins"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_local_providers_are_taken_without_a_warning(desk: Desk) -> None:
    said = desk.run("up")
    assert "2 created" in said
    assert "warning" not in said
    assert "$PATH" not in said


def test_a_state_of_an_older_sdk_finds_the_local_provider_too(desk: Desk) -> None:
    assert "2 created" in desk.run("up")
    (installed,) = desk.plugins.glob("resource-azure-native-v*/")
    installed.rename(desk.plugins / "resource-azure-native-v99.0.0")
    assert "2 deleted" in desk.run("destroy")


def test_a_stack_of_real_azure_is_not_served_by_the_local_one(desk: Desk) -> None:
    said = desk.run("up", SUBSCRIPTION="0b1f6471-1bf0-4dda-aec3-cb9272f09590")
    assert "the local Azure takes only subscriptions that begin with 10ca1" in said
    assert "exit 0" not in said


def test_a_provider_that_is_gone_is_not_replaced_by_the_real_one(desk: Desk) -> None:
    for folder in desk.plugins.glob("resource-azure-native-v*/"):
        for file in (*folder.iterdir(), folder):
            file.unlink() if file.is_symlink() else file.rmdir()
    said = desk.run("up")
    assert "exit 0" not in said
    assert "ownload" not in said
    assert not list(desk.plugins.glob("resource-azure-native-v*/"))


def test_the_providers_of_a_cli_that_is_killed_end(desk: Desk) -> None:
    """`SIGKILL` in the middle of an `up`: nothing of the CLI runs any more that could end them."""
    begun, ended, waiting = (desk.folder / name for name in ("begun", "ended", "waiting"))
    for link in desk.plugins.glob("*/pulumi-resource-*"):
        provider = ROOT / "local_azure" / "bin" / link.name
        link.unlink()
        link.write_text(f'#!/bin/sh\necho >>"{begun}"\n"{provider}" "$@"\necho >>"{ended}"\n')
        link.chmod(0o755)
    (desk.folder / "path" / "pulumi").write_text(f'#!/bin/sh\necho $$ >"{desk.folder}/pid"\nexec "{CLI}" "$@"\n')
    (desk.folder / "path" / "pulumi").chmod(0o755)
    process = desk.start("up", WAITING=str(waiting))
    try:
        _wait_until(waiting.exists, seconds=60)
        os.kill(int((desk.folder / "pid").read_text()), signal.SIGKILL)
        _wait_until(lambda: ended.exists() and ended.read_text() == begun.read_text(), seconds=10)
    finally:
        process.kill()
        process.communicate()


def _wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
