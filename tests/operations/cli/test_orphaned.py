"""Orphaned stacks are reported by every command on all stacks, and evaluated, until they are destroyed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from formats.errors import InputError
from tests.operations.cli.fakes import CliRunner, FakeGate, stack

MESSAGE = (
    "tre-ended is deployed and the estate no longer has its request: restore the file, or scripts/sde destroy tre-ended"
)


@pytest.fixture
def orphaned(sde: CliRunner) -> CliRunner:
    """A deployed estate with an orphaned stack, and one whose resources were destroyed."""
    sde.engine.has = {s.name: ["a", "b"] for s in sde.catalog.stacks} | {"tre-ended": ["a"], "tre-gone": []}
    sde.catalog.orphaned_stacks = [
        stack("tre-ended", "platform", "safe-haven", is_orphaned=True),
        stack("tre-gone", "platform", "safe-haven", is_orphaned=True),
    ]
    return sde


def test_an_orphaned_stack_is_listed_as_orphaned(orphaned: CliRunner) -> None:
    assert orphaned("stacks", "--json") == 0
    states = {line["name"]: line["state"] for line in orphaned.lines}
    assert states["tre-ended"] == "orphaned"
    assert states["tre-heart"] == "up"
    assert "tre-gone" not in states
    orphaned("stacks")
    assert "orphaned" in orphaned.out


def test_a_locked_orphaned_stack_is_listed_with_both(orphaned: CliRunner) -> None:
    orphaned.engine.locked = "ada@sde (process 7)"
    orphaned("stacks", "--json")
    (found,) = [line for line in orphaned.lines if line["name"] == "tre-ended"]
    assert (found["state"], found["locked_by"]) == ("orphaned", "ada@sde (process 7)")


def test_an_unreadable_orphaned_stack_does_not_hide_the_others(
    orphaned: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = orphaned.engine.state

    def state(name: str) -> object:
        if name == "tre-ended":
            raise InputError("The state file is damaged.", file="/state/tre-ended.json")
        return read(name)

    monkeypatch.setattr(orphaned.engine, "state", state)
    assert orphaned("stacks", "--json") == 2
    states = {line["name"]: line["state"] for line in orphaned.lines[:-1]}
    assert (states["tre-ended"], states["platform"]) == ("unreadable", "up")


@pytest.mark.parametrize(
    ("command", "work"),
    [
        (("preview", "--all"), "preview"),
        (("up", "--all", "--yes"), "up"),
        (("policy", "check", "--all"), "preview"),
    ],
)
def test_a_command_on_all_stacks_exits_3_after_its_work(
    orphaned: CliRunner, command: tuple[str, ...], work: str
) -> None:
    assert orphaned(*command, "--cloud", "local") == 3
    assert [name for call, name in orphaned.engine.calls if call == work] == ["platform", "safe-haven", "tre-heart"]
    assert f"warning: {MESSAGE}" in orphaned.err
    assert f"error: {MESSAGE}" in orphaned.err
    assert "tre-gone" not in orphaned.err


def test_the_warning_is_an_object_with_json(orphaned: CliRunner) -> None:
    orphaned("preview", "--all", "--cloud", "local", "--json")
    (warning,) = [line for line in orphaned.lines if line["event"] == "warning"]
    assert warning == {"event": "warning", "kind": "orphaned", "stack": "tre-ended", "message": MESSAGE}


def test_an_orphaned_stack_of_another_cloud_is_not_reported(orphaned: CliRunner) -> None:
    assert orphaned("preview", "--all", "--cloud", "azure") == 0
    assert "tre-ended" not in orphaned.err
    assert ("auto", "local") not in orphaned.chosen, "its state is not read"


def test_a_command_on_named_stacks_does_not_report_it(orphaned: CliRunner) -> None:
    assert orphaned("up", "platform", "--yes") == 0
    assert orphaned.err == ""


@pytest.mark.parametrize(
    "command", [("preview",), ("up", "--yes"), ("policy", "check"), ("policy", "flows"), ("export", "plan", "-o", "-")]
)
def test_a_command_that_needs_the_request_names_the_missing_one(orphaned: CliRunner, command: tuple[str, ...]) -> None:
    orphaned.catalog.differing = [Path("Pulumi.platform.yaml")]
    assert orphaned(*command, "tre-ended") == 2
    assert f"error: {MESSAGE}" in orphaned.err
    assert orphaned.engine.calls == []
    assert orphaned.catalog.differing, "no file is written"


def test_a_destroyed_orphaned_stack_is_no_stack(orphaned: CliRunner) -> None:
    assert orphaned("preview", "tre-gone") == 2
    assert "no such stack" in orphaned.err


def test_a_refusal_by_policies_keeps_the_warning(orphaned: CliRunner) -> None:
    gate(orphaned).refuses = {"platform"}
    assert orphaned("preview", "--all", "--cloud", "local") == 3
    assert f"warning: {MESSAGE}" in orphaned.err
    assert "The policies refuse platform" in orphaned.err


def test_policy_check_evaluates_the_deployed_state_of_an_orphaned_stack(orphaned: CliRunner) -> None:
    gate(orphaned).refuses = {"tre-ended"}
    assert orphaned("policy", "check", "--all", "--cloud", "local") == 3
    assert "tre-ended" in gate(orphaned).evaluated
    assert "The policies refuse tre-ended" in orphaned.err


def test_once_destroyed_nothing_is_reported(orphaned: CliRunner) -> None:
    assert orphaned("destroy", "tre-ended", "--yes") == 0
    assert orphaned("preview", "--all", "--cloud", "local") == 0
    assert orphaned.err == ""


def gate(sde: CliRunner) -> FakeGate:
    assert sde.gate
    return sde.gate


def test_render_removes_the_configuration_of_stacks_that_are_gone(orphaned: CliRunner, tmp_path: Path) -> None:
    """That of a stack that still stands is kept: sde destroy needs it."""
    files = {name: tmp_path / f"Pulumi.{name}.yaml" for name in ("tre-ended", "tre-gone")}
    for one in orphaned.catalog.orphaned_stacks:
        files[one.name].write_text("config: {}\n")
    orphaned.catalog.orphaned_stacks = [
        replace(one, settings=replace(one.settings, file=files[one.name])) for one in orphaned.catalog.orphaned_stacks
    ]
    assert orphaned("render", "--check") == 1
    assert f"belongs to no stack: {files['tre-gone']}" in orphaned.out.replace("\n", "")
    assert files["tre-gone"].exists()
    assert orphaned("render") == 0
    assert [name for name, file in files.items() if file.exists()] == ["tre-ended"]
    assert orphaned("render", "--check") == 0
