"""The changes that the ledger has: each with its result, and the other entries about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from operations.ledger.entry import Entry, Kind, Who

_LONGEST = 120
_AZURE_ID = re.compile(r"/subscriptions/[^\s'\"]{0,2000}/([^/\s'\"]+/[^/\s'\"]+)")
"""The id of an Azure resource: its last type and name tell enough on a line."""
Numbered = tuple[int, Entry]


@dataclass(frozen=True)
class ChangeRecord:
    """A change, a refusal or a use of break-glass, with its result and the other entries about it."""

    number: int
    entry: Entry
    result: Entry | None
    """Its last result; None without one."""
    parts: Sequence[Entry] = ()
    """The other entries about it, such as exemptions in use."""
    ended: int | None = None
    """The number of its last result's entry."""


_AFTER = (Kind.OPEN_FINDING, Kind.DRIFT)
"""The entries that follow the change of the same run and stacks that they are part of; exemptions in use precede it."""


def changes_of(entries: Sequence[Numbered]) -> Sequence[ChangeRecord]:
    """Return each change with its last result and its parts, and all other entries but questions."""
    results = {entry.of: (number, entry) for number, entry in entries if entry.kind is Kind.RESULT}
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
            ended, result = results.get(number, (None, None)) if entry.kind is Kind.INTENT else (None, None)
            found.append(ChangeRecord(number, entry, result, parts[key], ended))
    return found


def what_became(entry: Entry, result: Entry | None) -> str:
    """Return what became of a change in a word, or what the entry is."""
    if entry.kind is not Kind.INTENT:
        return str(entry.kind)
    return str(result.result or "") if result else "no result yet"


def name_of(who: Who) -> str:
    """Return who it was, named as what it is."""
    return f"Entra {who.id}" if who.kind == "entra-object-id" else f"user {who.id}@{who.host or '?'}"


def minute(entry: Entry) -> str:
    """Return the time of an entry to the minute."""
    return entry.time[:16].replace("T", " ")


def in_a_line(reason: str | None, longest: int = _LONGEST) -> str:
    """Return the beginning of a reason on one line, with its cause: a line that ends with a colon leads to it."""
    lines = [line.strip(" -") for line in (reason or "").splitlines()] or [""]
    text, rest = lines[0], lines[1:]
    while text.endswith(":") and rest:
        text = f"{text} {rest.pop(0)}"
    text = _AZURE_ID.sub(r"…/\1", text)
    return text if len(text) <= longest else text[: longest - 4] + " ..."
