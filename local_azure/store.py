"""The store of the local Azure: one SQLite file, for concurrent use by several processes."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formats.arm.ids_in_values import ids_in
from formats.property_paths import PropertyPath
from local_azure.ids import prefixes
from local_azure.locations import normal_location
from local_azure.model import StoredResource

if TYPE_CHECKING:
    from local_azure.subscriptions import SubscriptionSettings

SETTINGS = "subscriptions.yaml"
"""The file beside the database with the settings of subscriptions."""
FORMAT = 4
"""The file format, in `user_version`. A file of a newer format is refused and not changed."""

DAY = 86_400.0

_LOCATION = "lower(replace(json_extract(properties, '$.location'), ' ', ''))"
_TABLES = f"""
CREATE TABLE IF NOT EXISTS resource (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, token TEXT NOT NULL, name TEXT NOT NULL, subscription TEXT NOT NULL,
    properties TEXT NOT NULL, secrets TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resource_by_type ON resource (token, subscription);
CREATE INDEX IF NOT EXISTS resource_by_place ON resource (token, subscription, {_LOCATION});
CREATE INDEX IF NOT EXISTS resource_by_name ON resource (token, name COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS reference (target TEXT, source TEXT, PRIMARY KEY (target, source)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reference_by_source ON reference (source);
CREATE TABLE IF NOT EXISTS lock (scope TEXT, key TEXT, level TEXT, PRIMARY KEY (scope, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS soft_deleted (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, token TEXT NOT NULL, name TEXT NOT NULL, subscription TEXT NOT NULL,
    properties TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS soft_deleted_by_name ON soft_deleted (token, name COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS first_boot (key TEXT PRIMARY KEY, custom_data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deallocated (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS load (setting TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS write (run TEXT, step TEXT, key TEXT, code TEXT, shared INT, start REAL, end REAL);
CREATE INDEX IF NOT EXISTS write_by_key ON write (run, key);
"""
_COLUMNS = "id, token, name, properties"
_LOCKS = "/providers/microsoft.authorization/locks/"


class StoreError(Exception):
    """A file that cannot be used: full disk, damage, a newer format. It is not changed."""


@dataclass(frozen=True)
class Lock:
    """A management lock: its scope, its id and its level."""

    scope: str
    id: str
    level: str


@dataclass(frozen=True)
class SoftDeleted:
    """A soft-deleted resource, and when Azure frees its name (seconds since the epoch)."""

    resource: StoredResource
    until: float


class Store:
    """The resources of the local Azure. Implements `Cloud` for the constraints."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._mutex = threading.RLock()
        self._settings = settings_beside(path)
        with self._storage_errors():
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Created before SQLite opens it, so that it is never readable by other users. One that is there is not opened:
        # closing it would drop the locks of this process's other connections (sqlite.org/howtocorrupt.html, 2.2).
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
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
        with self._mutex:
            self._connection.close()

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path}: {_explanation(error)} (nothing was changed)") from error
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror} (nothing was changed)") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction, exclusive among threads and processes."""
        with self._mutex, self._storage_errors():
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
        with self._mutex, self._storage_errors():
            return self._connection.execute(query, values).fetchall()

    # For constraints (`model.Cloud`).

    def get(self, id_: str) -> StoredResource | None:
        rows = self._rows(f"SELECT {_COLUMNS} FROM resource WHERE key = ?", (key_of(id_),))  # noqa: S608
        return _stored(rows[0]) if rows else None

    def children(self, id_: str, token: str | None = None) -> Iterable[StoredResource]:
        """Resources whose id is below `id_`, at any depth, ordered by id."""
        query = f"SELECT {_COLUMNS} FROM resource WHERE key > ? AND key < ?"  # noqa: S608
        rows = self._rows(f"{query} AND (? IS NULL OR token = ?)", (*_descendant_range(id_), token, token))
        return [_stored(row) for row in rows]

    def of_type(self, token: str, subscription: str | None = None) -> Iterable[StoredResource]:
        query = f"SELECT {_COLUMNS} FROM resource WHERE token = ?"  # noqa: S608
        if subscription is None:
            return [_stored(row) for row in self._rows(query, (token,))]
        rows = self._rows(f"{query} AND subscription = ?", (token, subscription.lower()))
        return [_stored(row) for row in rows]

    def count_of_type(self, token: str, subscription: str, location: str | None = None) -> int:
        """Number of resources of a type in a subscription, in one region or in all."""
        query = "SELECT count(*) FROM resource WHERE token = ? AND subscription = ?"
        if location is None:
            return int(self._rows(query, (token, subscription.lower()))[0][0])
        place = normal_location(location)
        return int(self._rows(f"{query} AND {_LOCATION} = ?", (token, subscription.lower(), place))[0][0])

    def referencing(self, id_: str) -> Iterable[StoredResource]:
        """Resources with a property that holds `id_` or an id below it, except those below it themselves."""
        key = key_of(id_)
        low, high = _descendant_range(id_)
        sources = (
            "SELECT source FROM reference WHERE (target = ? OR (target > ? AND target < ?)) "
            "AND NOT (source = ? OR (source > ? AND source < ?))"
        )
        query = f"SELECT {_COLUMNS} FROM resource WHERE key IN ({sources}) ORDER BY key"  # noqa: S608
        return [_stored(row) for row in self._rows(query, (key, low, high, key, low, high))]

    def global_name_owner(self, token: str, name: str) -> str | None:
        """The id of the resource with this name, in any subscription, soft-deleted ones included."""
        query = (
            "SELECT id FROM resource WHERE token = ? AND name = ? COLLATE NOCASE UNION ALL "
            "SELECT id FROM soft_deleted WHERE token = ? AND name = ? COLLATE NOCASE AND until > ?"
        )
        rows = self._rows(query, (token, name, token, name, self._clock()))
        return str(rows[0][0]) if rows else None

    def soft_deleted(self, token: str, name: str) -> StoredResource | None:
        query = f"SELECT {_COLUMNS} FROM soft_deleted WHERE token = ? AND name = ? COLLATE NOCASE AND until > ?"  # noqa: S608
        rows = self._rows(query, (token, name, self._clock()))
        return _stored(rows[0]) if rows else None

    @property
    def has_settings(self) -> bool:
        """True if there are settings of any subscription."""
        return bool(self._settings)

    def settings(self, subscription: str) -> SubscriptionSettings | None:
        return self._settings.get(subscription.lower())

    # For Resource Manager and the provider.

    def soft_deleted_id(self, id_: str) -> StoredResource | None:
        """Return the soft-deleted resource with this id."""
        query = f"SELECT {_COLUMNS} FROM soft_deleted WHERE key = ? AND until > ?"  # noqa: S608
        rows = self._rows(query, (key_of(id_), self._clock()))
        return _stored(rows[0]) if rows else None

    def secrets(self, id_: str) -> frozenset[PropertyPath]:
        """Return the paths of a resource's secret outputs."""
        rows = self._rows("SELECT secrets FROM resource WHERE key = ?", (key_of(id_),))
        return frozenset(tuple(path) for path in json.loads(rows[0][0])) if rows else frozenset()

    def locks(self, id_: str, *, below: bool = False) -> list[Lock]:
        """Return the locks on a resource and the scopes above it; with `below`, also on its children."""
        scopes = [key_of(prefix) for prefix in prefixes(id_)]
        marks = ",".join("?" * len(scopes))
        query, values = f"SELECT scope, key, level FROM lock WHERE scope IN ({marks})", [*scopes]  # noqa: S608
        if below:
            query, values = f"{query} OR (scope > ? AND scope < ?)", [*values, *_descendant_range(id_)]
        return [Lock(*row) for row in self._rows(query, values)]

    def put(self, resource: StoredResource, subscription: str, secrets: Iterable[PropertyPath] = ()) -> None:
        """Create or replace one resource. Removes a soft-deleted one with this id."""
        key = key_of(resource.id)
        with self.transaction():
            run = self._connection.execute
            run("DELETE FROM reference WHERE source = ?", (key,))
            run("DELETE FROM soft_deleted WHERE key = ?", (key,))
            text = json.dumps(resource.properties, separators=(",", ":"))
            marks = json.dumps(sorted(secrets, key=str))
            row = (key, resource.id, resource.token, resource.name, subscription.lower(), text, marks)
            run("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            mentioned = map(key_of, ids_in(resource.properties))
            targets = {(target, key) for target in mentioned if not _inside(target, key)}
            self._connection.executemany("INSERT OR IGNORE INTO reference VALUES (?, ?)", sorted(targets))
            scope, found, _ = key.rpartition(_LOCKS)
            if found:
                run("INSERT OR REPLACE INTO lock VALUES (?, ?, ?)", (scope, key, str(resource.properties.get("level"))))

    def remove(
        self, id_: str, *, days: Callable[[StoredResource], int | None] = lambda _: None
    ) -> list[StoredResource]:
        """Delete a resource and its children. `days` returns the soft-delete period of each."""
        with self.transaction():
            own = self.get(id_)
            removed = [own] if own else []
            removed += self.children(id_)
            for resource in removed:
                self._remove_one(resource, days(resource))
            return removed

    def _remove_one(self, resource: StoredResource, days: int | None) -> None:
        key = key_of(resource.id)
        run = self._connection.execute
        if days is not None:
            until = self._clock() + days * DAY
            run(
                "INSERT OR REPLACE INTO soft_deleted SELECT key, id, token, name, subscription, properties, ? "
                "FROM resource WHERE key = ?",
                (until, key),
            )
        for table, column in (("resource", "key"), ("reference", "source"), ("lock", "key"), ("first_boot", "key"),
                              ("deallocated", "key")):  # fmt: skip
            run(f"DELETE FROM {table} WHERE {column} = ?", (key,))  # noqa: S608

    def keep_first_boot(self, id_: str, custom_data: str) -> None:
        """Keep the custom data of a new virtual machine, which Azure never returns, for what the guest knows."""
        self.query("INSERT OR REPLACE INTO first_boot VALUES (?, ?)", (key_of(id_), custom_data))

    def first_boot(self, id_: str) -> str:
        """Return the custom data that a virtual machine was made with; empty for none."""
        rows = self._rows("SELECT custom_data FROM first_boot WHERE key = ?", (key_of(id_),))
        return str(rows[0][0]) if rows else ""

    def set_power(self, id_: str, *, is_on: bool) -> None:
        """Start or deallocate a virtual machine."""
        text = "DELETE FROM deallocated WHERE key = ?" if is_on else "INSERT OR REPLACE INTO deallocated VALUES (?)"
        self.query(text, (key_of(id_),))

    def is_deallocated(self, id_: str) -> bool:
        """Return True for a virtual machine that was deallocated and not started again."""
        return bool(self._rows("SELECT 1 FROM deallocated WHERE key = ?", (key_of(id_),)))

    def change(self, resource: StoredResource) -> None:
        """Store other properties of a resource; its references and secrets stay as they are."""
        text = json.dumps(resource.properties, separators=(",", ":"))
        self.query("UPDATE resource SET properties = ? WHERE key = ?", (text, key_of(resource.id)))

    # For `load`.

    def query(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run one statement and return its rows."""
        return self._rows(text, values)

    def load(self) -> str:
        """Return how busy this Azure is: `off` unless it was set."""
        rows = self._rows("SELECT setting FROM load")
        return str(rows[0][0]) if rows else "off"

    def set_load(self, setting: str) -> None:
        """Set how busy this Azure is."""
        with self.transaction():
            self._connection.execute("DELETE FROM load")
            self._connection.execute("INSERT INTO load VALUES (?)", (setting,))

    # For `admin`.

    def all_resources(self) -> list[StoredResource]:
        return [_stored(row) for row in self._rows(f"SELECT {_COLUMNS} FROM resource ORDER BY key")]  # noqa: S608

    def all_soft_deleted(self) -> list[SoftDeleted]:
        query = f"SELECT {_COLUMNS}, until FROM soft_deleted WHERE until > ? ORDER BY key"  # noqa: S608
        return [SoftDeleted(_stored(row[:4]), row[4]) for row in self._rows(query, (self._clock(),))]

    def count(self) -> int:
        return int(self._rows("SELECT count(*) FROM resource")[0][0])

    def clear(self) -> None:
        """Delete everything, soft-deleted resources too. The load stays as it is."""
        with self.transaction():
            for table in ("resource", "reference", "lock", "soft_deleted", "first_boot", "write"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608


def settings_beside(database: Path) -> Mapping[str, SubscriptionSettings]:
    """Return the settings of subscriptions, by id. `InputError` for a file that cannot be used."""
    file = database.with_name(SETTINGS)
    if not file.exists():
        return {}
    from local_azure.subscriptions import read_settings  # noqa: PLC0415 - slow to import, and few have the file

    return read_settings(file)


def key_of(id_: str) -> str:
    """Return the key of an id: ids compare case-insensitively."""
    return id_.rstrip("/").lower()


def _descendant_range(id_: str) -> tuple[str, str]:
    # "0" is the character after "/", so the range covers all keys that begin with the id and a slash.
    key = key_of(id_)
    return f"{key}/", f"{key}0"


def _inside(id_: str, key: str) -> bool:
    return id_ == key or id_.startswith(f"{key}/")


def _stored(row: Sequence[Any]) -> StoredResource:
    id_, token, name, properties = row
    return StoredResource(id_, token, name, json.loads(properties))


def _explanation(error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if "full" in text:
        return "the disk is full"
    if "malformed" in text or "not a database" in text:
        return "the file is damaged, or not a database of the local Azure: move it away, or restore a copy"
    if "locked" in text:
        return "another process has locked it for a minute"
    if "readonly" in text:
        return "it is read-only"
    return text
