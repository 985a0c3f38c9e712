"""The access view for auditors: Markdown and CSV that no name can break."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from operations.access.diff import AccessChange, AccessDiff, Effect, Rename
from operations.access.formats import COLUMNS, as_csv, as_markdown
from operations.access.people import Holder
from operations.access.view import AccessView, access_view
from tests.operations.access.estates import model_of, plans

HOSTILE = st.text(min_size=1, max_size=40) | st.sampled_from(
    ["=cmd|' /C calc'!A0", "+1", "@x", "a|b|c", "<script>x</script>", "\u202egnp.exe", "\x1b[31mred", "x" * 5000,
     "![a](http://b)", "# head", "a\nb\r\n| c | d |", "`x`", "-\t", "www.evil.example", "&lt;"]
)  # fmt: skip


@cache
def view() -> AccessView:
    return access_view(model_of(plans()), person="stewards of staging")


def named(name: str) -> AccessView:
    rows = tuple(
        replace(row, holder=Holder(name, name), thing=replace(row.thing, label=name, name=name)) for row in view().rows
    )
    return AccessView(rows, (name,))


@given(HOSTILE)
@settings(max_examples=60)
def test_csv_has_one_cell_for_each_column_and_no_formula(name: str) -> None:
    text = as_csv(named(name), [name])
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == list(COLUMNS)
    assert [len(row) for row in rows[1:]] == [len(COLUMNS)] * len(view().rows) + [1, 1]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert all(cell.isprintable() and len(cell) <= 1001 for row in rows for cell in row)


@given(HOSTILE)
@settings(max_examples=60)
def test_markdown_keeps_its_tables_and_has_no_markup_of_names(name: str) -> None:
    lines = as_markdown(named(name), name, [name]).splitlines()
    assert all(line.isprintable() for line in lines)
    tables = [line for line in lines if line.startswith("| ")]
    assert len(tables) == 2 + len(view().rows)
    for line in tables:
        assert line.replace("\\\\", "").replace("\\|", "").count("|") == len(COLUMNS) - 1
    text = "\n".join(lines).replace("\\\\", "")
    assert not any(mark in text.replace(f"\\{mark}", "") for mark in "<`*[&")


@given(HOSTILE)
@settings(max_examples=60)
def test_lines_of_a_diff_are_printable(name: str) -> None:
    thing = replace(view().rows[0].thing, label=name)
    change = AccessChange(Effect.GAINED, Holder(name, name), view().rows[0].actions, (thing,), "", (name,), (name,))
    lines = AccessDiff((change,), (Rename(name, name, name),), (), (name,)).lines()
    assert len(lines) == 3
    assert all(line.isprintable() and len(line) <= 2002 for line in lines)
