from __future__ import annotations

from pathlib import Path

import pytest

from formats.errors import InputError
from tests.operations.cli.fakes import Desk


def test_stacks_are_one_json_object_a_line(desk: Desk) -> None:
    desk.engine.has["platform"] = ["a"]
    assert desk("stacks", "--json") == 0
    assert [line["name"] for line in desk.lines] == ["platform", "safe-haven", "tre-heart", "platform-north"]
    assert desk.lines[0] == {
        "name": "platform", "kind": "platform", "cloud": "local", "cell": "one", "state": "up", "resources": 1,
        "updated": "2026-01-02T03:04:05Z", "requires": [],
    }  # fmt: skip
    assert desk.lines[2]["requires"] == ["platform", "safe-haven"]
    assert desk.lines[2]["state"] == "not up"


def test_a_locked_stack_says_so(desk: Desk) -> None:
    desk.engine.has["platform"], desk.engine.locked = ["a"], "ada@desk (process 7)"
    desk("stacks", "--json")
    assert desk.lines[0]["state"] == "locked"
    assert desk.lines[0]["locked_by"] == "ada@desk (process 7)"


def test_stacks_is_a_table_for_people(desk: Desk) -> None:
    desk.engine.has["platform"] = ["a"]
    assert desk("stacks") == 0
    assert "platform" in desk.out
    assert "2026-01-02 03:04" in desk.out


def test_outputs_mask_secrets_unless_asked(desk: Desk) -> None:
    desk.engine.values["platform"] = {"hub": "vnet-1", "key": "hunter2"}
    assert desk("outputs", "platform") == 0
    assert "vnet-1" in desk.out
    assert "hunter2" not in desk.out
    desk("outputs", "platform", "--json")
    assert desk.lines == [{"hub": "vnet-1", "key": "[secret]"}]
    desk("outputs", "platform", "--show-secrets")
    assert "hunter2" in desk.out


def test_a_resource_is_taken_in(desk: Desk) -> None:
    assert desk("import", "platform", "azure-native:storage:StorageAccount", "old", "/subscriptions/x") == 0
    assert desk.engine.calls == [("import", "platform azure-native:storage:StorageAccount old /subscriptions/x")]


def test_a_lock_is_removed(desk: Desk) -> None:
    desk.engine.locked = "someone"
    assert desk("cancel", "platform") == 0
    assert desk.engine.locked is None
    assert desk("cancel", "platform") == 2


def test_render_writes_what_differs(desk: Desk) -> None:
    desk.catalog.differing = [Path("Pulumi.platform.yaml")]
    assert desk("render") == 0
    assert "wrote Pulumi.platform.yaml" in desk.out
    assert desk("render") == 0
    assert "is what the estate says" in desk.out


def test_render_check_writes_nothing_and_fails(desk: Desk) -> None:
    desk.catalog.differing = [Path("Pulumi.platform.yaml")]
    assert desk("render", "--check") == 1
    assert "Pulumi.platform.yaml" in desk.out
    assert "scripts/sde render" in desk.err
    assert desk.catalog.differing


def test_refresh_only_where_there_is_something(desk: Desk) -> None:
    desk.engine.has["platform"] = ["a"]
    assert desk("refresh", "--all", "--cloud", "local", "--yes") == 0
    assert [c for c in desk.engine.calls if c[0] == "refresh"] == [("refresh", "platform")]
    assert "safe-haven: not up" in desk.out


def test_a_state_that_cannot_be_read_does_not_hide_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.engine.has["safe-haven"] = ["a"]
    state = desk.engine.state
    corrupt = InputError("The state file is damaged.", file="/state/platform.json")
    monkeypatch.setattr(desk.engine, "state", lambda name: raise_(corrupt) if name == "platform" else state(name))
    assert desk("stacks", "--json") == 2
    assert [line.get("state") for line in desk.lines[:2]] == ["unreadable", "up"]
    assert desk.lines[-1]["file"] == "/state/platform.json"


def raise_(error: Exception) -> None:
    raise error
