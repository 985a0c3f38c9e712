"""A change as a row of the timeline and of lists on other pages, and the words for its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from operations.diffs.meaning import ORDER, Meaning
from operations.history.changes import in_a_line, name_of
from operations.history.kept import KeptChange
from operations.ledger.entry import Entry, Kind, Result
from operations.site.badge import Badge
from operations.site.change_access import AccessLine, access_lines
from operations.site.change_history import is_drift
from operations.site.change_permits import Allowed, without_permit
from operations.site.facts import ChangeFacts, SiteFacts

_MOST_MEANINGS, _MOST_ACCESS = 4, 3
_MAX_REASON = 300
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
_DRIFT = Badge("warn", "drift found")
_MARKS = {Kind.EXEMPTIONS: Badge("warn", "with exemptions"), Kind.DRIFT: _DRIFT}
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
    marks: tuple[Badge, ...]
    meanings: tuple[MeaningLine, ...]
    more_meanings: int
    access: tuple[AccessLine, ...]
    more_access: int
    allowed_by: tuple[str, ...]
    without_permit: Allowed
    """Why nobody is named who allowed it."""
    reason: str
    follows: tuple[tuple[str, str, str], ...]
    """What links it to other changes: the words, and the name and the path of the other change."""

    def more_lines(self, meanings: int) -> int:
        """Return how many changes of it are not among the first sentences of so many meanings."""
        shown = self.meanings[:meanings]
        hidden = self.meanings[meanings:]
        of_diff = sum(one.more for one in shown) + sum(one.more + 1 for one in hidden) + self.more_meanings
        return of_diff + len(self.access) + self.more_access


def timeline_row(facts: SiteFacts, one: ChangeFacts) -> TimelineRow:
    """Return a change as a row, for the timeline and for lists on other pages."""
    entry, record = one.record.entry, one.record
    meanings = meaning_lines(one.diff.changes if one.diff else ())
    access = tuple(access_lines(facts, one, brief=True))
    return TimelineRow(
        name=name_of_change(one),
        path=one.path,
        time=entry.time,
        stacks=entry.stacks,
        command=entry.command,
        who=who_asked(facts, entry),
        result=result_of(one),
        marks=_marks(facts, one),
        meanings=meanings[:_MOST_MEANINGS],
        more_meanings=max(0, len(meanings) - _MOST_MEANINGS),
        access=access[:_MOST_ACCESS],
        more_access=max(0, len(access) - _MOST_ACCESS),
        allowed_by=tuple(dict.fromkeys(approval.person for approval in one.allowed_by)),
        without_permit=without_permit(facts, one),
        reason=in_a_line((record.result and record.result.reason) or entry.reason, _MAX_REASON),
        follows=tuple((words, name_of_change(other), other.path) for words, other in _follows(facts, one)),
    )


def _marks(facts: SiteFacts, one: ChangeFacts) -> tuple[Badge, ...]:
    """Return the marks beside the result of a change."""
    kinds = [part.kind for part in one.record.parts]
    found = [badge for kind, badge in _MARKS.items() if kind in kinds and badge != result_of(one)]
    if Kind.OPEN_FINDING in kinds:
        is_closed = facts.history.closed_by(one) is not None
        found.append(Badge("quiet", "finding, closed") if is_closed else Badge("bad", "open finding"))
    return tuple(found)


def _follows(facts: SiteFacts, one: ChangeFacts) -> Iterator[tuple[str, ChangeFacts]]:
    """Yield what links a change to others: what it undoes, and what undid or closed what it has."""
    history = facts.history
    undone = {other.path: other for other in history.undoes(one).values()}
    yield from (("Undoes what was changed outside the tool, found by", other) for other in undone.values())
    later = {row.undone_by.path: row.undone_by for row in history.found_outside(one) if row.undone_by}
    yield from (("Undone by", other) for other in later.values())
    if Kind.OPEN_FINDING in [part.kind for part in one.record.parts] and (closing := history.closed_by(one)):
        yield "What it left in Azure was closed by", closing


def name_of_change(one: ChangeFacts) -> str:
    """Return the number of a change, with its ledger where there are several."""
    return f"{one.cloud} {one.record.number}" if one.cloud else str(one.record.number)


def result_of(one: ChangeFacts) -> Badge:
    """Return what became of a change, or what else the entry is."""
    entry, result = one.record.entry, one.record.result
    if entry.kind is Kind.INTENT:
        found = result.result if result else None
        return _DRIFT if found is Result.SUCCEEDED and is_drift(one) else _RESULTS[found]
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
