"""A blob with its versions, as a resource of the store, which goes with its container.

Facts: docs/azure-facts.md#versions-of-a-blob, #versions-and-index-tags-of-a-blob.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from local_azure.ids import subscription_of
from local_azure.model import StoredResource
from local_azure.store import Store
from local_azure.types.blob_containers import BLOB


@dataclass(frozen=True)
class Version:
    """One version of a blob. Its content never changes; its tags may."""

    id: str
    """The time at which it was written, as Azure names versions."""
    etag: str
    sha256: str
    size: int
    created: float
    tags: Mapping[str, str] = field(default_factory=dict)
    deleted_until: float | None = None
    """The end of its soft delete; None if it is not deleted."""


@dataclass(frozen=True)
class Blob:
    """A blob: its name, the id of its current version, if any, and all versions, the oldest first."""

    name: str
    current_id: str | None = None
    versions: tuple[Version, ...] = ()

    @property
    def current(self) -> Version | None:
        """The current version; None if the blob was deleted."""
        return self.version(self.current_id) if self.current_id else None

    def version(self, id_: str) -> Version | None:
        """Return a version that is not deleted."""
        return next((one for one in self.versions if one.id == id_ and one.deleted_until is None), None)

    def with_version(self, version: Version) -> Blob:
        """Return the blob with one of its versions replaced."""
        return replace(self, versions=tuple(version if one.id == version.id else one for one in self.versions))


def new_version(blob: Blob | None, digest: str, size: int, now: float, tags: Mapping[str, str]) -> Version:
    """Return a version that is later than those of the blob."""
    last = max((one.created for one in blob.versions), default=0.0) if blob else 0.0
    created = max(now, last + 1e-6)
    id_ = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    etag = f"0x8D{sha256(f'{id_}{digest}'.encode()).hexdigest()[:13].upper()}"
    return Version(id_, etag, digest, size, created, dict(tags))


def resource_id(container_id: str, name: str) -> str:
    """Return the id of a blob's resource. Ids compare case-insensitively and names do not, so capitals are escaped."""
    plain = "abcdefghijklmnopqrstuvwxyz0123456789-_."
    escaped = "".join(one if one in plain else "".join(f"%{byte:02x}" for byte in one.encode()) for one in name)
    return f"{container_id}/blobs/{escaped}"


def load(store: Store, container_id: str, name: str, now: float) -> Blob | None:
    """Return a blob without the versions whose soft delete has ended; None if it has no version."""
    found = store.get(resource_id(container_id, name))
    return _blob(found, now) if found else None


def load_all(store: Store, container_id: str, now: float) -> Iterator[Blob]:
    """Yield the blobs of a container, by name."""
    found = (_blob(one, now) for one in store.children(container_id, BLOB))
    yield from sorted((blob for blob in found if blob), key=lambda blob: blob.name)


def save(store: Store, container_id: str, blob: Blob) -> None:
    """Store a blob; one without versions is removed."""
    id_ = resource_id(container_id, blob.name)
    if not blob.versions:
        store.remove(id_)
        return
    properties = {"current": blob.current_id, "versions": [asdict(one) for one in blob.versions], "blobName": blob.name}
    store.put(StoredResource(id_, BLOB, blob.name, properties), subscription_of(id_))


def _blob(resource: StoredResource, now: float) -> Blob | None:
    versions = tuple(Version(**one) for one in resource.properties.get("versions") or ())
    kept = tuple(one for one in versions if one.deleted_until is None or one.deleted_until > now)
    return Blob(resource.properties["blobName"], resource.properties["current"], kept) if kept else None
