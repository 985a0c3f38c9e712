"""Bad input exits 2 with one message that names its source, and changes no file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.conftest import WITHOUT_POLICIES, Workspace

NEWER = json.dumps({"version": 9, "deployment": {}})
WRONG = {"PULUMI_CONFIG_PASSPHRASE": "a wrong passphrase"}


def refused(workspace: Workspace, *command: str) -> str:
    """Return the output of a command that must exit 2 without changing any file."""
    before = workspace.bytes()
    output = workspace.sde(*command, code=2)
    assert output.count("error: ") == 1
    assert workspace.bytes() == before
    return output


@pytest.mark.parametrize("stack", ["platform", "safe-haven"], ids=["without secrets", "with secrets"])
@pytest.mark.parametrize("command", ["preview", "up", "refresh"])
def test_a_wrong_passphrase_is_refused(deployed: Workspace, command: str, stack: str) -> None:
    deployed.environ = WRONG
    output = refused(deployed, command, stack, *([] if command == "preview" else ["--yes"]))
    assert "The passphrase is not the one" in output
    assert WRONG["PULUMI_CONFIG_PASSPHRASE"] not in output


def test_a_wrong_passphrase_destroys_nothing(deployed: Workspace) -> None:
    deployed.environ = WRONG
    refused(deployed, "destroy", "--all", "--yes")


def test_a_lost_passphrase_is_not_generated_again(deployed: Workspace) -> None:
    (deployed.home / "local/passphrase").unlink()
    assert "is missing" in refused(deployed, "preview", "platform")


DAMAGE: dict[str, Callable[[str], str]] = {
    "cut short": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "newer": lambda text: NEWER,
    "no URN": lambda text: (
        text.replace('"urn": "urn:pulumi:platform::', '"urn": "\\u001b[31m', 1)
        if '"urn": "' in text
        else text.replace('"urn":"urn:pulumi:platform::', '"urn":"\\u001b[31m', 1)
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_state_is_refused_and_kept(deployed: Workspace, damage: Callable[[str], str]) -> None:
    file = deployed.checkpoint("platform")
    file.write_text(damage(file.read_text()))
    for command in (("preview", "platform"), ("up", "--all", "--yes"), ("destroy", "--all", "--yes"), ("stacks",)):
        assert str(file) in refused(deployed, *command)


def test_a_lock_names_its_holder(deployed: Workspace) -> None:
    lock = deployed.home / "state/.pulumi/locks/organization/sde/platform/1.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(
        json.dumps({"pid": 1, "username": "ada", "hostname": "desk-7", "timestamp": "2026-11-01T10:00:00Z"})
    )
    output = refused(deployed, "up", "platform", "--yes")
    assert "ada" in output
    assert "cancel" in output
    deployed.sde("cancel", "platform")
    deployed.open_gate = WITHOUT_POLICIES
    deployed.sde("up", "platform", "--yes")


def test_a_locked_or_damaged_neighbour_is_refused(deployed: Workspace) -> None:
    lock = deployed.home / "state/.pulumi/locks/organization/sde/safe-haven/1.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(
        json.dumps({"pid": 1, "username": "ada", "hostname": "desk-7", "timestamp": "2026-11-01T10:00:00Z"})
    )
    output = deployed.sde("up", "platform", "--yes", code=3)
    assert "platform cannot be evaluated with the rest of the estate" in output
    assert "scripts/sde cancel safe-haven" in output
    state = deployed.home / "state/.pulumi/stacks/sde/safe-haven.json"
    lock.unlink()
    state.write_text(state.read_text()[:-200])
    assert "is truncated" in deployed.sde("preview", "platform", code=3)


def test_a_stack_without_its_platform_is_refused(bare: Workspace) -> None:
    bare.sde("render")
    assert "scripts/sde up platform" in refused(bare, "up", "tre-hcm-progression", "--yes")


def test_a_misspelt_stack_has_a_suggestion(deployed: Workspace) -> None:
    assert "did you mean platform?" in refused(deployed, "up", "platfrom", "--yes")
    assert "did you mean tre-hcm-progression?" in refused(deployed, "preview", "hcm-progression")


def test_an_export_to_a_folder_is_refused(deployed: Workspace, tmp_path: Path) -> None:
    assert str(tmp_path) in refused(deployed, "export", "plan", "platform", "-o", str(tmp_path))


def test_a_failed_import_leaves_no_pending_operation(deployed: Workspace) -> None:
    deployed.sde("import", "platform", "azure-native:network:VirtualNetwork", "x", "/subscriptions/1", code=1)
    assert not any(deployed.plans("platform").values())
    assert "importing" not in deployed.sde("up", "platform", "--yes")
