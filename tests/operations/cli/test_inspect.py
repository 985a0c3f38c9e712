from __future__ import annotations

from pathlib import Path

import pytest

from formats.errors import InputError
from tests.operations.cli.fakes import CliRunner


def test_stacks_are_one_json_object_a_line(sde: CliRunner) -> None:
    sde.engine.has["platform"] = ["a"]
    assert sde("stacks", "--json") == 0
    assert [line["name"] for line in sde.lines] == ["platform", "safe-haven", "tre-heart", "platform-north"]
    assert sde.lines[0] == {
        "name": "platform", "kind": "platform", "cloud": "local", "cell": "one", "state": "up", "resources": 1,
        "updated": "2026-01-02T03:04:05Z", "requires": [], "expires": None,
    }  # fmt: skip
    assert sde.lines[2]["requires"] == ["platform", "safe-haven"]
    assert sde.lines[2]["state"] == "not up"


def test_a_locked_stack_is_listed_with_its_holder(sde: CliRunner) -> None:
    sde.engine.has["platform"], sde.engine.locked = ["a"], "ada@sde (process 7)"
    sde("stacks", "--json")
    assert sde.lines[0]["state"] == "locked"
    assert sde.lines[0]["locked_by"] == "ada@sde (process 7)"


def test_stacks_is_a_table_for_people(sde: CliRunner) -> None:
    sde.engine.has["platform"] = ["a"]
    assert sde("stacks") == 0
    assert "platform" in sde.out
    assert "2026-01-02 03:04" in sde.out


def test_outputs_mask_secrets_without_show_secrets(sde: CliRunner) -> None:
    sde.engine.values["platform"] = {"hub": "vnet-1", "key": "hunter2"}
    assert sde("outputs", "platform") == 0
    assert "vnet-1" in sde.out
    assert "hunter2" not in sde.out
    sde("outputs", "platform", "--json")
    assert sde.lines == [{"hub": "vnet-1", "key": "[secret]"}]
    sde("outputs", "platform", "--show-secrets")
    assert "hunter2" in sde.out


def test_a_resource_is_imported(sde: CliRunner) -> None:
    assert sde("import", "platform", "azure-native:storage:StorageAccount", "old", "/subscriptions/x") == 0
    assert sde.engine.calls == [("import", "platform azure-native:storage:StorageAccount old /subscriptions/x")]


def test_a_lock_is_removed(sde: CliRunner) -> None:
    sde.engine.locked = "someone"
    assert sde("cancel", "platform") == 0
    assert sde.engine.locked is None
    assert sde("cancel", "platform") == 2


def test_render_writes_only_files_that_differ(sde: CliRunner) -> None:
    sde.catalog.differing = [Path("Pulumi.platform.yaml")]
    assert sde("render") == 0
    assert "wrote Pulumi.platform.yaml" in sde.out
    assert sde("render") == 0
    assert "matches the estate" in sde.out


def test_many_written_configurations_are_one_line(sde: CliRunner) -> None:
    sde.catalog.differing = [Path(f"Pulumi.tre-{number}.yaml") for number in range(20)]
    assert sde("up", "platform", "--yes") == 0
    assert [line for line in sde.out.splitlines() if "wrote" in line] == [
        "wrote Pulumi.tre-0.yaml, Pulumi.tre-1.yaml, Pulumi.tre-2.yaml and 17 others"
    ]


def test_render_check_writes_nothing_and_fails(sde: CliRunner) -> None:
    sde.catalog.differing = [Path("Pulumi.platform.yaml")]
    assert sde("render", "--check") == 1
    assert "Pulumi.platform.yaml" in sde.out
    assert "scripts/sde render" in sde.err
    assert sde.catalog.differing


@pytest.mark.usefixtures("local_azure")
def test_refresh_skips_stacks_that_are_not_up(sde: CliRunner) -> None:
    sde.engine.has["platform"] = ["a"]
    assert sde("refresh", "--all", "--cloud", "local", "--yes") == 0
    assert [c for c in sde.engine.calls if c[0] == "refresh"] == [("refresh", "platform")]
    assert "safe-haven: not up" in sde.out


def test_an_unreadable_state_does_not_hide_the_others(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    sde.engine.has["safe-haven"] = ["a"]
    state = sde.engine.state
    corrupt = InputError("The state file is damaged.", file="/state/platform.json")
    monkeypatch.setattr(sde.engine, "state", lambda name: raise_(corrupt) if name == "platform" else state(name))
    assert sde("stacks", "--json") == 2
    assert [line.get("state") for line in sde.lines[:2]] == ["unreadable", "up"]
    assert sde.lines[-1]["file"] == "/state/platform.json"


def raise_(error: Exception) -> None:
    raise error
