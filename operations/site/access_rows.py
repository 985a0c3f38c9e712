"""Rights on data as rows of pages: those of one holder that differ in their things alone are one row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from formats.stack_config import DataClass
from operations.access.actions import DATA_ACTIONS, Action
from operations.access.things import Kind
from operations.access.view import NOT_RECORDED, Row
from operations.site.badge import Badge
from operations.site.facts import SiteFacts

_STORES = (Kind.CONTAINER, Kind.STORE, Kind.REGISTRY)
"""The things that have the data of a zone or project."""
_BY_CONTROL_PLANE = (Action.LIST_KEYS, Action.TAKE, Action.MANAGE, Action.MANAGE_RIGHTS, Action.RELEASE_KEYS)
"""The actions with which a holder may come to the data without a right to read it."""
_WAYS = {"none needed": "no network way is needed", "not analysed": "the network way is not analysed"}
_NUMBER = re.compile(r"change (\d+)")
CLASSES = tuple(reversed([one.value for one in DataClass]))
"""The data classes, the most sensitive first."""
USABLE, NO_WAY, PENDING = Badge("info", "usable"), Badge("quiet", "no way in"), Badge("bad", "revocation failed")


@dataclass(frozen=True)
class Rights:
    """What one holder may do to some things, by the same roles and ways."""

    who: str
    who_id: str
    """The object id; empty for a resource of the estate."""
    is_person: bool
    """True for a group, a user or an application; false for the identities of the estate's own resources."""
    may: tuple[str, ...]
    things: tuple[str, ...]
    data_class: str
    use: Badge
    way: str
    roles: tuple[str, ...]
    notes: tuple[str, ...]
    since: str
    """UTC; empty if it is not recorded."""
    change: str
    """The change that made it; empty if it is not recorded."""
    change_path: str
    """The path of its page; empty if it has none."""
    is_data: bool
    """True if it is on what has data, not on computers, keys or logs."""

    @property
    def reads(self) -> bool:
        """True if its holder may read data by it."""
        return self.is_data and Action.READ in self.may

    @property
    def reads_logs(self) -> bool:
        """True if its holder may read logs by it, which have no data of a project but who used it, and when."""
        return Action.READ_LOGS in self.may

    @property
    def is_usable(self) -> bool:
        """True if nothing but the right is needed, or there is a network way."""
        return self.use is not NO_WAY

    @property
    def takes(self) -> bool:
        """True if its holder may come to the data by the control plane."""
        return any(action in self.may for action in _BY_CONTROL_PLANE)

    @property
    def touches_data(self) -> bool:
        """True if it is a right to read, write or delete data."""
        return self.is_data and any(action in self.may for action in DATA_ACTIONS)


def rights_of(facts: SiteFacts, rows: Iterable[Row]) -> Sequence[Rights]:
    """Return the rights of rows, in their order."""
    found: dict[Rights, list[str]] = {}
    for row in rows:
        found.setdefault(_right(facts, row), []).append(_label(row))
    return [replace(right, things=tuple(dict.fromkeys(things))) for right, things in found.items()]


def _right(facts: SiteFacts, row: Row) -> Rights:
    """Return a row without its thing."""
    recorded = bool(row.origins)
    return Rights(
        who=row.holder.name,
        who_id=row.holder.id,
        is_person=not row.holder.key.startswith("urn:"),
        may=tuple(map(str, row.actions)),
        things=(),
        data_class=row.thing.data_class,
        use=PENDING if row.grounds.is_pending else USABLE if row.is_usable else NO_WAY,
        way=_WAYS.get(row.way, row.way) if row.is_usable else "",
        roles=row.grounds.roles,
        notes=row.notes,
        since=row.since if recorded and row.since != NOT_RECORDED else "",
        change=row.change if recorded else "",
        change_path=_path_of_change(facts, row) if recorded else "",
        is_data=row.thing.kind in _STORES,
    )


def _label(row: Row) -> str:
    """Return the name of a thing without its stack, which the heading or another column has."""
    return row.thing.label.removesuffix(f" ({row.thing.stack})")


def _path_of_change(facts: SiteFacts, row: Row) -> str:
    """Return the path of the page of the change that made a right; empty if it has none."""
    found = _NUMBER.match(row.change)
    if not found:
        return ""
    number, clouds = int(found[1]), {stack.name: stack.cloud for stack in facts.stacks}
    stack = next((one.stack for one in row.grounds.assignments), "")
    change = facts.changes_by_number.get(("", number)) or facts.changes_by_number.get((clouds.get(stack, ""), number))
    return change.path if change else ""
