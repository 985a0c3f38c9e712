from __future__ import annotations

from typing import Any

import pytest

from formats.errors import Failed, InputError
from formats.plan import SECRET, UNKNOWN, Operation, Plan
from operations.engine.port import StackSettings
from tests.operations.cli.fakes import CliRunner, resource


def test_a_changed_tag_is_the_only_thing_shown(sde: CliRunner) -> None:
    changed = resource("a", Operation.UPDATE, inputs={"tags": {"owner": "new"}}, old_inputs={"tags": {"owner": "old"}},
                       changed=("tags.owner",))  # fmt: skip
    sde.engine.plans["platform"] = (changed, resource("b", Operation.SAME, inputs={"tags": {"owner": "new"}}))
    assert sde("preview", "platform", "--by-resource") == 0
    assert 'tags.owner: "old" → "new"' in sde.out
    assert "~ a  storage account" in sde.out
    assert "  b" not in sde.out
    assert "1 to update, 1 unchanged" in sde.out


def test_the_changes_are_shown_by_their_meaning_and_folded(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = tuple(
        resource(name, Operation.UPDATE, inputs={"tags": {"owner": "new"}}, old_inputs={"tags": {"owner": "old"}},
                 changed=("tags.owner",)) for name in ("a", "b")
    )  # fmt: skip
    assert sde("preview", "platform") == 0
    assert "Housekeeping" in sde.out
    assert 'tags.owner: "old" → "new"  on 2 storage accounts of platform: a, b' in sde.out


def test_a_replacement_names_what_forces_it(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a", Operation.REPLACE, inputs={"location": "ukwest"}, old_inputs={"location": "uksouth"},
                 changed=("location",), replaces=("location",)),
    )  # fmt: skip
    sde("preview", "platform")
    assert 'location: "uksouth" → "ukwest"  forces replacement' in sde.out


def test_secrets_and_unknowns_have_placeholders(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"key": SECRET, "rules": [{"ip": UNKNOWN}]},
                 old_inputs={"key": "was plain", "rules": [{"ip": "10.0.0.1"}]}, changed=("key", "rules[0].ip")),
    )  # fmt: skip
    sde("preview", "platform")
    assert "key: changes" in sde.out
    assert "was plain" not in sde.out
    assert 'rules[0].ip: "10.0.0.1" → (known after)' in sde.out


def test_a_secret_that_changes_shows_neither_value(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"k": SECRET}, old_inputs={"k": SECRET}, changed=("k",)),
    )
    sde("preview", "platform")
    assert "k: changes" in sde.out


def test_nothing_to_change_is_reported(sde: CliRunner) -> None:
    sde("up", "platform", "--yes")
    assert sde("preview", "platform") == 0
    assert "Nothing to change." in sde.out


def test_stacks_that_cannot_be_previewed_yet_are_named(sde: CliRunner) -> None:
    assert sde("preview", "--all", "--cloud", "local") == 2
    assert "2 to create" in sde.out
    assert "safe-haven requires platform" in sde.err
    assert "tre-heart requires platform and safe-haven" in sde.err
    assert "scripts/sde up platform" in sde.err


def test_control_characters_in_names_are_replaced(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (resource("evil\x1b[2J[red]", Operation.CREATE),)
    sde("preview", "platform")
    assert "\x1b" not in sde.out
    assert "[red]" in sde.out


def test_json_has_the_whole_plan(sde: CliRunner) -> None:
    assert sde("--json", "preview", "platform") == 0
    assert [line["event"] for line in sde.lines] == ["plan", "diff", "verdict"]
    assert len(sde.lines[0]["plan"]["resources"]) == 2


def test_an_inserted_rule_is_one_line(sde: CliRunner) -> None:
    first, last = ({"name": name, "priority": priority} for name, priority in (("dns", 100), ("deny", 4096)))
    added = {"name": "web", "priority": 110}
    sde.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"rules": [first, added, last]}, old_inputs={"rules": [first, last]},
                 changed=("rules[1].name", "rules[1].priority", "rules[2]")),
    )  # fmt: skip
    sde("preview", "platform", "--by-resource")
    assert [line.strip() for line in sde.out.splitlines() if "rules" in line] == [
        'rules[name=web]: + {"name": "web", "priority": 110}'
    ]


def test_a_removed_value_and_another_order_are_lines_of_their_lists(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"to": ["y"], "zones": ["2", "1"]},
                 old_inputs={"to": ["x", "y"], "zones": ["1", "2"]},
                 changed=("to[0]", "to[1]", "zones[0]", "zones[1]"), replaces=("zones[0]",)),
    )  # fmt: skip
    sde("preview", "platform", "--by-resource")
    assert 'to: - "x"\n' in sde.out
    assert 'zones: order ["1", "2"] → ["2", "1"]  forces replacement' in sde.out


def test_a_plan_that_cannot_be_evaluated_is_shown_by_resource(sde: CliRunner) -> None:
    sde("up", "platform", "--yes")
    sde.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"x": 2}, old_inputs={"x": 1}, changed=("x",)),
    )
    sde.engine.unreadable = InputError("The state cannot be read.")
    assert sde("preview", "platform") == 3
    assert "x: 1 → 2" in sde.out
    assert "cannot be evaluated" in sde.err


def test_a_stack_that_cannot_be_planned_hides_no_other(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error has its name, and ends the command after the others are shown."""
    sde.engine.has = {s.name: ["a"] for s in sde.catalog.stacks}
    preview = sde.engine.preview

    def failing(stack: StackSettings, **given: Any) -> Plan:
        if stack.name == "safe-haven":
            raise Failed("compute:Disk data: Code=ResizeDiskError\n  fix: set it back")
        return preview(stack, **given)

    monkeypatch.setattr(sde.engine, "preview", failing)
    assert sde("preview", "--all") == 1
    assert "safe-haven: compute:Disk data: Code=ResizeDiskError" in sde.err
    assert "fix: set it back" in sde.err
    later = [stack.name for stack in sde.catalog.stacks if stack.name not in ("platform", "safe-haven")]
    assert later
    assert all(name in sde.out for name in later)
