"""The blob service: whether a request reaches it and has the right, before what it does with the blob.

Facts: docs/azure-facts.md#requests-for-data, #rights-on-blobs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from local_azure.data_plane.answers import Answer, Attempt, Control, answer
from local_azure.data_plane.blob_operations import Held
from local_azure.data_plane.blob_versions import load
from local_azure.data_plane.callers import Caller
from local_azure.data_plane.conditions import Attributes
from local_azure.data_plane.places import Place
from local_azure.data_plane.reach import connect, endpoints
from local_azure.data_plane.rights import find_right
from local_azure.data_plane.roles import BLOBS
from local_azure.data_plane.storage_network import admit, service_of
from local_azure.model import StoredResource
from local_azure.store import Store
from local_azure.types.storage_account import ACCOUNT


class Operation(StrEnum):
    """The operations on blobs. The values are commands of `sde local try`."""

    PUT = "put"
    GET = "get"
    LIST = "list"
    DELETE = "delete"
    UNDELETE = "undelete"
    SET_TAGS = "set-tags"


ACTIONS = {
    Operation.PUT: "write",
    Operation.GET: "read",
    Operation.LIST: "read",
    Operation.DELETE: "delete",
    Operation.UNDELETE: "write",
    Operation.SET_TAGS: "tags/write",
}
"""The data action that each operation needs, below `BLOBS`."""
MISMATCH = "This request is not authorized to perform this operation using this permission."


@dataclass(frozen=True)
class BlobRequest:
    """A request for a blob or a container."""

    operation: Operation
    account: str
    container: str
    blob: str = ""
    """Empty for `LIST` alone."""
    content: bytes = b""
    version: str = ""
    """The id of a version; empty: the current one."""
    if_match: str = ""
    """The ETag that the version must have."""
    if_absent: bool = False
    """The header `If-None-Match: *`: no blob may be there."""
    tags: Mapping[str, str] = field(default_factory=dict)
    tls: str = "1.2"
    """The version of TLS; empty for HTTP."""


def request_blob(store: Store, caller: Caller, place: Place, request: BlobRequest, now: float | None = None) -> Answer:
    """Return the answer to a request; if it succeeds, it has been carried out."""

    def act(attempt: Attempt) -> tuple[int, Mapping[str, Any]]:
        account = _account(attempt, store, request.account)
        service = service_of(account, is_aliased=bool(endpoints(store, account)))
        admit(attempt, account, connect(attempt, caller, place, service, [account]), request.tls)
        with store.transaction():
            return _serve(attempt, store, caller, request, time.time() if now is None else now)

    return answer(store, act)


def _account(attempt: Attempt, store: Store, name: str) -> StoredResource:
    id_ = store.global_name_owner(ACCOUNT, name)
    account = store.get(id_) if id_ else None
    if account is None:
        said = f"The name {name}.blob.core.windows.net does not exist (NXDOMAIN)."
        attempt.refuse(Control.NAMES, said, 0, "NameResolutionFailed", said)
    return account


def _serve(
    attempt: Attempt, store: Store, caller: Caller, request: BlobRequest, now: float
) -> tuple[int, Mapping[str, Any]]:
    account_id = str(store.global_name_owner(ACCOUNT, request.account))
    container_id = f"{account_id}/blobServices/default/containers/{request.container}"
    blob = load(store, container_id, request.blob, now) if request.blob else None
    version = (blob.version(request.version) if request.version else blob.current) if blob else None
    _authorize(attempt, caller, container_id, request, version.tags if version else None)
    held = Held(attempt, store, container_id, request.blob, blob, version, now)
    held.check_container()
    if request.operation is Operation.LIST:
        return held.list()
    if request.operation is Operation.PUT:
        return held.put(request.content, request.tags, if_match=request.if_match, if_absent=request.if_absent)
    if request.operation is Operation.UNDELETE:
        return held.undelete()
    if request.operation is Operation.DELETE:
        return held.delete(request.if_match, by_version=bool(request.version))
    if request.operation is Operation.SET_TAGS:
        return held.set_tags(request.tags, request.if_match)
    return held.get(request.if_match)


def _authorize(
    attempt: Attempt, caller: Caller, container_id: str, request: BlobRequest, tags: Mapping[str, str] | None
) -> None:
    """Require the actions of a request. `tags`: of the requested version, or None if there is none. Either of two
    actions creates a blob."""
    names = [ACTIONS[request.operation]]
    if request.operation is Operation.DELETE and request.version:
        names = ["deleteBlobVersion/action"]
    if request.operation is Operation.PUT and request.tags:
        names.append("tags/write")
    target = f"{container_id}/blobs/{request.blob}" if request.blob else container_id
    sub_operation = "Blob.List" if request.operation is Operation.LIST else ""
    for name in names:
        wanted = Attributes(f"{BLOBS}/{name}", sub_operation, request.container, tags or {})
        found, reason = find_right(attempt.cloud, caller, target, wanted, is_data=True)
        if not found and name == "write" and tags is None:
            adding = replace(wanted, action=f"{BLOBS}/add/action")
            found, reason = find_right(attempt.cloud, caller, target, adding, is_data=True)
        if not found:
            attempt.refuse(Control.ROLES, reason, 403, "AuthorizationPermissionMismatch", MISMATCH)
        attempt.passed(Control.ROLES, reason)
