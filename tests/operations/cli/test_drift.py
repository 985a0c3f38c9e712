"""`sde drift`, `preview --refresh` and `refresh`: what differs, without a change of anything."""

from __future__ import annotations

import pytest

from formats.errors import Failed
from formats.plan import Operation
from tests.operations.cli.fakes import CliRunner, resource

WEAKER = resource("a", Operation.UPDATE, inputs={"tls": "1.0"}, old_inputs={"tls": "1.2"}, changed=("tls",))
GONE = resource("b", Operation.DELETE, protect=True)
ALL = ("--all", "--cloud", "local")

pytestmark = pytest.mark.usefixtures("local_azure")


@pytest.fixture
def up(sde: CliRunner) -> CliRunner:
    """All stacks in the local Azure are up, as the estate has them."""
    sde.engine.has = {name: ["a", "b"] for name in ("platform", "safe-haven", "tre-heart")}
    return sde


def test_nothing_differs(up: CliRunner) -> None:
    assert up("drift", *ALL) == 0
    assert up.out.count("The cloud is as the state has it.") == 3
    assert up.out.count("The state is as the estate has it.") == 3
    assert up.gate
    assert up.gate.evaluated == []


def test_only_what_differs_in_the_cloud_is_shown(up: CliRunner) -> None:
    up.engine.drifts["platform"] = (WEAKER, GONE, resource("c", Operation.SAME))
    assert up("drift", *ALL) == 3
    assert 'tls: "1.2" → "1.0"' in up.out
    assert "- b  storage account  gone from the cloud" in up.out
    assert "  c" not in up.out
    assert "1 resource differs, 1 is gone" in up.out
    assert "1 of 3 stacks differs:\n  platform: in the cloud 1 resource differs, 1 is gone" in up.err
    assert "scripts/sde preview platform --refresh" in up.err
    assert {call for call, _ in up.engine.calls} <= {"preview", "preview_refresh", "deployed"}


def test_a_difference_from_the_estate_is_shown(up: CliRunner) -> None:
    up.engine.plans["platform"] = (WEAKER,)
    assert up("drift", "platform") == 3
    assert "The state differs from the estate. Up would do this:" in up.out
    assert "platform: 1 change to deploy" in up.err


def test_a_stack_that_is_not_up_differs(sde: CliRunner) -> None:
    assert sde("drift", "platform") == 3
    assert "not up: the estate has it, and nothing is deployed" in sde.out
    assert not [call for call in sde.engine.calls if call[0].startswith("preview")]


def test_an_orphaned_stack_differs(up: CliRunner) -> None:
    up.catalog.orphaned_stacks = [up.catalog.stacks[2]]  # type: ignore[list-item]
    up.catalog.stacks = up.catalog.stacks[:2]
    assert up("drift", "tre-heart") == 3
    assert "The cloud is as the state has it." in up.out
    assert "The estate no longer has its request" in up.err
    assert "scripts/sde destroy tre-heart" in up.err


def test_drift_that_waits_for_its_deletion_is_none(up: CliRunner) -> None:
    up.engine.drifts["platform"] = (resource("a", Operation.DELETE, pending_delete=True),)
    assert up("drift", "platform") == 0


def test_the_findings_that_the_drift_causes_are_shown(up: CliRunner) -> None:
    assert up.gate
    up.gate.refuses, up.gate.refuses_changes = {"safe-haven"}, {"platform"}
    up.engine.drifts |= {"platform": (WEAKER,), "safe-haven": (WEAKER,)}
    assert up("drift", *ALL) == 3
    assert "platform a (StorageAccount) open is open" in up.out
    assert "safe-haven a (StorageAccount)" not in up.out, "its state has the finding too"
    assert up.gate.evaluated == ["platform", "safe-haven"] * 2


def test_json_has_both_comparisons(up: CliRunner) -> None:
    up.engine.drifts["platform"] = (WEAKER,)
    assert up("--json", "drift", "platform") == 3
    found, verdict, error = up.lines
    assert (found["event"], found["stack"], found["differs"]) == ("drift", "platform", True)
    assert [r["operation"] for r in found["drift"]["resources"]] == ["update"]
    assert found["plan"]["stack"] == "platform"
    assert (verdict["event"], error["code"]) == ("verdict", 3)


def test_hostile_names_are_harmless(up: CliRunner) -> None:
    evil = "evil\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}[red]"
    up.engine.drifts["platform"] = (resource(evil, Operation.DELETE),)
    assert up("drift", "platform") == 3
    assert "\x1b" not in up.out
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in up.out
    assert "[red]" in up.out


@pytest.mark.parametrize("command", [("drift",), ("refresh", "--yes"), ("preview", "--refresh")])
def test_a_missing_local_azure_is_not_an_empty_one(up: CliRunner, command: tuple[str, ...]) -> None:
    up.settings.local_db.unlink()
    assert up(*command, "platform") == 2
    assert "The local Azure's database is missing, and platform is up in it." in up.err
    assert str(up.settings.local_db) in up.err
    assert not up.settings.local_db.exists()
    assert up.engine.calls == []


@pytest.mark.parametrize("command", [("drift",), ("refresh", "--yes"), ("preview", "--refresh")])
def test_a_cloud_that_refuses_to_answer_is_one_message(up: CliRunner, command: tuple[str, ...]) -> None:
    up.engine.fails = Failed("a (storage account): AuthorizationFailed: no right to read")
    assert up(*command, "platform") == 1
    assert up.err.startswith("error: a (storage account): AuthorizationFailed: no right to read\n")
    assert up.err.count("error:") == 1
    assert "refresh" not in {call for call, _ in up.engine.calls}


def test_preview_with_refresh_plans_with_the_clouds_properties(up: CliRunner) -> None:
    assert up("preview", "platform", "--refresh") == 0
    assert up.engine.calls[0] == ("preview --refresh", "platform")


def test_refresh_shows_only_what_changes_in_the_state(up: CliRunner) -> None:
    up.engine.drifts["platform"] = (WEAKER, GONE, resource("c", Operation.SAME))
    assert up("refresh", "platform", "--yes") == 0
    assert 'tls: "1.2" → "1.0"' in up.out
    assert "- b  storage account  gone from the cloud" in up.out
    assert "updated  " not in up.out.split("stack  ")[0]
    assert ("refresh", "platform") in up.engine.calls


def test_refresh_asks_only_if_something_differs(up: CliRunner) -> None:
    assert up("refresh", "platform") == 0
    up.engine.drifts["platform"] = (WEAKER,)
    assert up("refresh", "platform") == 2
    assert "needs confirmation" in up.err
    assert up.engine.calls.count(("refresh", "platform")) == 1
