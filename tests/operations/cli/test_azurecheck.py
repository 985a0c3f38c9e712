"""`sde azure check`, and the first `up` that fails without what it names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local_azure.store import SETTINGS
from operations import preflight
from operations.cli.preconditions import with_hint
from operations.settings import Settings
from tests.kept_hosts import main
from tests.operations.estates import copy_estate

Run = Callable[..., tuple[int, str, str]]
LOCAL = "10ca1000-0000-4000-8000-000000000001"
REAL = "3c1f6f0e-0000-4000-8000-00000000abcd"


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs commands on a copy of the sample estate, with its own home."""
    copy_estate(tmp_path / "estate")
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--estate", str(tmp_path / "estate")], settings=settings)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_check_names_what_the_first_up_fails_on(sde: Run, tmp_path: Path) -> None:
    local = tmp_path / "home" / "local"
    local.mkdir(parents=True)
    (local / SETTINGS).write_text(f"subscriptions: {{{LOCAL}: {{unregistered_providers: [Microsoft.Insights]}}}}\n")
    code, out, err = sde("azure", "check", "platform", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    failed = [one for one in found if one["event"] == "finding" and not one["holds"]]
    assert (code, [one["what"] for one in failed]) == (1, ["provider Microsoft.Insights"])
    assert failed[0]["fix"] == f"az provider register --namespace Microsoft.Insights --subscription {LOCAL}"
    assert "1 check failed" in out + err

    code, out, err = sde("up", "platform", "--yes", "--engine", "embedded")
    assert code == 1
    assert "MissingSubscriptionRegistration" in out + err
    assert "fix:     scripts/sde azure check names this" in err


@pytest.mark.parametrize("command", [("up", "platform", "--yes"), ("azure", "check")])
def test_bad_settings_of_subscriptions_are_one_message(sde: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    local = tmp_path / "home" / "local"
    local.mkdir(parents=True)
    (local / SETTINGS).write_text(f"subscriptions: {{{LOCAL}: {{quota: 1}}}}\n")
    code, _, err = sde(*command)
    assert code == 2
    assert "quota" in err
    assert SETTINGS in err
    assert "infra/" not in err


@pytest.mark.parametrize(
    "message",
    [
        'Code="LinkedAuthorizationFailed" Message="…"',
        "ERROR CODE: MissingSubscriptionRegistration",
        "Code=OperationNotAllowed Message=Operation could not be completed as it results in exceeding approved "
        "standardDSv5Family Cores quota.",
        "cannot create already existing subresource '/subscriptions/…'",
    ],
)
def test_refusal_for_a_precondition_names_the_check(message: str) -> None:
    assert with_hint(message).endswith("each with its cure")
    assert with_hint(with_hint(message)) == with_hint(message)


def test_other_refusals_have_no_hint() -> None:
    assert (
        with_hint("Code=OperationNotAllowed Message=Disk is attached")
        == "Code=OperationNotAllowed Message=Disk is attached"
    )


def test_a_named_stack_is_checked_alone(sde: Run) -> None:
    code, out, _ = sde("azure", "check", "platform", "--json")
    found = {one["what"] for line in out.splitlines() if (one := json.loads(line))["event"] == "finding"}
    assert code == 0
    assert "provider Microsoft.Network" in found
    assert {"provider Microsoft.Compute", "Defender for Storage"}.isdisjoint(found)
    assert sde("azure", "check", "tre-none")[0] == 2


def test_needs_of_real_azure_are_learned_without_its_state(
    sde: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate = tmp_path / "estate/estate.yaml"
    estate.write_text(estate.read_text().replace("cloud: local", "cloud: azure").replace(LOCAL, REAL))
    asked: list[str] = []

    def send(_: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        asked.append(path)
        return (200, {"state": "Enabled"}) if path.count("/") == 2 else (404, {"error": {"code": "NotFound"}})

    monkeypatch.setattr(preflight, "default_credential", lambda: None)
    monkeypatch.setattr(preflight, "send_to_azure", lambda _: send)
    assert sde("azure", "check", "platform")[0] == 1
    assert {path.split("/")[2] for path in asked} == {REAL}
    assert f"/subscriptions/{REAL}/providers/Microsoft.OperationalInsights" in asked
    assert not (tmp_path / "home" / "state").exists()
