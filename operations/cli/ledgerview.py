"""The ledger's entries as tables and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from operations.cli.output import printable
from operations.cli.rows import Rows
from operations.ledger.entry import Entry, Kind, Result, Who

_STYLES = {"refusal": "yellow", "failed": "red", "partial": "bold red", "unknown": "bold red", "open-finding": "red"}
_LONGEST = 120
Numbered = tuple[int, Entry]


def table_of(entries: Sequence[Numbered]) -> Rows:
    """Return a row for each entry."""
    rows = Rows(("entry", "time (UTC)", "what", "command", "stacks", "who", "reason"),
                head=("entry", "time (UTC)", "command", "stacks", "what"))  # fmt: skip
    for number, entry in entries:
        what = f"{entry.kind} of {entry.of}" if entry.of is not None else str(entry.kind)
        row = (what + (f": {entry.result}" if entry.result else ""), entry.command, " ".join(entry.stacks),
               name_of(entry.who), first_line(entry.reason))  # fmt: skip
        rows.add(str(number), minute(entry), *map(printable, row), style=_style(entry))
    return rows


def history_of(changes: Sequence[tuple[int, Entry, Entry | None]]) -> Rows:
    """Return a row for each change with its result, and for each refusal."""
    rows = Rows(("change", "time (UTC)", "stacks", "command", "result", "changes", "who", "reason"),
                head=("change", "time (UTC)", "command", "stacks", "result"))  # fmt: skip
    for number, entry, result in changes:
        end = result or entry
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(end.counts.items()) if name != "same")
        row = (" ".join(entry.stacks), entry.command, what_became(entry, result), counts, name_of(entry.who),
               first_line(end.reason or entry.reason))  # fmt: skip
        rows.add(str(number), minute(entry), *map(printable, row), style=_style(end))
    return rows


def changes_of(entries: Sequence[Numbered]) -> Iterator[tuple[int, Entry, Entry | None]]:
    """Yield each change with its last result, or None, and all other entries but questions."""
    results = {entry.of: entry for _, entry in entries if entry.kind is Kind.RESULT}
    for number, entry in entries:
        if entry.kind not in (Kind.RESULT, Kind.ASKED):
            yield number, entry, results.get(number) if entry.kind is Kind.INTENT else None


def what_became(entry: Entry, result: Entry | None) -> str:
    """Return what became of a change in a word, or what the entry is."""
    if entry.kind is not Kind.INTENT:
        return str(entry.kind)
    return str(result.result or "") if result else "no result yet"


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


def name_of(who: Who) -> str:
    """Return who it was, named as what it is."""
    return f"Entra {who.id}" if who.kind == "entra-object-id" else f"user {who.id}@{who.host or '?'}"


def minute(entry: Entry) -> str:
    """Return the time of an entry to the minute."""
    return entry.time[:16].replace("T", " ")


def first_line(reason: str | None) -> str:
    """Return the beginning of a reason."""
    line = reason.splitlines()[0] if reason else ""
    return line if len(line) <= _LONGEST else line[: _LONGEST - 4] + " ..."


def _style(entry: Entry) -> str:
    return _STYLES.get(str(entry.result or entry.kind), "") if entry.result is not Result.SUCCEEDED else ""
