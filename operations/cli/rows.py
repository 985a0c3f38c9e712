"""Rows of text: a table where the output is wide enough, otherwise a block of lines for each row."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 240
"""From this width on, a table whose cells fold is easier to read than blocks."""
_INDENT = "    "


@dataclass
class Rows:
    """Rows of printable text with a style each."""

    columns: Sequence[str]
    head: Sequence[str]
    """The columns that begin a block, without their names."""
    heading: str = ""
    """The column whose value is printed once, above the blocks that share it; empty: none."""
    cells: list[tuple[Sequence[str], str]] = field(default_factory=list)

    def add(self, *cells: str, style: str = "") -> None:
        """Add a row."""
        self.cells.append((cells, style))

    def show(self, console: Console) -> None:
        """Print the rows."""
        table = self._table()
        if console.width >= WIDE or _natural_width(table, console) <= console.width:
            console.print(table)
            return
        shown: str | None = None
        for cells, style in self.cells:
            row = dict(zip(self.columns, cells, strict=True))
            if self.heading and row[self.heading] != shown:
                shown = row[self.heading]
                _print(console, [shown], "bold")
            _print(console, self._block(row, console.width), style)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for name in self.columns:
            table.add_column(Text(name), no_wrap=name in self.head[:2], overflow="fold")
        at = self.columns.index(self.heading) if self.heading else -1
        shown: str | None = None
        for cells, style in self.cells:
            repeated = at >= 0 and cells[at] == shown
            shown = cells[at] if at >= 0 else None
            table.add_row(*(Text("" if repeated and i == at else cell, style) for i, cell in enumerate(cells)))
        return table

    def _block(self, row: dict[str, str], width: int) -> Iterator[str]:
        indent = "  " if self.heading else ""
        first = "  ".join(row[name] for name in self.head if row[name])
        if not self.heading:
            first = f"{self.head[0]} {first}"
        yield from _wrapped(first, width, indent, indent + _INDENT)
        for name, cell in row.items():
            if name not in (*self.head, self.heading) and cell:
                yield from _wrapped(f"{name}: {cell}", width, indent + _INDENT, indent + _INDENT * 2)


def _wrapped(text: str, width: int, first: str, others: str) -> list[str]:
    return textwrap.wrap(text, max(width, 2 * len(others) + 1), initial_indent=first, subsequent_indent=others,
                         break_on_hyphens=False)  # fmt: skip


def _natural_width(table: Table, console: Console) -> int:
    return console.measure(table, options=console.options.update(max_width=10_000)).maximum


def _print(console: Console, lines: Iterator[str] | Sequence[str], style: str) -> None:
    for line in lines:
        console.print(Text(line, style), soft_wrap=True)
