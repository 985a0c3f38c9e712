"""Bad input ends with exit code 2 and one message that says where; nothing at all has changed by then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.conftest import Place

NEWER = json.dumps({"version": 9, "deployment": {}})
WRONG = {"PULUMI_CONFIG_PASSPHRASE": "somebody elses"}


def refused(place: Place, *command: str) -> str:
    """The message of a command that must refuse, and leave every byte as it was."""
    before = place.bytes()
    said = place.sde(*command, code=2)
    assert said.count("error: ") == 1
    assert place.bytes() == before
    return said


@pytest.mark.parametrize("stack", ["platform", "safe-haven"], ids=["without secrets", "with secrets"])
@pytest.mark.parametrize("command", ["preview", "up", "refresh"])
def test_a_wrong_passphrase(standing: Place, command: str, stack: str) -> None:
    standing.environ = WRONG
    said = refused(standing, command, stack, *([] if command == "preview" else ["--yes"]))
    assert "The passphrase is not the one" in said
    assert WRONG["PULUMI_CONFIG_PASSPHRASE"] not in said


def test_a_wrong_passphrase_destroys_nothing(standing: Place) -> None:
    standing.environ = WRONG
    refused(standing, "destroy", "--all", "--yes")


def test_a_lost_passphrase_is_not_made_up_anew(standing: Place) -> None:
    (standing.home / "local/passphrase").unlink()
    assert "is gone" in refused(standing, "preview", "platform")


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
def test_a_state_that_cannot_be_trusted_is_kept(standing: Place, damage: Callable[[str], str]) -> None:
    file = standing.checkpoint("platform")
    file.write_text(damage(file.read_text()))
    for command in (("preview", "platform"), ("up", "--all", "--yes"), ("destroy", "--all", "--yes"), ("stacks",)):
        assert str(file) in refused(standing, *command)


def test_a_lock_names_its_holder(standing: Place) -> None:
    lock = standing.home / "state/.pulumi/locks/organization/sde/platform/1.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(
        json.dumps({"pid": 1, "username": "ada", "hostname": "desk-7", "timestamp": "2026-11-01T10:00:00Z"})
    )
    said = refused(standing, "up", "platform", "--yes")
    assert "ada" in said
    assert "cancel" in said
    standing.sde("cancel", "platform")
    standing.sde("up", "platform", "--yes")


def test_a_neighbour_that_somebody_is_changing_holds_the_gate_shut(standing: Place) -> None:
    lock = standing.home / "state/.pulumi/locks/organization/sde/safe-haven/1.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(
        json.dumps({"pid": 1, "username": "ada", "hostname": "desk-7", "timestamp": "2026-11-01T10:00:00Z"})
    )
    said = standing.sde("up", "platform", "--yes", code=3)
    assert "platform cannot be evaluated with the rest of the estate" in said
    assert "scripts/sde cancel safe-haven" in said
    state = standing.home / "state/.pulumi/stacks/sde/safe-haven.json"
    lock.unlink()
    state.write_text(state.read_text()[:-200])
    assert "not whole" in standing.sde("preview", "platform", code=3)


def test_a_stack_before_its_platform(bare: Place) -> None:
    bare.sde("render")
    assert "scripts/sde up platform" in refused(bare, "up", "tre-hcm-progression", "--yes")


def test_a_slip_of_the_pen(standing: Place) -> None:
    assert "did you mean platform?" in refused(standing, "up", "platfrom", "--yes")
    assert "did you mean tre-hcm-progression?" in refused(standing, "preview", "hcm-progression")


def test_an_export_to_a_place_that_cannot_be_written(standing: Place, tmp_path: Path) -> None:
    assert str(tmp_path) in refused(standing, "export", "plan", "platform", "-o", str(tmp_path))


def test_an_import_that_fails_leaves_nothing_open(standing: Place) -> None:
    standing.sde("import", "platform", "azure-native:network:VirtualNetwork", "x", "/subscriptions/1", code=1)
    assert not any(standing.plans("platform").values())
    assert "importing" not in standing.sde("up", "platform", "--yes")
