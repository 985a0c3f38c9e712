"""A change as a row of the timeline and of lists on other pages, and the words for its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from formats.stack_names import TENANCY
from operations.diffs.meaning import ORDER, Meaning
from operations.history.changes import first_line, name_of
from operations.history.kept import KeptAccess, KeptAccessChange, KeptChange
from operations.ledger.entry import Entry, Kind, Result
from operations.site.badge import Badge
from operations.site.facts import ChangeFacts, SiteFacts

_MOST_MEANINGS, _MOST_ACCESS, _MOST_THINGS = 4, 3, 3
_RESULTS: Mapping[Result | None, Badge] = {
    Result.SUCCEEDED: Badge("good", "succeeded"),
    Result.FAILED: Badge("bad", "failed"),
    Result.PARTIAL: Badge("bad", "partial"),
    Result.UNKNOWN: Badge("warn", "unknown"),
    None: Badge("warn", "no result yet"),
}
_KINDS: Mapping[Kind, Badge] = {
    Kind.REFUSAL: Badge("info", "refused"),
    Kind.FAILED: Badge("bad", "not begun"),
    Kind.BREAK_GLASS: Badge("warn", "break-glass"),
    Kind.DRIFT: Badge("warn", "drift"),
    Kind.OPEN_FINDING: Badge("bad", "open finding"),
}
_MARKS = {Kind.EXEMPTIONS: "with exemptions", Kind.DRIFT: "drift", Kind.OPEN_FINDING: "open finding"}
"""The words for other entries about a change."""


@dataclass(frozen=True)
class MeaningLine:
    """The changes with one meaning, in a line."""

    meaning: Meaning
    first: str
    """The sentence of the first of them."""
    more: int

    @property
    def heading(self) -> str:
        """The meaning in words."""
        return self.meaning.heading


@dataclass(frozen=True)
class TimelineRow:
    """One change, refusal, use of break-glass or difference from the cloud."""

    name: str
    path: str
    time: str
    """UTC, as in the ledger."""
    stacks: tuple[str, ...]
    command: str
    who: str
    result: Badge
    marks: tuple[str, ...]
    meanings: tuple[MeaningLine, ...]
    more_meanings: int
    access: tuple[str, ...]
    more_access: int
    allowed_by: tuple[str, ...]
    without_permit: str
    """Why nobody is named who allowed it."""
    reason: str


def timeline_row(facts: SiteFacts, one: ChangeFacts) -> TimelineRow:
    """Return a change as a row, for the timeline and for lists on other pages."""
    entry, record = one.record.entry, one.record
    meanings = meaning_lines(one.diff.changes if one.diff else ())
    access = access_lines(one.access) if one.access else ()
    return TimelineRow(
        name=name_of_change(one),
        path=one.path,
        time=entry.time,
        stacks=entry.stacks,
        command=entry.command,
        who=who_asked(facts, entry),
        result=result_of(one),
        marks=tuple(dict.fromkeys(_MARKS[part.kind] for part in record.parts if part.kind in _MARKS)),
        meanings=meanings[:_MOST_MEANINGS],
        more_meanings=max(0, len(meanings) - _MOST_MEANINGS),
        access=access[:_MOST_ACCESS],
        more_access=max(0, len(access) - _MOST_ACCESS),
        allowed_by=tuple(dict.fromkeys(approval.person for approval in one.allowed_by)),
        without_permit=_without_permit(one),
        reason=first_line((record.result and record.result.reason) or entry.reason),
    )


def _without_permit(one: ChangeFacts) -> str:
    if one.record.entry.kind in (Kind.REFUSAL, Kind.FAILED):
        return "nothing was applied"
    if one.permit:
        return "its decisions are gone"
    return "no permit" if is_of_tenancy(one) else "needs no permit"


def is_of_tenancy(one: ChangeFacts) -> bool:
    """True if a change is of a tenancy, or of break-glass, which need permits in an estate with a route."""
    entry = one.record.entry
    return entry.kind is Kind.BREAK_GLASS or any(stack.startswith(TENANCY) for stack in entry.stacks)


def name_of_change(one: ChangeFacts) -> str:
    """Return the number of a change, with its ledger where there are several."""
    return f"{one.cloud} {one.record.number}" if one.cloud else str(one.record.number)


def result_of(one: ChangeFacts) -> Badge:
    """Return what became of a change, or what else the entry is."""
    entry, result = one.record.entry, one.record.result
    if entry.kind is Kind.INTENT:
        return _RESULTS[result.result if result else None]
    return _KINDS.get(entry.kind, Badge("quiet", str(entry.kind)))


def who_asked(facts: SiteFacts, entry: Entry) -> str:
    """Return who ran the command, by name if the estate's files name that person."""
    name = facts.names.get(entry.who.id.lower()) if entry.who.kind == "entra-object-id" else None
    return name or name_of(entry.who)


def meaning_lines(changes: Sequence[KeptChange]) -> tuple[MeaningLine, ...]:
    """Return the meanings of changes, the gravest first."""
    found: dict[Meaning, list[str]] = {}
    for change in sorted(changes, key=lambda one: ORDER[one.meaning]):
        found.setdefault(change.meaning, []).append(change.sentence)
    return tuple(MeaningLine(meaning, texts[0], len(texts) - 1) for meaning, texts in found.items())


def access_lines(access: KeptAccess) -> tuple[str, ...]:
    """Return the changes of access in a sentence each, those on data first."""
    changes = sorted(access.changes, key=lambda one: not any(thing.data_class for thing in one.on))
    return tuple(map(access_sentence, changes))


def access_sentence(one: KeptAccessChange) -> str:
    """Return who gained or lost which right on what."""
    verb = {"gained": "can now", "lost": "can no longer"}.get(one.effect, "still can, in other ways,")
    things = [thing.label for thing in one.on]
    more = f" and {len(things) - _MOST_THINGS:,} more" if len(things) > _MOST_THINGS else ""
    return f"{one.who.name} {verb} {', '.join(one.may)}: {'; '.join(things[:_MOST_THINGS])}{more}"
