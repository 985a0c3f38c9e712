"""`sde history --month --format`: the register of changes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from markdown_it import MarkdownIt

from formats.plan import canonical
from operations.history.register import Register, Row, register_of
from operations.history.register_formats import as_csv, as_markdown
from operations.ledger.entry import Kind, Result
from operations.ledger.verification import verify
from tests.operations.cli.fakes import CliRunner
from tests.operations.ledger.logs import entry

EVIL = "=1+1|<b>[x](javascript:a)\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}\n\n# heading`" + "a" * 5000
DIFF = {
    "changes": [
        {"meaning": "housekeeping", "sentence": "A label changes"},
        {"meaning": "grants a right", "sentence": "Grants the role “Reader” to the group “a”"},
        {"meaning": "grants a right", "sentence": "Grants the role “Reader” to the group “b”"},
    ]
}


def access(name: str) -> Mapping[str, Any]:
    on = [{"label": "container x of the staging store", "data_class": "identifiable"}]
    return {"changes": [{"effect": "gained", "who": {"name": name}, "may": ["read"], "on": on}], "renames": []}


@pytest.fixture
def recorded(sde: CliRunner) -> CliRunner:
    """A change in October with its result in November; in November a refusal, a failed revocation, break-glass."""
    ledger = sde.ledger
    kept = {"diff": ledger.keep(DIFF), "access": ledger.keep(access("stewards of staging"))}
    blocking = [{"policy": "ST5"}, {"policy": "ST5"}, {"policy": "FL2"}]
    refused = {"verdict": ledger.keep({"passed": False, "blocking": blocking, "exemptions": []})}
    passed = {"verdict": ledger.keep({"passed": True, "exemptions": [{"id": "sftp", "policy": "ST3"}]})}
    november = {"time": "2026-11-02T10:00:00Z", "run": "r2"}
    ledger.record(entry(Kind.INTENT, stacks=("platform",), time="2026-10-31T23:59:59Z", objects=kept))
    ledger.record(entry(Kind.RESULT, stacks=("platform",), of=0, result=Result.SUCCEEDED, time="2026-11-01T00:00:01Z"))
    ledger.record(entry(Kind.REFUSAL, stacks=("safe-haven",), time="2026-11-02T09:00:00Z", objects=refused,
                        reason="The policies refuse safe-haven.\nmore"))  # fmt: skip
    ledger.record(
        entry(Kind.EXEMPTIONS, stacks=("safe-haven",), details=("sftp",), **november),
        entry(Kind.INTENT, stacks=("safe-haven",), objects=kept | passed, **november),
    )
    ledger.record(
        entry(Kind.RESULT, stacks=("safe-haven",), of=4, result=Result.PARTIAL, reason="ScopeLocked", **november),
        entry(Kind.OPEN_FINDING, stacks=("safe-haven",), reason="1 resources are marked for deletion", **november),
    )
    ledger.record(entry(Kind.BREAK_GLASS, stacks=("platform",), reason="Priya Hollis", time="2026-11-30T23:59:59Z"))
    ledger.record(entry(Kind.REFUSAL, stacks=("platform",), time="2026-12-01T00:00:00Z", reason="no"))
    return sde


def test_each_change_of_the_month_is_one_row(recorded: CliRunner) -> None:
    refused, revoked, glass = register_of(recorded.ledger, month="2026-11").rows
    assert (refused.change, refused.result, refused.policies) == (2, "refusal", "refused by FL2, ST5")
    assert refused.reason == "The policies refuse safe-haven."
    assert (revoked.change, revoked.result, revoked.reason) == (4, "partial", "ScopeLocked")
    assert revoked.means == (
        "Grants a right: Grants the role “Reader” to the group “a” (and 1 more)",
        "Housekeeping: A label changes",
    )
    assert revoked.access == ("+ stewards of staging: read: container x of the staging store",)
    assert (revoked.policies, revoked.exemptions) == ("passed", ("sftp (ST3)",))
    assert revoked.open_findings == ("1 resources are marked for deletion",)
    assert (glass.change, glass.result, glass.reason) == (7, "break-glass", "Priya Hollis")


def test_all_months_are_all_changes_and_a_result_of_the_next_month_counts(recorded: CliRunner) -> None:
    assert [row.change for row in register_of(recorded.ledger).rows] == [0, 2, 4, 7, 8]
    (october,) = register_of(recorded.ledger, month="2026-10").rows
    assert october.result == "succeeded"
    assert [row.change for row in register_of(recorded.ledger, "platform").rows] == [0, 7, 8]


def test_its_ends_are_trees_of_the_ledger(recorded: CliRunner) -> None:
    """A month begins where the month before ends, and the last ends at the tree that `verify` tells."""
    months = [register_of(recorded.ledger, month=f"2026-{number}") for number in (10, 11, 12)]
    assert [(one.first["size"], one.last["size"]) for one in months] == [(0, 1), (1, 8), (8, 9)]
    assert months[0].last == months[1].first
    assert months[1].last == months[2].first
    checkpoint = verify(recorded.ledger.log.storage, recorded.ledger.log.key).checkpoint
    assert months[2].last == {"size": checkpoint.size, "root": checkpoint.root.hex()}


def test_its_ends_have_the_hashes_of_the_entries_as_they_are_logged(recorded: CliRunner) -> None:
    """Such as one of another version, which names a value that is a default here."""
    recorded.ledger.log.append([canonical(entry().model_dump(mode="json", exclude_none=True)).encode()])
    assert register_of(recorded.ledger).last["root"] == recorded.ledger.log.head().root.hex()


def test_what_is_open_at_the_end_is_said_until_a_later_run_ends(recorded: CliRunner) -> None:
    expected = ("safe-haven, entry 6: 1 resources are marked for deletion",)
    assert register_of(recorded.ledger, month="2026-11").open_at_the_end == expected
    later = {"time": "2026-12-02T10:00:00Z", "stacks": ("safe-haven",)}
    recorded.ledger.record(entry(Kind.INTENT, **later), entry(Kind.RESULT, of=9, result=Result.SUCCEEDED, **later))
    assert register_of(recorded.ledger, month="2026-11").open_at_the_end == expected
    assert register_of(recorded.ledger, month="2026-12").open_at_the_end == ()


def hostile() -> Register:
    row = Row(1, "2026-11-02 10:00", (EVIL,), EVIL, EVIL, (EVIL, EVIL), (EVIL,), EVIL, (EVIL,), EVIL, EVIL, (EVIL,))
    end = {"size": 1, "root": "00"}
    return Register(EVIL, "2026-11", end, end, (row,), (EVIL,))


def test_hostile_names_break_no_markdown() -> None:
    text = as_markdown(hostile())
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    assert [t.tag for t in tokens if t.type == "heading_open"] == ["h1", "h2"]
    assert len([t for t in tokens if t.type == "tr_open"]) == 2
    assert len([t for t in tokens if t.type == "td_open"]) == 11
    inside = [child for t in tokens for child in t.children or ()]
    assert {child.content for child in inside if child.type == "html_inline"} == {"<br>"}
    assert not [child for child in inside if child.type == "link_open"]
    assert "\x1b" not in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text


def test_hostile_names_break_no_csv() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(hostile()))))
    assert [len(row) for row in rows] == [11, 11, 1, 1, 1, 1]
    assert all(cell.isprintable() and not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_the_command_writes_each_format(recorded: CliRunner) -> None:
    assert recorded("history", "--month", "2026-11", "--format", "markdown") == 0
    assert recorded.out.startswith("# Register of changes, 2026-11\n")
    assert recorded("history", "--month", "2026-11", "--format", "json") == 0
    assert [row["change"] for row in json.loads(recorded.out)["rows"]] == [2, 4, 7]
    file = recorded.settings.home / "register.csv"
    assert recorded("history", "--format", "csv", "--output", str(file)) == 0
    assert len(file.read_text().splitlines()) == 1 + 5 + 3 + 1
    assert recorded("history", "--month", "2026-11", "--json") == 0
    assert [line["change"] for line in recorded.lines] == [2, 4, 7]
    assert [part["kind"] for part in recorded.lines[1]["parts"]] == ["exemptions-in-use", "open-finding"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--month", "2026-13"], "allowed: a year and a month"),
        (["--month", "2026-1١"], "allowed: a year and a month"),
        (["--output", "x"], "--output needs the format"),
        (["--format", "csv", "--output", "/nowhere/x"], "cannot be written"),
    ],
)
def test_wrong_use_is_one_message(sde: CliRunner, arguments: list[str], words: str) -> None:
    assert sde("history", *arguments) == 2
    assert words in sde.err


def test_a_kept_object_of_another_form_is_one_message(sde: CliRunner) -> None:
    sde.ledger.record(entry(Kind.INTENT, objects={"diff": sde.ledger.keep({"changes": [{"meaning": "evil"}]})}))
    assert sde("history", "--format", "json") == 1
    assert "The diff that the ledger keeps with entry 0 cannot be read." in sde.err
