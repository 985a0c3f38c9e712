"""The access view: a row for each holder and thing, for tables and for auditors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.urns import name_of, stack_of
from operations.access.actions import DATA_ACTIONS, SIGN_IN_ACTIONS, Action
from operations.access.assignments import Assignment
from operations.access.model import Access, AccessModel, Grounds, has_way
from operations.access.people import Holder
from operations.access.things import Thing
from operations.access.wording import NO_WAY

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class Origin:
    """Since when a role assignment exists, and by which change."""

    since: str
    """An ISO 8601 time in UTC."""
    change: str
    """The change of the ledger that made it."""


Origins = Mapping[tuple[str, bool], Origin]
"""The origins that are recorded, by the URN of a role assignment and whether it waits for its deletion: then another
assignment may have the same URN."""
NO_ORIGINS: Origins = {}


@dataclass(frozen=True)
class Row:
    """What one holder may do to one thing by the same roles."""

    holder: Holder
    actions: tuple[Action, ...]
    thing: Thing
    through: str
    """The computer by whose identity it is, in words; empty: a right of its own."""
    grounds: Grounds
    is_usable: bool
    """True if it needs no network way, or has one."""
    origins: tuple[Origin, ...] = ()
    """Of its assignments, those that are recorded, the earliest first."""

    @property
    def way(self) -> str:
        """The network ways in words."""
        if not self.is_usable:
            return NO_WAY
        if self.grounds.ways:
            return ", ".join(self.grounds.ways)
        return "not analysed" if Action.READ_LOGS in self.actions or Action.USE_KEYS in self.actions else "none needed"

    @property
    def notes(self) -> tuple[str, ...]:
        """The limits of the right, what it lets its holder do by the control plane, and what is not done."""
        each = [set(one.notes) for one in self.grounds.assignments]
        common = sorted(set.intersection(*each)) if each else []
        failed = [] if self.grounds.is_pending else _failed(self.grounds.assignments)
        return (*common, *failed, *(f"can {technique} it" for technique in self.grounds.techniques))

    @property
    def since(self) -> str:
        """Since when it exists, if that is recorded."""
        return self.origins[0].since if self.origins else NOT_RECORDED

    @property
    def change(self) -> str:
        """By which change it was made, if that is recorded."""
        return self.origins[0].change if self.origins else NOT_RECORDED

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values. `since` and `change` are null where nothing recorded them."""
        thing, assignments = self.thing, self.grounds.assignments
        return {
            "who": self.holder.to_json(),
            "may": [str(action) for action in self.actions],
            "roles": list(self.grounds.roles),
            "on": {
                "kind": str(thing.kind), "label": thing.label, "place": thing.place, "stack": thing.stack,
                "data_class": thing.data_class, "name": thing.name, "id": thing.id,
            },
            "through": self.through,
            "ways": list(self.grounds.ways),
            "usable": self.is_usable,
            "conditions": list(self.grounds.conditions),
            "expires": [one.expires for one in assignments if one.expires],
            "revocation_failed": self.grounds.is_pending,
            "notes": list(self.notes),
            "since": self.origins[0].since if self.origins else None,
            "change": self.origins[0].change if self.origins else None,
            "assignments": [{"urn": a.urn, "id": a.id, "scope": a.scope, "stack": a.stack} for a in assignments],
        }  # fmt: skip


def _failed(assignments: Sequence[Assignment]) -> list[str]:
    names = sorted(one.name for one in assignments if one.is_pending_delete)
    return [f"revocation failed: {name} is not deleted" for name in names]


@dataclass(frozen=True)
class AccessView:
    """The rows of an estate, or of those that were asked for."""

    rows: tuple[Row, ...]
    unknowns: tuple[str, ...] = ()
    """Properties that could not be read, and count as open."""
    closed: tuple[Assignment, ...] = ()
    """The role assignments that permit nothing, by their condition."""

    @property
    def failed_revocations(self) -> tuple[Assignment, ...]:
        """The role assignments that an earlier run failed to delete."""
        found = {a: None for row in self.rows for a in row.grounds.assignments if a.is_pending_delete}
        return tuple(found)


def access_view(
    model: AccessModel,
    *,
    person: str | None = None,
    stacks: Collection[str] | None = None,
    origins: Origins = NO_ORIGINS,
) -> AccessView:
    """Return the rows of an estate: all, or those of one holder, by name or object id, or on the things of some stacks.

    A row is shown for a stack if its thing or one of its assignments belongs to it.
    """
    rows = sorted(_rows(model, origins), key=_order)
    shown = tuple(row for row in rows if _is_wanted(row, person, stacks))
    closed = tuple(a for a in model.assignments if a.is_closed and (stacks is None or a.stack in stacks))
    return AccessView(shown, model.unknowns, closed)


def holders_named(model: AccessModel, person: str) -> list[Holder]:
    """Return the holders of rights whose name or object id is, or contains, a text."""
    keys = dict.fromkeys(access.holder for access in model.accesses)
    return [one for one in map(model.people.holder, keys) if is_named(one, person)]


def is_named(holder: Holder, person: str) -> bool:
    """True if a holder has this object id, or a name with this text in it."""
    wanted = person.strip().lower()
    return wanted in (holder.key, holder.id) or wanted in holder.name.lower()


def _is_wanted(row: Row, person: str | None, stacks: Collection[str] | None) -> bool:
    in_stack = stacks is None or row.thing.stack in stacks or any(a.stack in stacks for a in row.grounds.assignments)
    return in_stack and (person is None or is_named(row.holder, person))


def _rows(model: AccessModel, origins: Origins) -> Iterator[Row]:
    """Yield the accesses of a holder to a thing on the same grounds as one row."""
    found: dict[tuple[object, ...], list[tuple[Access, Grounds]]] = {}
    for access, grounds in model.accesses.items():
        key = (access.holder, access.thing, access.through, grounds.roles, grounds.ways, has_way(access, grounds),
               tuple(a.id for a in grounds.assignments), access.action is Action.READ_SETTINGS)  # fmt: skip
        found.setdefault(key, []).append((access, grounds))
    for group in found.values():
        access, grounds = group[0]
        actions = tuple(action for action in Action if any(one.action is action for one, _ in group))
        yield Row(
            model.people.holder(access.holder),
            actions,
            model.thing(access.thing),
            f"{name_of(access.through)} of {stack_of(access.through)}" if access.through else "",
            grounds,
            has_way(access, grounds),
            _origins_of(grounds, origins),
        )


def _origins_of(grounds: Grounds, origins: Origins) -> tuple[Origin, ...]:
    """Return the recorded origins of what an access rests on; of several parts that it needs, those made last."""
    parts = [[(one.urn, one.is_pending_delete) for one in part] for part in (grounds.assignments, *grounds.needs)]
    found = [sorted((origins[key] for key in keys if key in origins), key=lambda one: one.since) for keys in parts]
    last = max(found, key=lambda recorded: recorded[0].since) if all(found) else []
    return tuple(last)


def _order(row: Row) -> tuple[Any, ...]:
    first = row.actions[0]
    rank = 0 if first in DATA_ACTIONS else 1 if first in SIGN_IN_ACTIONS else 2
    is_person = not row.holder.key.startswith("urn:")
    return (not is_person, row.holder.name, rank, row.thing.label, row.through, row.grounds.roles)
