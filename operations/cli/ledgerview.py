"""The ledger's entries as tables and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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


def history_of(changes: Sequence[ChangeRecord]) -> Rows:
    """Return a row for each change with its result, and for each refusal."""
    rows = Rows(("change", "time (UTC)", "stacks", "command", "result", "changes", "who", "reason"),
                head=("change", "time (UTC)", "command", "stacks", "result"))  # fmt: skip
    for one in changes:
        entry, end = one.entry, one.result or one.entry
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(end.counts.items()) if name != "same")
        became = ", ".join([what_became(entry, one.result), *(part.kind.value for part in one.parts)])
        row = (" ".join(entry.stacks), entry.command, became, counts, name_of(entry.who),
               first_line(end.reason or entry.reason))  # fmt: skip
        left = next((part for part in one.parts if part.kind is Kind.OPEN_FINDING), end)
        rows.add(str(one.number), minute(entry), *map(printable, row), style=_style(left))
    return rows


@dataclass(frozen=True)
class ChangeRecord:
    """A change, a refusal or a use of break-glass, with its result and the other entries about it."""

    number: int
    entry: Entry
    result: Entry | None
    """Its last result; None without one."""
    parts: Sequence[Entry] = ()
    """The other entries about it, such as exemptions in use."""


_AFTER = (Kind.OPEN_FINDING, Kind.DRIFT)
"""The entries that follow the change of the same run and stacks that they are part of; exemptions in use precede it."""


def changes_of(entries: Sequence[Numbered]) -> Sequence[ChangeRecord]:
    """Return each change with its last result and its parts, and all other entries but questions."""
    results = {entry.of: entry for _, entry in entries if entry.kind is Kind.RESULT}
    found: list[ChangeRecord] = []
    before: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    parts: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    for number, entry in entries:
        key = entry.run, entry.stacks
        if entry.kind is Kind.EXEMPTIONS:
            before.setdefault(key, []).append(entry)
        elif entry.kind in _AFTER and key in parts:
            parts[key].append(entry)
        elif entry.kind not in (Kind.RESULT, Kind.ASKED):
            parts[key] = before.pop(key, [])
            result = results.get(number) if entry.kind is Kind.INTENT else None
            found.append(ChangeRecord(number, entry, result, parts[key]))
    return found


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
