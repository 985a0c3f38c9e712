"""Microsoft.Storage: blob containers and their immutability policies.

Facts: docs/azure-facts.md#names-of-storage-accounts-and-their-children, #immutability, #deletion-of-immutable-data,
#etag-of-an-immutability-policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from local_azure.model import Cloud, Json, NameRule, Request, StoredResource
from local_azure.types.common import ancestor_id, etag, fixed_name, refuse, value_at
from local_azure.types.storage_services import (
    CREATED_AT,
    HYPHENATED,
    HYPHENATED_DESCRIPTION,
    account_value,
    blob_service,
    child,
    refuse_conflict,
)

CONTAINER = "azure-native:storage:BlobContainer"
IMMUTABILITY = "azure-native:storage:BlobContainerImmutabilityPolicy"
BLOB = "azure-native:storage:Blob"
"""A blob, which a person uploads. Only its existence is modelled."""
IMMUTABILITY_SETTINGS = (
    "immutabilityPeriodSinceCreationInDays",
    "allowProtectedAppendWrites",
    "allowProtectedAppendWritesAll",
)


def _public_access_is_permitted(request: Request) -> None:
    public = request.new.get("publicAccess") not in (None, "None")
    if public and account_value(request, "allowBlobPublicAccess") is not True:
        text = "Public access is not permitted on this storage account."
        refuse("PublicAccessNotPermitted", text, status=409)


def _version_immutability_needs_versioning(request: Request) -> None:
    wanted = value_at(request.new, "immutableStorageWithVersioning.enabled") is True
    if wanted and account_value(request, "isHnsEnabled") is True:
        refuse_conflict("Hierarchical namespace")
    if wanted and blob_service(request).get("isVersioningEnabled") is not True:
        text = "Version-level immutability needs isVersioningEnabled on the account's blob service."
        refuse("ContainerOperationFailure", text, status=409)


def _encryption_scope_exists(request: Request) -> None:
    scope = request.new.get("defaultEncryptionScope")
    account = ancestor_id(request.id, "storageAccounts") or ""
    known = not scope or scope == "$account-encryption-key" or request.cloud.get(f"{account}/encryptionScopes/{scope}")
    if not known:
        refuse("EncryptionScopeNotFound", f"Encryption scope {scope} was not found in {account}.", status=404)


def _container_outputs(request: Request) -> Mapping[str, Json]:
    policy = request.cloud.get(f"{request.id}/immutabilityPolicies/default")
    return {
        "etag": etag(request),
        "lastModifiedTime": CREATED_AT,
        "leaseState": "Available",
        "leaseStatus": "Unlocked",
        "hasImmutabilityPolicy": policy is not None,
        "hasLegalHold": False,
        "deleted": False,
        "remainingRetentionDays": 0,
    }


def holds_immutable_blobs(cloud: Cloud, container: StoredResource) -> bool:
    """Return True if a container has blobs and an immutability policy of its own or by versions.

    A locked policy and an unlocked one, one whose time has ended too, protect it alike
    (docs/azure-facts.md#deletion-of-immutable-data).
    """
    account = cloud.get(ancestor_id(container.id, "storageAccounts") or "")
    by_versions = any(
        value_at(resource.properties, "immutableStorageWithVersioning.enabled") is True
        for resource in (container, account) if resource
    )  # fmt: skip
    protected = by_versions or any(cloud.children(container.id, IMMUTABILITY))
    return protected and any(cloud.children(container.id, BLOB))


def _is_empty_or_not_immutable(request: Request) -> None:
    container = request.cloud.get(request.id)
    if container is not None and holds_immutable_blobs(request.cloud, container):
        text = f"The storage account container {request.name} is protected from deletion due to ImmutabilityPolicy."
        refuse("ContainerProtectedFromDeletion", text, status=409, target=request.id)


def _period_in_range(request: Request) -> None:
    days = request.new.get("immutabilityPeriodSinceCreationInDays")
    if days is None or not 1 <= days <= 146000:
        text = f"immutabilityPeriodSinceCreationInDays is {days}; it takes 1 to 146000."
        refuse("InvalidImmutabilityPeriod", text)


def _one_append_setting(request: Request) -> None:
    if request.new.get("allowProtectedAppendWrites") and request.new.get("allowProtectedAppendWritesAll"):
        text = "allowProtectedAppendWrites and allowProtectedAppendWritesAll exclude each other."
        refuse("InvalidRequestPropertyValue", text)


def _update_needs_etag(request: Request) -> None:
    """azure-native does not send the required ETag (docs/azure-facts.md#etag-of-an-immutability-policy)."""
    if request.old is not None and any(
        request.new.get(path) != request.old.get(path) for path in IMMUTABILITY_SETTINGS
    ):
        _refuse_without_etag(request)


def _refuse_without_etag(_: Request) -> NoReturn:
    text = "Operation not allowed on immutability policy with incorrect etag."
    refuse("ContainerImmutabilityPolicyFailure", text, status=412)


def _policy_outputs(request: Request) -> Mapping[str, Json]:
    """Return the outputs. A new policy is unlocked; locking is a separate operation, without a property."""
    stored = request.cloud.get(request.id)
    return {"etag": etag(request), "state": stored.properties["state"] if stored else "Unlocked"}


TYPES = (
    child(
        CONTAINER,
        NameRule(rf"\$root|\$web|\$logs|{HYPHENATED}", HYPHENATED_DESCRIPTION, code="InvalidResourceName"),
        defaults={
            "publicAccess": "None",
            "defaultEncryptionScope": "$account-encryption-key",
            "denyEncryptionScopeOverride": False,
        },
        immutable=dict.fromkeys(("defaultEncryptionScope", "denyEncryptionScopeOverride"), "BadRequest"),
        computed=_container_outputs,
        constraints=(_public_access_is_permitted, _version_immutability_needs_versioning, _encryption_scope_exists),
        delete_constraints=(_is_empty_or_not_immutable,),
    ),
    child(
        IMMUTABILITY,
        fixed_name("default"),
        defaults={"allowProtectedAppendWrites": False, "allowProtectedAppendWritesAll": False},
        computed=_policy_outputs,
        constraints=(_period_in_range, _one_append_setting, _update_needs_etag),
        delete_constraints=(_refuse_without_etag,),
    ),
)
