"""`sde preview --summary` prints one page of folded changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, planned_outputs
from operations.engine.port import StackSettings
from tests.operations.cli.fakes import CliRunner, resource

RULE = {"name": "web", "access": "Allow"}


def updated(name: str, old: dict[str, Any], new: dict[str, Any], *changed: str, **more: Any) -> PlannedResource:
    return resource(name, Operation.UPDATE, inputs=new, old_inputs=old, changed=changed, **more)


@pytest.fixture
def summary(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Three deployed stacks in the local Azure, at 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")
    assert sde("up", "--all", "--yes", "--cloud", "local") == 0
    return sde


def preview(sde: CliRunner, plans: dict[str, tuple[PlannedResource, ...]]) -> list[str]:
    sde.engine.plans |= plans
    assert sde("preview", "--all", "--cloud", "local", "--summary") == 0
    return sde.out.splitlines()


def test_an_equal_change_of_many_stacks_is_one_line(summary: CliRunner) -> None:
    tags = {"tags": {"service": "a"}}, {"tags": {"service": "b"}}
    one, two = (updated(name, *tags, "tags.service") for name in "xy")
    lines = preview(summary, {"platform": (one, two), "tre-heart": (one,)})
    assert "2 of 3 stacks change: 3 to update, 2 unchanged" in lines
    assert '  ~ tags.service: "a" → "b"  on 3 storage accounts of platform and tre-heart' in lines
    assert sum("tags.service" in line for line in lines) == 1


def test_deleted_and_replaced_resources_are_named_first(summary: CliRunner) -> None:
    lines = preview(
        summary,
        {
            "platform": (
                resource("new", Operation.CREATE),
                resource("net", Operation.REPLACE, inputs={"location": "b"}, old_inputs={"location": "a"},
                         changed=("location",), replaces=("location",)),
            ),
            "tre-heart": (resource("data", Operation.DELETE, protect=True),),
        },
    )  # fmt: skip
    shown = [line for line in lines if line.startswith(("  -", "  ±", "  +", "  ~"))]
    assert shown == [
        "  - data  storage account of tre-heart  protected",
        "  ± net  storage account of platform  because of location",
        "  + in platform: 1 storage account",
        '  ~ location: "a" → "b"  forces replacement  on storage account net of platform',
    ]


def test_new_resources_are_counted_by_kind_and_stack(summary: CliRunner) -> None:
    new = tuple(resource(name, Operation.CREATE) for name in "xy")
    part = resource("part", Operation.CREATE, custom=False)
    lines = preview(summary, {"platform": (*new, part), "safe-haven": new, "tre-heart": new[:1]})
    assert [line for line in lines if line.startswith("  +")] == [
        "  + in each of 2 stacks (platform, safe-haven): 2 storage accounts",
        "  + in tre-heart: 1 storage account",
        "  + in platform: 1 component",
    ]


def test_outputs_are_changes_of_their_stacks(summary: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = summary.engine.preview

    def with_outputs(stack: StackSettings, **more: Any) -> Plan:
        after = {"id": "b", "key": SECRET, "reads": [stack.name]}
        return replace(planned(stack, **more), outputs=planned_outputs({"id": "a"}, after))

    monkeypatch.setattr(summary.engine, "preview", with_outputs)
    lines = preview(summary, {})
    assert "  + in each of 3 stacks (platform, safe-haven, tre-heart): 2 outputs (key, reads)" in lines
    assert '  ~ outputs.id: "a" → "b"  on 3 stacks' in lines


def test_an_added_rule_is_listed_with_its_properties(summary: CliRunner) -> None:
    plans = {
        stack: (updated("nsg", {"rules": []}, {"rules": [RULE | {"from": stack}]}, "rules[0]"),)
        for stack in ("platform", "safe-haven", "tre-heart")
    }
    lines = preview(summary, plans)
    start = next(index for index, line in enumerate(lines) if "rules" in line)
    assert lines[start : start + 2] == [
        "  ~ rules[name=web]: added on storage account nsg of 3 stacks, with 3 different values",
        '        access "Allow", from "platform" or "safe-haven" or "tre-heart"',
    ]
    lines = preview(summary, {"tre-heart": (updated("nsg", {"rules": [RULE]}, {"rules": []}, "rules[0]"),)})
    assert "  ~ rules[name=web]: removed on storage account nsg of tre-heart" in lines


def test_of_many_different_values_the_rarest_are_listed(summary: CliRunner) -> None:
    def many(stack: str, *values: int) -> tuple[PlannedResource, ...]:
        return tuple(updated(f"{stack}{n}", {"size": 0}, {"size": v}, "size") for n, v in enumerate(values))

    lines = preview(summary, {"platform": many("p", 1, 1, 2, 3), "tre-heart": many("t", 1, 3, 3, 4, 5, 5)})
    start = next(index for index, line in enumerate(lines) if "size" in line)
    assert lines[start : start + 5] == [
        "  ~ size: changes on 10 storage accounts of platform and tre-heart, with 5 different values",
        "      0 → 2  on storage account p2 of platform",
        "      0 → 4  on storage account t3 of tre-heart",
        "      0 → 5  on 2 storage accounts of tre-heart",
        "      and 2 others",
    ]


def test_secret_and_unknown_values_are_masked(summary: CliRunner) -> None:
    lines = preview(
        summary,
        {
            "platform": (
                updated("a", {"k": SECRET, "ip": "10.0.0.1"}, {"k": SECRET, "ip": UNKNOWN}, "ip", "k"),
                updated("b", {"rules": []}, {"rules": [RULE | {"key": SECRET}]}, "rules[0]"),
            )
        },
    )
    assert '  ~ ip: "10.0.0.1" → (known after)  on storage account a of platform' in lines
    assert "  ~ k: changes  on storage account a of platform" in lines
    assert '        access "Allow", key (secret)' in lines


def test_long_lines_are_wrapped_at_100_columns(summary: CliRunner) -> None:
    words = [f"word-{n}" for n in range(40)]
    plans = {"platform": (updated("a" * 70, {"to": None}, {"to": " ".join(words)}, "to"),)}
    lines = preview(summary, plans)
    assert max(map(len, lines)) <= 100
    assert all(any(word in line for line in lines) for word in words)


def test_control_characters_are_replaced(summary: CliRunner) -> None:
    old, new = {"tags": {}}, {"tags": {"a\x1b[2J": "b\x1b[2J"}}
    preview(summary, {"platform": (updated("x\x1b[2J", old, new, 'tags["a\x1b[2J"]'),)})
    assert "\x1b" not in summary.out


def test_without_a_change_one_line_says_so(summary: CliRunner) -> None:
    assert "Nothing to change in 3 stacks." in preview(summary, {})


def test_the_reports_are_judged_and_shown_as_one(summary: CliRunner) -> None:
    assert summary.gate
    assert any("3 checks pass" in line for line in preview(summary, {}))
    summary.gate.refuses = {"safe-haven", "tre-heart"}
    assert summary("preview", "--all", "--cloud", "local", "--summary") == 3
    assert summary.out.count("Stores are shut") == 1
    assert "safe-haven, tre-heart" in summary.err


def test_stacks_that_cannot_be_previewed_yet_are_named(sde: CliRunner) -> None:
    assert sde("preview", "--all", "--cloud", "local", "--summary") == 2
    assert "1 of 1 stack change" in sde.out
    assert "safe-haven requires platform" in sde.err


def test_json_has_all_changes_in_one_event(summary: CliRunner) -> None:
    tags = {"tags": {"service": "a"}}, {"tags": {"service": "b"}}
    summary.engine.plans["platform"] = (updated("x", *tags, "tags.service"), resource("y", Operation.CREATE))
    assert summary("preview", "--all", "--cloud", "local", "--summary", "--json") == 0
    changes, verdict = summary.lines
    assert (changes["event"], verdict["event"]) == ("changes", "verdict")
    assert changes["counts"] == {"create": 1, "same": 4, "update": 1}
    (change,) = changes["properties"]
    urn = "urn:pulumi:s::sde::azure-native:storage:StorageAccount::x"
    assert change == {"path": "tags.service", "change": "set", "before": "a", "after": "b", "replaces": False,
                      "resources": {"platform": [urn]}}  # fmt: skip
    assert sorted(verdict["stacks"]) == ["platform", "safe-haven", "tre-heart"]
