"""The register of changes as Markdown and CSV. Names come from files and people: no markup of theirs counts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from operations.access.formats import cut, escaped, no_formula, table_line
from operations.history.register import Register, Row

_COLUMNS = (
    "change", "time (UTC)", "stacks", "command", "who asked", "what it means", "who can now do what", "policies",
    "exemptions", "result", "open findings",
)  # fmt: skip


def as_markdown(register: Register) -> str:
    """Return the register as a Markdown document with one table."""
    lines = [f"# Register of changes{f', {register.month}' if register.month else ''}", ""]
    lines += [f"- {escaped(line)}" for line in _ends(register)]
    lines += ["", table_line(_COLUMNS), table_line(["---"] * len(_COLUMNS))]
    lines += [table_line("<br>".join(map(escaped, parts)) for parts in _cells(row)) for row in register.rows]
    if not register.rows:
        lines += ["", "No change, refusal or use of break-glass."]
    if register.open_at_the_end:
        lines += ["", "## Open at the end", "", *(f"- {escaped(one)}" for one in register.open_at_the_end)]
    return "\n".join(lines) + "\n"


def as_csv(register: Register) -> str:
    """Return the rows as CSV, with the ends of the ledger and what is open as lines of one cell after them."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([no_formula(cut("; ".join(parts))) for parts in _cells(row)] for row in register.rows)
    notes = [*_ends(register), *(f"Open at the end: {one}" for one in register.open_at_the_end)]
    writer.writerows([no_formula(cut(note))] for note in notes)
    return file.getvalue()


def as_json(register: Register) -> str:
    """Return the register as JSON."""
    return json.dumps(register.to_json(), ensure_ascii=False, indent=2) + "\n"


def _ends(register: Register) -> list[str]:
    first, last = register.first, register.last
    return [
        f"Ledger: {register.ledger}",
        f"Before the first row: {first['size']} entries, root {first['root']}",
        f"After the last row: {last['size']} entries, root {last['root']}",
    ]


def _cells(row: Row) -> list[Sequence[str]]:
    """Return the cells, each of some lines."""
    result = [row.result, row.reason] if row.reason else [row.result]
    return [
        [str(row.change)], [row.time], row.stacks, [row.command], [row.who], row.means, row.access, [row.policies],
        row.exemptions, result, row.open_findings,
    ]  # fmt: skip
