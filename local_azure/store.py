"""What the local Azure remembers: one SQLite file that several processes may use at once."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_azure.declare import Stored
from local_azure.ids import prefixes
from local_azure.wire import Path as PropertyPath

FORMAT = 2
"""The file's format, kept in `user_version`. A newer one is refused, never touched."""

DAY = 86_400.0

_PLACE = "lower(replace(json_extract(properties, '$.location'), ' ', ''))"
_TABLES = f"""
CREATE TABLE IF NOT EXISTS resource (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, token TEXT NOT NULL, name TEXT NOT NULL, subscription TEXT NOT NULL,
    properties TEXT NOT NULL, secrets TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resource_by_type ON resource (token, subscription);
CREATE INDEX IF NOT EXISTS resource_by_place ON resource (token, subscription, {_PLACE});
CREATE INDEX IF NOT EXISTS resource_by_name ON resource (token, name COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS reference (target TEXT, source TEXT, PRIMARY KEY (target, source)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reference_by_source ON reference (source);
CREATE TABLE IF NOT EXISTS lock (scope TEXT, key TEXT, level TEXT, PRIMARY KEY (scope, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS soft_deleted (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, token TEXT NOT NULL, name TEXT NOT NULL, subscription TEXT NOT NULL,
    properties TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS soft_deleted_by_name ON soft_deleted (token, name COLLATE NOCASE);
"""
_COLUMNS = "id, token, name, properties"
_LOCKS = "/providers/microsoft.authorization/locks/"


class StoreError(Exception):
    """The file cannot be used: full disk, damage, a newer format. What it holds is left as it is."""


@dataclass(frozen=True)
class Lock:
    """A management lock: the scope it guards, its own id and its level."""

    scope: str
    id: str
    level: str


@dataclass(frozen=True)
class SoftDeleted:
    """A deleted resource whose name Azure still holds, and until when (seconds since the epoch)."""

    resource: Stored
    until: float


class Store:
    """The resources of the local Azure. It is the `Cloud` that the declared rules ask."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._guard = threading.RLock()
        with self._explained():
            self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Made before SQLite opens it, so that nobody else can ever read it.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            connection.close()
            raise StoreError(f"{self.path} was written by a newer version (format {version}; this one reads {FORMAT})")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if version < FORMAT:
            connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={FORMAT};COMMIT;")
        return connection

    def close(self) -> None:
        with self._guard:
            self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path}: {_meaning(error)} (nothing was changed)") from error
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror} (nothing was changed)") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and alone: what is read inside holds until the end, across processes too."""
        with self._guard, self._explained():
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._guard, self._explained():
            return self._connection.execute(query, values).fetchall()

    # What rules ask (`declare.Cloud`).

    def get(self, id_: str) -> Stored | None:
        rows = self._rows(f"SELECT {_COLUMNS} FROM resource WHERE key = ?", (key_of(id_),))  # noqa: S608
        return _stored(rows[0]) if rows else None

    def children(self, id_: str, token: str | None = None) -> Iterable[Stored]:
        """Resources whose id lies below `id_`, at any depth, by id."""
        query = f"SELECT {_COLUMNS} FROM resource WHERE key > ? AND key < ?"  # noqa: S608
        rows = self._rows(f"{query} AND (? IS NULL OR token = ?)", (*_below(id_), token, token))
        return [_stored(row) for row in rows]

    def of_type(self, token: str, subscription: str | None = None) -> Iterable[Stored]:
        query = f"SELECT {_COLUMNS} FROM resource WHERE token = ?"  # noqa: S608
        if subscription is None:
            return [_stored(row) for row in self._rows(query, (token,))]
        rows = self._rows(f"{query} AND subscription = ?", (token, subscription.lower()))
        return [_stored(row) for row in rows]

    def held(self, token: str, subscription: str, location: str | None = None) -> int:
        """How many of a type a subscription has, in one region or in all."""
        query = "SELECT count(*) FROM resource WHERE token = ? AND subscription = ?"
        if location is None:
            return int(self._rows(query, (token, subscription.lower()))[0][0])
        place = location.replace(" ", "").lower()
        return int(self._rows(f"{query} AND {_PLACE} = ?", (token, subscription.lower(), place))[0][0])

    def users(self, id_: str) -> Iterable[Stored]:
        """Resources with a property that holds `id_`, or an id below it; not those that lie below it themselves."""
        key = key_of(id_)
        low, high = _below(id_)
        sources = (
            "SELECT source FROM reference WHERE (target = ? OR (target > ? AND target < ?)) "
            "AND NOT (source = ? OR (source > ? AND source < ?))"
        )
        query = f"SELECT {_COLUMNS} FROM resource WHERE key IN ({sources}) ORDER BY key"  # noqa: S608
        return [_stored(row) for row in self._rows(query, (key, low, high, key, low, high))]

    def global_name_owner(self, token: str, name: str) -> str | None:
        """The id of whatever holds this name, in any subscription; soft-deleted ones included."""
        query = (
            "SELECT id FROM resource WHERE token = ? AND name = ? COLLATE NOCASE UNION ALL "
            "SELECT id FROM soft_deleted WHERE token = ? AND name = ? COLLATE NOCASE AND until > ?"
        )
        rows = self._rows(query, (token, name, token, name, self._clock()))
        return str(rows[0][0]) if rows else None

    def soft_deleted(self, token: str, name: str) -> Stored | None:
        query = f"SELECT {_COLUMNS} FROM soft_deleted WHERE token = ? AND name = ? COLLATE NOCASE AND until > ?"  # noqa: S608
        rows = self._rows(query, (token, name, self._clock()))
        return _stored(rows[0]) if rows else None

    # What the provider needs beside.

    def soft_deleted_id(self, id_: str) -> Stored | None:
        """The soft-deleted resource that had this very id."""
        query = f"SELECT {_COLUMNS} FROM soft_deleted WHERE key = ? AND until > ?"  # noqa: S608
        rows = self._rows(query, (key_of(id_), self._clock()))
        return _stored(rows[0]) if rows else None

    def secrets(self, id_: str) -> frozenset[PropertyPath]:
        """The output paths of a resource that are secret."""
        rows = self._rows("SELECT secrets FROM resource WHERE key = ?", (key_of(id_),))
        return frozenset(tuple(path) for path in json.loads(rows[0][0])) if rows else frozenset()

    def locks(self, id_: str, *, below: bool = False) -> list[Lock]:
        """The locks on a resource and on everything it lies in; with `below`, also on everything in it."""
        scopes = [key_of(prefix) for prefix in prefixes(id_)]
        marks = ",".join("?" * len(scopes))
        query, values = f"SELECT scope, key, level FROM lock WHERE scope IN ({marks})", [*scopes]  # noqa: S608
        if below:
            query, values = f"{query} OR (scope > ? AND scope < ?)", [*values, *_below(id_)]
        return [Lock(*row) for row in self._rows(query, values)]

    def put(self, resource: Stored, subscription: str, secrets: Iterable[PropertyPath] = ()) -> None:
        """Create or replace one resource. A soft-deleted one of this id is one no more."""
        key = key_of(resource.id)
        with self.transaction():
            run = self._connection.execute
            run("DELETE FROM reference WHERE source = ?", (key,))
            run("DELETE FROM soft_deleted WHERE key = ?", (key,))
            text = json.dumps(resource.properties, separators=(",", ":"))
            marks = json.dumps(sorted(secrets, key=str))
            row = (key, resource.id, resource.token, resource.name, subscription.lower(), text, marks)
            run("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            targets = {(target, key) for target in _ids(resource.properties) if not _inside(target, key)}
            self._connection.executemany("INSERT OR IGNORE INTO reference VALUES (?, ?)", sorted(targets))
            scope, found, _ = key.rpartition(_LOCKS)
            if found:
                run("INSERT OR REPLACE INTO lock VALUES (?, ?, ?)", (scope, key, str(resource.properties.get("level"))))

    def remove(self, id_: str, *, days: Callable[[Stored], int | None] = lambda _: None) -> list[Stored]:
        """Delete a resource and everything below it; `days` tells for how long Azure keeps each one soft-deleted."""
        with self.transaction():
            own = self.get(id_)
            gone = [*([own] if own else []), *self.children(id_)]
            for resource in gone:
                self._remove_one(resource, days(resource))
            return gone

    def _remove_one(self, resource: Stored, days: int | None) -> None:
        key = key_of(resource.id)
        run = self._connection.execute
        if days is not None:
            until = self._clock() + days * DAY
            run(
                "INSERT OR REPLACE INTO soft_deleted SELECT key, id, token, name, subscription, properties, ? "
                "FROM resource WHERE key = ?",
                (until, key),
            )
        for table, column in (("resource", "key"), ("reference", "source"), ("lock", "key")):
            run(f"DELETE FROM {table} WHERE {column} = ?", (key,))  # noqa: S608

    # What `admin` shows.

    def everything(self) -> list[Stored]:
        return [_stored(row) for row in self._rows(f"SELECT {_COLUMNS} FROM resource ORDER BY key")]  # noqa: S608

    def all_soft_deleted(self) -> list[SoftDeleted]:
        query = f"SELECT {_COLUMNS}, until FROM soft_deleted WHERE until > ? ORDER BY key"  # noqa: S608
        return [SoftDeleted(_stored(row[:4]), row[4]) for row in self._rows(query, (self._clock(),))]

    def count(self) -> int:
        return int(self._rows("SELECT count(*) FROM resource")[0][0])

    def clear(self) -> None:
        """Forget everything, soft-deleted names too."""
        with self.transaction():
            for table in ("resource", "reference", "lock", "soft_deleted"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608


def key_of(id_: str) -> str:
    """Ids compare without regard to case."""
    return id_.rstrip("/").lower()


def _below(id_: str) -> tuple[str, str]:
    # "0" is the character after "/": between the two lies all that begins with the id and a slash.
    key = key_of(id_)
    return f"{key}/", f"{key}0"


def _inside(id_: str, key: str) -> bool:
    return id_ == key or id_.startswith(f"{key}/")


def _ids(value: Any) -> Iterator[str]:
    """Every resource id in a value, keys of maps too, in lower case."""
    if isinstance(value, str):
        if value[:15].lower() == "/subscriptions/":
            yield key_of(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _ids(key)
            yield from _ids(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _ids(item)


def _stored(row: Sequence[Any]) -> Stored:
    id_, token, name, properties = row
    return Stored(id_, token, name, json.loads(properties))


def _meaning(error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if "full" in text:
        return "the disk is full"
    if "malformed" in text or "not a database" in text:
        return "the file is damaged or is not the local Azure's: put it aside, or restore it from a copy"
    if "locked" in text:
        return "another process has held it for a minute"
    if "readonly" in text:
        return "it cannot be written"
    return text
