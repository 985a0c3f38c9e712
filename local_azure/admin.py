"""What the `sde local` commands ask of the local Azure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_azure.store import Store


@dataclass(frozen=True)
class Entry:
    """One resource: its id, azure-native's token, and for a soft-deleted one until when its name is held (UTC)."""

    id: str
    type: str
    held_until: datetime | None = None


def resources(database: Path) -> list[Entry]:
    """Every resource, by id. None where the file is not there yet."""
    with _opened(database) as store:
        return [Entry(found.id, found.token) for found in store.everything()] if store else []


def soft_deleted(database: Path) -> list[Entry]:
    """Every soft-deleted resource whose name Azure would still hold."""
    with _opened(database) as store:
        found = store.all_soft_deleted() if store else []
        return [Entry(e.resource.id, e.resource.token, datetime.fromtimestamp(e.until, UTC)) for e in found]


def count(database: Path) -> int:
    """How many resources there are, soft-deleted ones left out."""
    with _opened(database) as store:
        return store.count() if store else 0


def reset(database: Path) -> int:
    """Forget everything, soft-deleted names too; the number of resources that were there."""
    with _opened(database) as store:
        if store is None:
            return 0
        there = store.count()
        store.clear()
        return there


class _opened:  # noqa: N801 - read as `with _opened(...)`
    """The store of a file that exists; None for one that does not, which is not made by looking."""

    def __init__(self, database: Path) -> None:
        self._store = Store(database) if database.exists() else None

    def __enter__(self) -> Store | None:
        return self._store

    def __exit__(self, *_: object) -> None:
        if self._store is not None:
            self._store.close()
