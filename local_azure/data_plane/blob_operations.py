"""The operations on a blob, with the refusals that its state causes.

Facts: docs/azure-facts.md#versions-of-a-blob, #overwrites-of-immutable-blobs, #malware-scan-results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from local_azure.data_plane import contents
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.blob_versions import Blob, Version, load_all, new_version, save
from local_azure.data_plane.malware_scanner import scan_result
from local_azure.store import DAY, Store
from local_azure.types.blob_containers import CONTAINER, IMMUTABILITY
from local_azure.types.common import ancestor_id, value_at

Reply = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True)
class Held:
    """A container, and in it what a request names: a blob and one of its versions, as far as they exist."""

    attempt: Attempt
    store: Store
    container_id: str
    name: str
    blob: Blob | None
    version: Version | None
    now: float

    def check_container(self) -> None:
        """Require that the container exists."""
        container = self.store.get(self.container_id)
        if container is None or container.token != CONTAINER:
            self._refuse(404, "ContainerNotFound", "The specified container does not exist.")

    def get(self, if_match: str) -> Reply:
        """Return the content of the version."""
        _, version = self._existing(if_match)
        content = contents.read(self.store.path, version.sha256)
        return self._done(200, f"version {version.id}", content=content, tags=dict(version.tags), **_facts(version))

    def list(self) -> Reply:
        """Return all versions in the container."""
        found = [
            {"name": blob.name, "current": one.id == blob.current_id, **_facts(one)}
            for blob in load_all(self.store, self.container_id, self.now)
            for one in blob.versions
            if one.deleted_until is None
        ]
        return self._done(200, f"{len(found)} versions", blobs=found)

    def put(self, content: bytes, tags: Mapping[str, str], *, if_match: str, if_absent: bool) -> Reply:
        """Write a blob: a new version if the account keeps versions. The scanner, if there is one, tags it."""
        if if_absent and self.version:
            self._refuse(409, "BlobAlreadyExists", "The specified blob already exists.")
        self._check_etag(if_match)
        if self.blob:
            self._check_mutable(None)
        version = new_version(self.blob, contents.write(self.store.path, content), len(content), self.now, tags)
        account = self.store.get(self._account_id)
        scanned = scan_result(self.store, account, content, self.now) if account else {}
        version = replace(version, tags={**tags, **scanned})
        kept = self.blob.versions if self.blob and self._keeps_versions else ()
        save(self.store, self.container_id, Blob(self.name, version.id, (*kept, version)))
        return self._done(201, f"version {version.id}", **_facts(version))

    def set_tags(self, tags: Mapping[str, str], if_match: str) -> Reply:
        """Replace the index tags of the version."""
        blob, version = self._existing(if_match)
        save(self.store, self.container_id, blob.with_version(replace(version, tags=dict(tags))))
        return self._done(204, f"tags of {version.id}")

    def delete(self, if_match: str, *, by_version: bool) -> Reply:
        """Delete the blob, whose current version becomes a previous one, or one previous version."""
        blob, version = self._existing(if_match)
        self._check_mutable(version)
        if by_version and version.id == blob.current_id:
            self._refuse(403, "OperationNotAllowedOnRootBlob",
                         "The specified operation is not allowed on root blob.")  # fmt: skip
        current = blob.current_id if by_version else None
        if not by_version and self._keeps_versions:
            save(self.store, self.container_id, replace(blob, current_id=None))
            return self._done(202, f"{version.id} is a previous version now")
        days = self._soft_delete_days
        until = self.now + days * DAY if days else 0.0
        save(self.store, self.container_id, replace(blob, current_id=current).with_version(
            replace(version, deleted_until=until)))  # fmt: skip
        return self._done(202, f"version {version.id} is deleted, and kept for {days} days")

    def undelete(self) -> Reply:
        """Restore all deleted versions of the blob. None of them becomes current."""
        if self.blob is None:
            self._refuse(404, "BlobNotFound", "The specified blob does not exist.")
        versions = tuple(replace(one, deleted_until=None) for one in self.blob.versions)
        save(self.store, self.container_id, replace(self.blob, versions=versions))
        return self._done(200, f"{len(versions)} versions")

    def _existing(self, if_match: str) -> tuple[Blob, Version]:
        """Return blob and version. Refuse if they do not exist, or the version has another ETag than is required."""
        if self.blob is None or self.version is None:
            self._refuse(404, "BlobNotFound", "The specified blob does not exist.")
        self._check_etag(if_match)
        return self.blob, self.version

    def _check_etag(self, if_match: str) -> None:
        if if_match and (self.version is None or self.version.etag != if_match.strip('"')):
            self._refuse(412, "ConditionNotMet",
                         "The condition specified using HTTP conditional header(s) is not met.")  # fmt: skip

    def _check_mutable(self, deleted: Version | None) -> None:
        """Refuse to overwrite a blob of a container with an immutability policy, and to delete one in its period."""
        for policy in self.store.children(self.container_id, IMMUTABILITY):
            days = policy.properties.get("immutabilityPeriodSinceCreationInDays") or 0
            if deleted is None or self.now < deleted.created + days * DAY:
                self._refuse(409, "BlobImmutableDueToPolicy",
                             "This operation is not permitted as the blob is immutable due to a policy.")  # fmt: skip

    @property
    def _account_id(self) -> str:
        return ancestor_id(self.container_id, "storageAccounts") or ""

    @property
    def _keeps_versions(self) -> bool:
        return self._of_service("isVersioningEnabled") is True

    @property
    def _soft_delete_days(self) -> int:
        on = self._of_service("deleteRetentionPolicy.enabled") is True
        return int(self._of_service("deleteRetentionPolicy.days") or 0) if on else 0

    def _of_service(self, path: str) -> Any:
        service = self.store.get(f"{self._account_id}/blobServices/default")
        return value_at(service.properties, path) if service else None

    def _refuse(self, status: int, code: str, message: str) -> NoReturn:
        self.attempt.refuse(Control.DATA, message, status, code, message)

    def _done(self, status: int, detail: str, **result: Any) -> Reply:
        self.attempt.passed(Control.DATA, detail)
        return status, result


def _facts(version: Version) -> dict[str, Any]:
    return {"version": version.id, "etag": version.etag, "sha256": version.sha256, "size": version.size}
