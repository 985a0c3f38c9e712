"""The changes of access of one change in words: what it did, what it should have done, and what it would have done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from operations.access.wording import CHANGED, GAINED, LOST
from operations.diffs.text import shortened
from operations.history.kept import KeptAccess, KeptAccessChange, KeptHolder
from operations.ledger.entry import Kind, Result
from operations.site.badge import Badge
from operations.site.facts import ChangeFacts, SiteFacts

_MOST_THINGS = 3
_MAX_SENTENCE = 1000
_END = 4
"""The last digits of an object id by which two groups with one name are told apart."""


class Outcome(Enum):
    """What became of a change of access that was planned."""

    DONE = "done"
    LATE = "late"
    """The change ended in part, and the next deployment had to do it again."""
    UNKNOWN = "unknown"
    """The change ended in part or without a result, and no later one tells."""
    NOT_APPLIED = "not applied"


_BADGES: Mapping[tuple[Outcome, str], Badge] = {
    (Outcome.DONE, GAINED): Badge("warn", "gained"),
    (Outcome.DONE, LOST): Badge("info", "lost"),
    (Outcome.LATE, GAINED): Badge("info", "not gained yet"),
    (Outcome.LATE, LOST): Badge("bad", "not lost yet"),
    (Outcome.UNKNOWN, GAINED): Badge("warn", "perhaps gained"),
    (Outcome.UNKNOWN, LOST): Badge("bad", "perhaps not lost"),
    (Outcome.NOT_APPLIED, GAINED): Badge("quiet", "not applied"),
    (Outcome.NOT_APPLIED, LOST): Badge("quiet", "not applied"),
    (Outcome.NOT_APPLIED, CHANGED): Badge("quiet", "not applied"),
}


@dataclass(frozen=True)
class AccessLine:
    """What one holder gained or lost, or which group another one follows."""

    effect: Badge
    text: str
    opens: bool
    until: str = ""
    """The words before the link to the change that did it."""
    later: ChangeFacts | None = None
    """The change that did what this one had not."""


@dataclass(frozen=True)
class _Row:
    """A change of access, and what became of it."""

    kept: KeptAccessChange
    outcome: Outcome
    later: ChangeFacts | None
    names_id: bool
    former: KeptHolder | None = None
    """The group that lost the same as this one gained, under the same name."""

    @property
    def is_settled(self) -> bool:
        return self.outcome not in (Outcome.LATE, Outcome.UNKNOWN)

    @property
    def is_on_data(self) -> bool:
        return any(thing.data_class for thing in self.kept.on)


def access_lines(facts: SiteFacts, one: ChangeFacts, *, brief: bool) -> Sequence[AccessLine]:
    """Return the changes of access in a sentence each, first what was not done or is not known.

    `brief`: without grounds, those on data first; otherwise what opens something.
    """
    if one.access is None:
        return ()
    rows = _replaced(list(_rows(facts, one, one.access)))
    rows.sort(key=lambda row: (row.is_settled, not brief and not row.kept.opens, not row.is_on_data))
    return [*(_line(row, brief=brief) for row in rows), *_renames(one.access)]


def _renames(access: KeptAccess) -> Iterator[AccessLine]:
    for one in access.renames:
        text = f"{one.before} is now called {one.after}: the same group, no change of access"
        yield AccessLine(Badge("quiet", "renamed"), text, opens=False)


def _rows(facts: SiteFacts, one: ChangeFacts, access: KeptAccess) -> Iterator[_Row]:
    ids: dict[str, set[str]] = {}
    for kept in access.changes:
        ids.setdefault(kept.who.name, set()).add(kept.who.id)
    whole = _outcome(one)
    later = facts.history.next_deployment(one) if whole is Outcome.UNKNOWN else None
    for kept in access.changes:
        outcome = whole
        if later and "access" not in later.unread:
            outcome = Outcome.LATE if _recurs(kept, later.access) else Outcome.DONE
        yield _Row(kept, outcome, later if outcome is Outcome.LATE else None, len(ids[kept.who.name]) > 1)


def _outcome(one: ChangeFacts) -> Outcome:
    """Return what became of a whole change. After one that ended in part, only the next deployment tells."""
    entry, result = one.record.entry, one.record.result
    if entry.kind is not Kind.INTENT or (result and result.result is Result.FAILED):
        return Outcome.NOT_APPLIED
    return Outcome.DONE if result and result.result is Result.SUCCEEDED else Outcome.UNKNOWN


def _recurs(kept: KeptAccessChange, access: KeptAccess | None) -> bool:
    """True if a later plan has a change of access again; of what is lost, if it takes anything from the same holder:
    then not all of its rights were gone."""
    same = [row for row in (access.changes if access else ()) if row.effect == kept.effect and row.who == kept.who]
    if kept.effect == LOST:
        return bool(same)
    things = {thing.label for thing in kept.on}
    return any(set(row.may) & set(kept.may) and things & {thing.label for thing in row.on} for row in same)


def _replaced(rows: list[_Row]) -> list[_Row]:
    """Return the rows in which a group that follows another one of the same name, with the same rights, is one.

    Not where it is not known what became of them: each of the two is a question of its own then.
    """
    lost = {_right(row): row for row in rows if row.kept.effect == LOST}
    found, taken = list[_Row](), set[int]()
    for row in rows:
        is_known = row.outcome is not Outcome.UNKNOWN
        former = lost.get(_right(row)) if is_known and row.kept.effect == GAINED else None
        if former and former.kept.who.id != row.kept.who.id:
            taken |= {id(row), id(former)}
            found.append(replace(row, former=former.kept.who))
    return [*found, *(row for row in rows if id(row) not in taken)]


def _right(row: _Row) -> tuple[object, ...]:
    kept = row.kept
    things = tuple(thing.label for thing in kept.on)
    return kept.who.name, kept.may, things, kept.roles, kept.ways, kept.conditions, row.outcome


def _line(row: _Row, *, brief: bool) -> AccessLine:
    kept = row.kept
    changed = Badge("warn" if kept.opens else "info", "changed")
    badge = _BADGES.get((row.outcome, kept.effect), changed)
    if row.former and row.outcome is Outcome.DONE:
        badge = Badge("warn", "group replaced")
    grounds = kept.difference.grounds
    text = f"{_who(row, brief=brief)} {_does(row)}: {_things(kept, brief=brief)}"
    text = text if brief or not grounds else f"{text} ({grounds})"
    return AccessLine(badge, shortened(text, _MAX_SENTENCE), kept.opens, _until(row), row.later)


def _who(row: _Row, *, brief: bool) -> str:
    who, former = row.kept.who, row.former
    if not row.names_id:
        return who.name
    ids = [who.id, former.id] if former else [who.id]
    if brief and len({id_[-_END:] for id_ in ids}) == len(ids):
        ids = [f"…{id_[-_END:]}" for id_ in ids]
    if former is None:
        return f"{who.name} ({ids[0]})"
    return f"{who.name}, a new group ({ids[0]}) instead of the old one ({ids[1]}),"


def _does(row: _Row) -> str:
    """Return what the holder can do or not do, as far as it is so."""
    what = ", ".join(row.kept.techniques or row.kept.may)
    if row.outcome is Outcome.DONE:
        return row.kept.difference.does
    verb = "would have" if row.outcome is Outcome.NOT_APPLIED else "should have"
    if row.kept.effect == GAINED:
        return f"{verb} got the right to {what}"
    if row.kept.effect == LOST:
        return f"{verb} lost the right to {what}"
    return f"{verb} got other ways or conditions to {what}"


def _things(kept: KeptAccessChange, *, brief: bool) -> str:
    if not brief:
        return "; ".join(f"{one.label}{f', {one.data_class}' if one.data_class else ''}" for one in kept.on)
    labels = [one.label for one in kept.on]
    more = f" and {len(labels) - _MOST_THINGS:,} more" if len(labels) > _MOST_THINGS else ""
    return "; ".join(labels[:_MOST_THINGS]) + more


def _until(row: _Row) -> str:
    if row.outcome is Outcome.UNKNOWN:
        return "Whether it did is not known: the change did not end well, and no later one tells."
    if row.outcome is not Outcome.LATE:
        return ""
    if row.former:
        return "The old group kept the right, and the new one had none, until"
    if row.kept.effect == LOST:
        return "Rights of this holder were still in force until"
    return "It was done only by"
