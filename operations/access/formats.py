"""The access view as Markdown and CSV, for auditors. Names come from files and Azure: no markup of theirs counts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from operations.access.view import AccessView, Row
from policies.wording import plain

COLUMNS = (
    "who", "object id", "may", "on", "zone or project", "data class", "resource", "network way", "by role",
    "limits and notes", "since", "by change",
)  # fmt: skip
LONGEST = 1000
"""The most characters of a cell."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!]|:(?=//)|(?<=www)\.)")
_FORMULA = ("=", "+", "-", "@")


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as printable texts, in the order of the columns."""
    found = (
        row.holder.name,
        row.holder.id,
        ", ".join(row.actions),
        row.thing.label,
        row.thing.place,
        row.thing.data_class,
        row.thing.name,
        row.way,
        " and ".join(row.grounds.roles),
        "; ".join(row.notes),
        row.since,
        row.change,
    )
    return tuple(map(cut, found))


def cut(text: str, longest: int = LONGEST) -> str:
    """Return text as one printable line of at most so many characters."""
    line = plain(text[: longest + 1])
    return line if len(line) <= longest else line[: longest - 1] + "…"


def as_csv(view: AccessView, notes: Sequence[str] = ()) -> str:
    """Return the rows as CSV, with notes as lines of one cell after them. No cell begins as a formula of a spreadsheet
    does."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([no_formula(cell) for cell in cells(row)] for row in view.rows)
    writer.writerows([no_formula(cut(note))] for note in (*remarks(view), *notes))
    return file.getvalue()


def no_formula(cell: str) -> str:
    """Return a cell of CSV that no spreadsheet reads as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_markdown(view: AccessView, title: str, notes: Sequence[str] = ()) -> str:
    """Return the rows as a Markdown document: a table for each holder."""
    lines = [f"# {escaped(title)}", "", *(f"- {escaped(note)}" for note in notes)]
    by_holder: dict[tuple[str, str], list[Row]] = {}
    for row in view.rows:
        by_holder.setdefault((row.holder.name, row.holder.id), []).append(row)
    for (name, id_), rows in by_holder.items():
        lines += ["", f"## {escaped(name)}", "", *([f"Object id: {escaped(id_)}", ""] if id_ else [])]
        lines += [table_line(COLUMNS[2:]), table_line(["---"] * len(COLUMNS[2:]))]
        lines += [table_line(map(escaped, cells(row)[2:])) for row in rows]
    findings = [f"- {escaped(one)}" for one in remarks(view)]
    lines += ["", "## Open findings", "", *findings] if findings else []
    return "\n".join(lines) + "\n"


def remarks(view: AccessView) -> Iterator[str]:
    """Yield what a reader has to know beside the rows: failed revocations, closed rights, unknown properties."""
    for one in view.failed_revocations:
        yield f"The revocation of {one.name} ({one.stack}) failed: the role assignment {one.id} is still in force."
    for closed in view.closed:
        yield f"{closed.name} ({closed.stack}) permits nothing: it is closed by its condition."
    yield from view.unknowns


def escaped(text: str) -> str:
    """Return text as Markdown in which no markup of its own counts; a very long one is cut."""
    return _MARKUP.sub(r"\\\1", cut(text))


def table_line(found: Iterable[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(found)} |"
