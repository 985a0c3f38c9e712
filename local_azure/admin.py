"""The operations of `sde local`: list, count and reset the resources of the local Azure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_azure.data_plane import contents
from local_azure.load.setting import Load
from local_azure.outside_connections import CONNECTION
from local_azure.store import Store

BLOB = "azure-native:storage:Blob"
"""A blob, which requests for data create (`data_plane`)."""


@dataclass(frozen=True)
class Entry:
    """A resource: its id, its type token and, if it is soft-deleted, when Azure frees its name (UTC)."""

    id: str
    type: str
    held_until: datetime | None = None


def resources(database: Path) -> list[Entry]:
    """Return all resources, ordered by id. Empty if the file does not exist."""
    with _open_store(database) as store:
        return [Entry(found.id, found.token) for found in store.all_resources()] if store else []


def soft_deleted(database: Path) -> list[Entry]:
    """Return all soft-deleted resources that still reserve their name."""
    with _open_store(database) as store:
        found = store.all_soft_deleted() if store else []
        return [Entry(e.resource.id, e.resource.token, datetime.fromtimestamp(e.until, UTC)) for e in found]


def count(database: Path) -> int:
    """Return the number of resources, without soft-deleted ones."""
    with _open_store(database) as store:
        return store.count() if store else 0


def reset(database: Path) -> int:
    """Delete everything, soft-deleted resources too. Return the number of resources there were."""
    with _open_store(database) as store:
        if store is None:
            return 0
        number = store.count()
        store.clear()
        contents.clear(database)
        return number


def delete(database: Path, id_: str) -> bool:
    """Delete a resource as Azure does on request: not one that is locked or in use (`AzureError`). False if missing."""
    from local_azure.arm import Arm  # noqa: PLC0415 - the types take time to import
    from local_azure.model import AzureError  # noqa: PLC0415
    from local_azure.schema import azure_native  # noqa: PLC0415
    from local_azure.types import TYPES  # noqa: PLC0415

    with _open_store(database) as store:
        found = store.get(id_) if store else None
        if found is not None and found.token == BLOB:
            text = "Resource Manager has no blobs. Use: scripts/sde local try delete"
            raise AzureError("InvalidResourceType", text)
        if store is not None and found is not None and found.token == CONNECTION:
            store.remove(found.id)  # the endpoint stays, without a connection
        elif store is not None and found is not None:
            Arm(store, azure_native(), TYPES).delete(found.id, found.token, "")
        return found is not None


def load(database: Path) -> Load:
    """Return how busy the local Azure is."""
    with _open_store(database) as store:
        return Load(store.load()) if store else Load.OFF


def set_load(database: Path, setting: Load) -> None:
    """Set how busy the local Azure is, also of one that does not exist yet."""
    store = Store(database)
    try:
        store.set_load(setting)
    finally:
        store.close()


@contextmanager
def _open_store(database: Path) -> Iterator[Store | None]:
    # None for a missing file, which a read must not create.
    store = Store(database) if database.exists() else None
    try:
        yield store
    finally:
        if store is not None:
            store.close()
