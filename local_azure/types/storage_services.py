"""Microsoft.Storage: the children of a storage account.

Facts: docs/azure-facts.md#names-of-storage-accounts-and-their-children, #blob-service, #hierarchical-namespace,
#lifecycle-policies, #files-queues-and-tables, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_azure.model import AzureType, Constraint, Json, NameRule, Request, StoredResource
from local_azure.types.common import ancestor_id, etag, fixed_name, refuse, value_at, values_at
from local_azure.types.encryption import KEY_URL, find_vault, require_key, require_key_access, require_protected

BLOB_SERVICE = "azure-native:storage:BlobServiceProperties"
FILE_SERVICE = "azure-native:storage:FileServiceProperties"
QUEUE_SERVICE = "azure-native:storage:QueueServiceProperties"
TABLE_SERVICE = "azure-native:storage:TableServiceProperties"
LIFECYCLE_POLICY = "azure-native:storage:ManagementPolicy"
SHARE = "azure-native:storage:FileShare"
QUEUE = "azure-native:storage:Queue"
TABLE = "azure-native:storage:Table"
ENCRYPTION_SCOPE = "azure-native:storage:EncryptionScope"
CREATED_AT = "2026-01-01T00:00:00.0000000Z"
MAX_LIFECYCLE_RULES = 100

ARCHIVE_SKUS = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS")
"""The SKUs with the Archive tier (docs/azure-facts.md#redundancy)."""


def account_of(request: Request) -> StoredResource | None:
    return request.cloud.get(ancestor_id(request.id, "storageAccounts") or "")


def account_value(request: Request, path: str, default: Json = None) -> Json:
    account = account_of(request)
    return value_at(account.properties, path, default) if account else default


def blob_service(request: Request) -> Mapping[str, Json]:
    account = ancestor_id(request.id, "storageAccounts") or ""
    service = request.cloud.get(f"{account}/blobServices/default")
    return service.properties if service else {}


# Blob service --------------------------------------------------------------------------------------------------------


def refuse_conflict(feature: str) -> None:
    refuse(
        "ConflictFeatureEnabled",
        f"Conflicting feature '{feature}' is enabled. Please disable it and retry.",
        status=409,
    )


def _versioning_excludes_namespace(request: Request) -> None:
    hierarchical = account_value(request, "isHnsEnabled") is True
    for path in ("isVersioningEnabled", "restorePolicy.enabled"):
        if hierarchical and value_at(request.new, path) is True:
            refuse_conflict("Hierarchical namespace")


def _immutability_needs_versioning(request: Request) -> None:
    immutable = account_value(request, "immutableStorageWithVersioning.enabled") is True
    if immutable and request.new.get("isVersioningEnabled") is False:
        refuse_conflict("Account level immutability")


def _restore_prerequisites_are_met(request: Request) -> None:
    """Point-in-time restore needs versioning, the change feed, and a longer soft delete."""
    if value_at(request.new, "restorePolicy.enabled") is not True:
        return
    days, kept = value_at(request.new, "restorePolicy.days", 0), value_at(request.new, "deleteRetentionPolicy.days", 0)
    recorded = value_at(request.new, "isVersioningEnabled") and value_at(request.new, "changeFeed.enabled")
    if not recorded or not value_at(request.new, "deleteRetentionPolicy.enabled") or not 0 < days < kept:
        text = (
            "restorePolicy needs isVersioningEnabled, changeFeed.enabled, and a deleteRetentionPolicy with more days."
        )
        refuse("InvalidRequestPropertyValue", text, target="restorePolicy")


def _days_in_range(*paths: str) -> Constraint:
    def constraint(request: Request) -> None:
        for path in paths:
            days = value_at(request.new, f"{path}.days")
            if value_at(request.new, f"{path}.enabled") is True and (days is None or not 1 <= days <= 365):
                text = f"{path}.days is {days}; it takes 1 to 365 where {path} is enabled."
                refuse("InvalidRequestPropertyValue", text, target=path)

    return constraint


def _blob_outputs(request: Request) -> Mapping[str, Json]:
    return {"sku": account_value(request, "sku", {"name": "Standard_LRS", "tier": "Standard"})}


# Lifecycle -----------------------------------------------------------------------------------------------------------


TIME_BASES = ("daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan", "daysAfterLastAccessTimeGreaterThan")


def _rules(request: Request) -> list[Mapping[str, Json]]:
    return values_at(request.new, "policy.rules[*]")


def _refuse_lifecycle_rule(rule: Mapping[str, Json], why: str) -> None:
    refuse("InvalidRequestPropertyValue", f"Lifecycle rule {rule.get('name')}: {why}", target="policy.rules")


def _lifecycle_rule_names_are_unique(request: Request) -> None:
    names = [rule.get("name") for rule in _rules(request)]
    if not 1 <= len(names) <= MAX_LIFECYCLE_RULES or len(names) != len(set(names)):
        text = f"A lifecycle takes 1 to {MAX_LIFECYCLE_RULES} rules, each with a unique name."
        refuse("InvalidRequestPropertyValue", text)


def _lifecycle_rules_are_complete(request: Request) -> None:
    for rule in _rules(request):
        actions = value_at(rule, "definition.actions", {})
        kinds = values_at(rule, "definition.filters.blobTypes[*]")
        tiers = [
            name for part in actions.values() if isinstance(part, Mapping) for name in part if name.startswith("tier")
        ]
        if not any(actions.values()):
            _refuse_lifecycle_rule(rule, "no action is set.")
        if not kinds or set(kinds) - {"blockBlob", "appendBlob"}:
            _refuse_lifecycle_rule(rule, "filters.blobTypes takes blockBlob and appendBlob.")
        if "appendBlob" in kinds and tiers:
            _refuse_lifecycle_rule(rule, "append blobs have no tiers; only delete is supported.")


def _one_time_basis_per_action(request: Request) -> None:
    """One of modification, creation and last access, which needs tracking."""
    tracked = value_at(blob_service(request), "lastAccessTimeTrackingPolicy.enable") is True
    for rule in _rules(request):
        for name, action in value_at(rule, "definition.actions.baseBlob", {}).items():
            if not isinstance(action, Mapping):
                continue
            bases = [path for path in TIME_BASES if action.get(path) is not None]
            if len(bases) != 1:
                _refuse_lifecycle_rule(rule, f"baseBlob.{name} takes exactly one of {', '.join(TIME_BASES)}.")
            if bases == [TIME_BASES[2]] and not tracked:
                _refuse_lifecycle_rule(rule, f"baseBlob.{name} needs lastAccessTimeTrackingPolicy on the blob service.")


def _tiers_get_colder(request: Request) -> None:
    """Days must increase with each colder tier, and to the deletion."""
    order = ("tierToCool", "tierToCold", "tierToArchive", "delete")
    for rule in _rules(request):
        blob = value_at(rule, "definition.actions.baseBlob", {})
        for basis in TIME_BASES:
            days = [value_at(blob, f"{name}.{basis}") for name in order]
            steps = [day for day in days if day is not None]
            if steps != sorted(steps):
                _refuse_lifecycle_rule(rule, f"{basis} must increase from {' to '.join(order)}; found {steps}.")


def _archive_tier_is_supported(request: Request) -> None:
    archived = any(
        values_at(rule, f"definition.actions.{part}.tierToArchive")
        for rule in _rules(request)
        for part in ("baseBlob", "snapshot", "version")
    )
    sku = str(account_value(request, "sku.name", ARCHIVE_SKUS[0]))
    if archived and sku not in ARCHIVE_SKUS:
        text = f"tierToArchive is not supported on an account of sku {sku}; it needs one of {', '.join(ARCHIVE_SKUS)}."
        refuse("InvalidRequestPropertyValue", text, target="policy.rules")


def _account_supports_lifecycle(request: Request) -> None:
    sku, kind = str(account_value(request, "sku.name", "Standard")), account_value(request, "kind", "StorageV2")
    tiered = any(
        name.startswith("tier")
        for rule in _rules(request)
        for part in value_at(rule, "definition.actions", {}).values()
        for name in part or ()
    )
    if kind == "Storage" or (tiered and sku.startswith("Premium")):
        refuse("AccountPropertyCannotBeSet", f"An account of kind {kind} and sku {sku} has no such lifecycle.")


# Shares, queues, tables, scopes --------------------------------------------------------------------------------------


def _share_size_in_range(request: Request) -> None:
    quota = request.new.get("shareQuota", 5120)
    premium = str(account_value(request, "sku.name", "")).startswith("Premium")
    low, high = (100, 102400) if premium else (1, 102400)
    if not low <= quota <= high:
        refuse(
            "InvalidRequestPropertyValue",
            f"shareQuota is {quota:g} GiB; it takes {low} to {high}.",
            target="shareQuota",
        )


def _nfs_shares_are_premium(request: Request) -> None:
    if request.new.get("enabledProtocols") == "NFS" and account_value(request, "kind") != "FileStorage":
        refuse(
            "InvalidRequestPropertyValue", "NFS shares need an account of kind FileStorage.", target="enabledProtocols"
        )


def _share_tier_fits(request: Request) -> None:
    tier, premium = request.given.get("accessTier"), account_value(request, "kind") == "FileStorage"
    if tier and (tier == "Premium") != premium:
        refuse(
            "InvalidRequestPropertyValue", f"accessTier {tier} does not fit the account's kind.", target="accessTier"
        )


def _encryption_scope_key_is_usable(request: Request) -> None:
    """As an account's own key (docs/azure-facts.md#customer-managed-keys-of-an-account)."""
    if request.new.get("source") != "Microsoft.KeyVault":
        return
    uri = str(value_at(request.new, "keyVaultProperties.keyUri", ""))
    match = KEY_URL.fullmatch(uri)
    if match is None:
        refuse("InvalidRequestPropertyValue", f"keyVaultProperties.keyUri '{uri}' is not a key's address.")
    vault = require_protected(find_vault(request.cloud, uri), uri)
    key = require_key(request.cloud, vault, match.group(2))
    account = account_of(request)
    attached = values_at(account.properties, "identity.userAssignedIdentities") if account else []
    principals = [str(item.get("principalId")) for each in attached for item in each.values()]
    principals += values_at(account.properties, "identity.principalId") if account else []
    if not principals:
        refuse("KeyVaultAuthenticationFailure", "The storage account has no identity to reach the key vault with.")
    require_key_access(request, principals[0], vault, key, "KeyVaultAuthenticationFailure")


def _scope_outputs(_: Request) -> Mapping[str, Json]:
    return {"creationTime": CREATED_AT, "lastModifiedTime": CREATED_AT}


def _share_outputs(request: Request) -> Mapping[str, Json]:
    return {
        "etag": etag(request),
        "lastModifiedTime": CREATED_AT,
        "leaseState": "available",
        "leaseStatus": "unlocked",
        "accessTierChangeTime": CREATED_AT,
        "deleted": False,
        "remainingRetentionDays": 0,
    }


def _table_outputs(request: Request) -> Mapping[str, Json]:
    return {"tableName": request.name}


def _lifecycle_outputs(_: Request) -> Mapping[str, Json]:
    return {"lastModifiedTime": CREATED_AT}


HYPHENATED = r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*"
HYPHENATED_DESCRIPTION = "3-63 lower-case letters, digits and single -, starting and ending with a letter or digit"


def child(token: str, name: NameRule, **rest: Any) -> AzureType:
    return AzureType(token=token, name=name, location="none", **rest)


TYPES = (
    child(
        BLOB_SERVICE,
        fixed_name("default"),
        computed=_blob_outputs,
        # No soft delete and no versioning.
        defaults={"deleteRetentionPolicy.enabled": False, "deleteRetentionPolicy.allowPermanentDelete": False},
        constraints=(
            _versioning_excludes_namespace,
            _immutability_needs_versioning,
            _restore_prerequisites_are_met,
            _days_in_range("deleteRetentionPolicy", "containerDeleteRetentionPolicy"),
        ),
    ),
    child(
        FILE_SERVICE,
        fixed_name("default"),
        computed=_blob_outputs,
        constraints=(_days_in_range("shareDeleteRetentionPolicy"),),
    ),
    child(QUEUE_SERVICE, fixed_name("default")),
    child(TABLE_SERVICE, fixed_name("default")),
    child(
        LIFECYCLE_POLICY,
        fixed_name("default"),
        computed=_lifecycle_outputs,
        constraints=(
            _lifecycle_rule_names_are_unique,
            _lifecycle_rules_are_complete,
            _one_time_basis_per_action,
            _tiers_get_colder,
            _archive_tier_is_supported,
            _account_supports_lifecycle,
        ),
    ),
    child(
        SHARE,
        NameRule(HYPHENATED, HYPHENATED_DESCRIPTION),
        defaults={"shareQuota": 5120, "enabledProtocols": "SMB"},
        immutable={"enabledProtocols": "BadRequest"},
        computed=_share_outputs,
        constraints=(_share_size_in_range, _nfs_shares_are_premium, _share_tier_fits),
    ),
    child(QUEUE, NameRule(HYPHENATED, HYPHENATED_DESCRIPTION)),
    child(
        TABLE,
        NameRule(r"[A-Za-z][A-Za-z0-9]{2,62}", "3-63 letters and digits, starting with a letter"),
        computed=_table_outputs,
    ),
    child(
        ENCRYPTION_SCOPE,
        NameRule(r"[A-Za-z0-9]{4,63}", "4-63 letters and digits"),
        defaults={"source": "Microsoft.Storage", "state": "Enabled"},
        immutable={"requireInfrastructureEncryption": "BadRequest"},
        computed=_scope_outputs,
        constraints=(_encryption_scope_key_is_usable,),
    ),
)
