"""An expired stack is not changed, other stacks are; commands warn before the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.cli.stack_catalog import Stack
from operations.estate import Expiry, load
from tests.operations.cli.fakes import CliRunner
from tests.operations.estates import copy_with_ways_in

TODAY = date(2026, 11, 29)
LOCAL = ("--cloud", "local")


def expiry(days_left: int, key: str = "expires", fix: str = "Extend it.") -> Expiry:
    return Expiry("estate/requests/heart.yaml", key, TODAY + timedelta(days_left), days_left, fix)


def expire(sde: CliRunner, stack: str, *expiries: Expiry) -> None:
    def change(one: Stack) -> Stack:
        return replace(one, expiries=expiries) if one.name == stack else one

    sde.catalog.stacks = [change(one) for one in sde.catalog.stacks]


def calls(sde: CliRunner, call: str) -> list[str]:
    return [name for found, name in sde.engine.calls if found == call]


def warnings(sde: CliRunner) -> list[dict[str, Any]]:
    return [line for line in sde.lines if line.get("event") == "warning"]


@pytest.fixture
def deployed(sde: CliRunner) -> CliRunner:
    """All stacks are deployed, and the configuration of one differs from the estate."""
    sde.engine.has = {s.name: ["a"] for s in sde.catalog.stacks}
    sde.catalog.differing = [Path("Pulumi.platform.yaml")]
    return sde


def test_up_all_changes_the_others_and_exits_3(deployed: CliRunner) -> None:
    expire(deployed, "tre-heart", expiry(0))
    assert deployed("up", "--all", "--yes", *LOCAL) == 3
    assert calls(deployed, "up") == ["platform", "safe-haven"]
    assert (
        "tre-heart was not changed: it has expired\n"
        "  file:    estate/requests/heart.yaml\n"
        "  key:     expires\n"
        "  found:   2026-11-29\n"
        "  allowed: a day in the future\n"
        "  fix:     Extend it."
    ) in deployed.err


def test_a_stack_that_requires_an_expired_deployed_stack_is_changed(deployed: CliRunner) -> None:
    expire(deployed, "platform", expiry(-1))
    assert deployed("up", "--all", "--yes", *LOCAL) == 3
    assert calls(deployed, "up") == ["safe-haven", "tre-heart"]


def test_a_stack_that_requires_an_expired_stack_that_is_not_up_is_named(sde: CliRunner) -> None:
    expire(sde, "safe-haven", expiry(-1))
    assert sde("up", "--all", "--yes", *LOCAL) == 3
    assert calls(sde, "up") == ["platform"]
    assert "tre-heart was not changed: it requires safe-haven" in sde.err


@pytest.mark.parametrize(
    "command",
    [
        ("up", "tre-heart", "--yes"),
        ("up", "platform", "tre-heart", "--yes"),
        ("import", "tre-heart", "azure-native:storage:StorageAccount", "old", "/subscriptions/x"),
    ],
)
def test_a_command_that_names_an_expired_stack_changes_nothing(deployed: CliRunner, command: tuple[str, ...]) -> None:
    expire(deployed, "tre-heart", expiry(-28))
    assert deployed(*command) == 3
    assert "tre-heart was not changed" in deployed.err
    assert deployed.engine.calls == []
    assert deployed.catalog.differing, "no file is written"


def test_each_date_that_is_past_is_named(deployed: CliRunner) -> None:
    expire(deployed, "safe-haven", expiry(-2, "secrets_expire"), expiry(-1, "approval.expires"), expiry(9, "other"))
    assert deployed("up", "safe-haven", "--yes") == 3
    assert "  key:     secrets_expire\n  found:   2026-11-27\n" in deployed.err
    assert "  key:     approval.expires\n  found:   2026-11-28\n" in deployed.err
    assert "other" not in deployed.err


def test_up_all_writes_nothing_if_every_stack_expired(deployed: CliRunner) -> None:
    expire(deployed, "platform-north", expiry(-1))
    assert deployed("up", "--all", "--yes", "--cloud", "azure") == 3
    assert deployed.engine.calls == []
    assert deployed.catalog.differing


@pytest.mark.usefixtures("local_azure")
@pytest.mark.parametrize(
    "command",
    [
        ("preview", "--all"),
        ("preview", "tre-heart"),
        ("policy", "check", "--all"),
        ("export", "plan", "tre-heart", "-o", "-"),
        ("refresh", "tre-heart", "--yes"),
        ("destroy", "tre-heart", "--yes"),
        ("outputs", "tre-heart"),
    ],
)
def test_an_expired_stack_can_be_read_and_destroyed(deployed: CliRunner, command: tuple[str, ...]) -> None:
    expire(deployed, "tre-heart", expiry(-1))
    assert deployed(*command, *LOCAL) == 0


def test_preview_of_an_expired_stack_says_that_up_refuses(deployed: CliRunner) -> None:
    expire(deployed, "tre-heart", expiry(-1))
    deployed("preview", "tre-heart")
    assert "warning: estate/requests/heart.yaml, expires: 2026-11-28 is past, so up refuses tre-heart" in deployed.err
    assert "fix:     Extend it." in deployed.err


@pytest.mark.parametrize("command", [("preview", "tre-heart"), ("up", "tre-heart", "--yes")])
@pytest.mark.parametrize(("days", "warned"), [(61, False), (60, True), (30, True), (1, True)])
def test_commands_warn_from_60_days_before(
    deployed: CliRunner, command: tuple[str, ...], days: int, warned: bool
) -> None:
    expire(deployed, "tre-heart", expiry(days))
    assert deployed(*command, "--json") == 0
    assert [(w["days_left"], w["day"], w["key"], w["stacks"], w["urgent"]) for w in warnings(deployed)] == (
        [(days, str(TODAY + timedelta(days)), "expires", ["tre-heart"], days <= 30)] if warned else []
    )


def test_one_date_of_several_stacks_is_one_warning(deployed: CliRunner) -> None:
    shared = expiry(10, "approval.expires")
    for name in ("platform", "safe-haven"):
        expire(deployed, name, shared)
    deployed("preview", "--all", *LOCAL, "--json")
    assert [w["stacks"] for w in warnings(deployed)] == [["platform", "safe-haven"]]


def test_stacks_has_the_earliest_date(deployed: CliRunner) -> None:
    expire(deployed, "safe-haven", expiry(20, "secrets_expire"), expiry(500, "approval.expires"))
    expire(deployed, "tre-heart", expiry(-1))
    deployed("stacks", "--json")
    assert [line["expires"] for line in deployed.lines] == [None, "2026-12-19", "2026-11-28", None]
    deployed("stacks")
    assert "2026-12-19 in 20 days" in deployed.out
    assert "2026-11-28 expired" in deployed.out


def test_what_ends_within_some_days_is_listed_the_first_first(sde: CliRunner) -> None:
    expire(sde, "platform", expiry(80), expiry(200, "approval.expires"))
    expire(sde, "tre-heart", expiry(-1, "training"), expiry(80))
    assert sde("stacks", "--expires-within", "90") == 0
    assert [line.split()[0] for line in sde.out.splitlines()[1:]] == ["2026-11-28", "2027-02-17"]
    assert "platform, tre-heart" in sde.out
    assert sde("stacks", "--expires-within", "90", "--json") == 0
    assert [(line["name"], line["days_left"], len(line["ends"])) for line in sde.lines] == [
        ("platform", 80, 1), ("tre-heart", -1, 2)
    ]  # fmt: skip
    assert sde("stacks", "--expires-within", "90", "--cloud", "azure") == 0
    assert "Nothing ends within 90 days" in sde.out
    assert sde("stacks", "--expires-within", "-1") == 2


def test_ways_people_and_approvals_end_within_any_number_of_days(tmp_path: Path) -> None:
    copy_with_ways_in(tmp_path / "estate")
    found = load(tmp_path / "estate", today=TODAY)
    keys = {one.key for one in found.expiries("platform", 900) if one.days_left <= 900}
    assert {"approval.expires", "egress.bespoke[0].approval.expires", "staff[0].approval.expires"} == keys & {
        "approval.expires", "egress.bespoke[0].approval.expires", "staff[0].approval.expires", "people[0].expires"
    }  # fmt: skip
    assert "people[0].expires" in {one.key for one in found.expiries("platform", 1000)}
    assert [one.key for one in found.expiries("platform")] == ["approval.expires"]
