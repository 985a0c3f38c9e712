"""Rows as a table, or as blocks where a table would fold."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from operations.cli.rows import Rows

LABEL = "container released of the export airlock, approved, of a project with a name (tre-heart)"


def shown(width: int) -> list[str]:
    rows = Rows(("who", "may", "on", "limits"), head=("may", "on"), heading="who")
    rows.add("checkers", "read, write, delete", LABEL, "")
    rows.add("checkers", "read", "container asked", "only blobs " + "x" * 100)
    console = Console(file=io.StringIO(), width=width)
    rows.show(console)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [10, 40, 80, 120])
def test_a_narrow_output_has_a_block_for_each_row(width: int) -> None:
    found = shown(width)
    assert found[0] == "checkers"
    assert found.count("checkers") == 1
    assert all(len(line) <= max(width, 21) for line in found)
    whole = " ".join(" ".join(found).split())
    assert f"read, write, delete {LABEL}" in whole or width < 40
    assert "".join(whole.split()).count("x" * 100) == 1


def test_a_wide_output_is_a_table() -> None:
    header, first, second = shown(300)
    assert header.split() == ["who", "may", "on", "limits"]
    assert first.startswith("checkers  read, write, delete  container released")
    assert second.startswith("          read ")


def test_without_a_heading_the_first_column_is_named() -> None:
    rows = Rows(("change", "who"), head=("change",))
    rows.add("12", "user ann" + " of a department" * 9)
    console = Console(file=io.StringIO(), width=80)
    rows.show(console)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().startswith("change 12\n    who: user ann")
