"""The ledger's entries as tables and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from operations.cli.output import printable
from operations.cli.rows import Rows
from operations.history.changes import ChangeRecord, Numbered, in_a_line, minute, name_of, what_became
from operations.ledger.entry import Entry, Kind, Result

_STYLES = {"refusal": "yellow", "failed": "red", "partial": "bold red", "unknown": "bold red", "open-finding": "red"}


def table_of(entries: Sequence[Numbered]) -> Rows:
    """Return a row for each entry."""
    rows = Rows(("entry", "time (UTC)", "what", "command", "stacks", "who", "reason"),
                head=("entry", "time (UTC)", "command", "stacks", "what"))  # fmt: skip
    for number, entry in entries:
        what = f"{entry.kind} of {entry.of}" if entry.of is not None else str(entry.kind)
        row = (what + (f": {entry.result}" if entry.result else ""), entry.command, " ".join(entry.stacks),
               name_of(entry.who), in_a_line(entry.reason))  # fmt: skip
        rows.add(str(number), minute(entry), *map(printable, row), style=_style(entry))
    return rows


def history_of(changes: Sequence[ChangeRecord]) -> Rows:
    """Return a row for each change with its result, and for each refusal."""
    rows = Rows(("change", "time (UTC)", "stacks", "command", "result", "changes", "who", "reason"),
                head=("change", "time (UTC)", "command", "stacks", "result"))  # fmt: skip
    for one in changes:
        entry, end = one.entry, one.result or one.entry
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(end.counts.items()) if name != "same")
        became = ", ".join([what_became(entry, one.result), *(part.kind.value for part in one.parts)])
        row = (" ".join(entry.stacks), entry.command, became, counts, name_of(entry.who),
               in_a_line(end.reason or entry.reason))  # fmt: skip
        left = next((part for part in one.parts if part.kind is Kind.OPEN_FINDING), end)
        rows.add(str(one.number), minute(entry), *map(printable, row), style=_style(left))
    return rows


def details(number: int, entry: Entry) -> Iterator[str]:
    """Yield every field of an entry, a line each."""
    yield f"entry: {number}"
    for key, value in entry.model_dump(mode="json", exclude_none=True).items():
        if isinstance(value, dict):
            yield from (f"{key}.{printable(name)}: {printable(one)}" for name, one in value.items())
        elif isinstance(value, list):
            yield from (f"{key}: {printable(one)}" for one in value)
        else:
            for line in str(value).splitlines():
                yield f"{key}: {printable(line)}"


def _style(entry: Entry) -> str:
    return _STYLES.get(str(entry.result or entry.kind), "") if entry.result is not Result.SUCCEEDED else ""
