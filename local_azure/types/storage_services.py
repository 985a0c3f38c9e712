"""Microsoft.Storage: what lies in an account. Sources: azure-facts 1.1, 2.3, 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from local_azure.declare import AzureType, Change, Json, Name, Stored
from local_azure.types.common import etag, every, one, only, refuse, upto
from local_azure.types.encryption import KEY_URL, key_of, refuse_unprotected, refuse_without_grant, vault_at

CONTAINER = "azure-native:storage:BlobContainer"
BLOBS = "azure-native:storage:BlobServiceProperties"
FILES = "azure-native:storage:FileServiceProperties"
QUEUES = "azure-native:storage:QueueServiceProperties"
TABLES = "azure-native:storage:TableServiceProperties"
LIFECYCLE = "azure-native:storage:ManagementPolicy"
IMMUTABILITY = "azure-native:storage:BlobContainerImmutabilityPolicy"
POLICY_SETTINGS = (
    "immutabilityPeriodSinceCreationInDays",
    "allowProtectedAppendWrites",
    "allowProtectedAppendWritesAll",
)
SHARE = "azure-native:storage:FileShare"
QUEUE = "azure-native:storage:Queue"
TABLE = "azure-native:storage:Table"
SCOPE = "azure-native:storage:EncryptionScope"
MADE = "2026-01-01T00:00:00.0000000Z"

ARCHIVING = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS")
"""SKUs that have the archive tier (azure-facts 2.3, STT)."""


def account_of(change: Change) -> Stored | None:
    return change.cloud.get(upto(change.id, "storageAccounts") or "")


def _of_account(change: Change, path: str, default: Json = None) -> Json:
    account = account_of(change)
    return one(account.properties, path, default) if account else default


def _blob_service(change: Change) -> Mapping[str, Json]:
    account = upto(change.id, "storageAccounts") or ""
    service = change.cloud.get(f"{account}/blobServices/default")
    return service.properties if service else {}


# Blob service --------------------------------------------------------------------------------------------------------


def _conflict(feature: str) -> None:
    refuse(
        "ConflictFeatureEnabled",
        f"Conflicting feature '{feature}' is enabled. Please disable it and retry.",
        status=409,
    )


def _versioning_excludes_the_hierarchy(change: Change) -> None:
    hierarchy = _of_account(change, "isHnsEnabled") is True
    for path in ("isVersioningEnabled", "restorePolicy.enabled"):
        if hierarchy and one(change.new, path) is True:
            _conflict("Hierarchical namespace")


def _immutability_keeps_versioning(change: Change) -> None:
    immutable = _of_account(change, "immutableStorageWithVersioning.enabled") is True
    if immutable and change.new.get("isVersioningEnabled") is False:
        _conflict("Account level immutability")


def _restore_needs_versions_feed_and_deletes(change: Change) -> None:
    """Point-in-time restore needs versioning, the change feed, and a longer soft delete (azure-facts 2.3)."""
    if one(change.new, "restorePolicy.enabled") is not True:
        return
    days, kept = one(change.new, "restorePolicy.days", 0), one(change.new, "deleteRetentionPolicy.days", 0)
    there = one(change.new, "isVersioningEnabled") and one(change.new, "changeFeed.enabled")
    if not there or not one(change.new, "deleteRetentionPolicy.enabled") or not 0 < days < kept:
        text = (
            "restorePolicy needs isVersioningEnabled, changeFeed.enabled, and a deleteRetentionPolicy with more days."
        )
        refuse("InvalidRequestPropertyValue", text, target="restorePolicy")


def _days_in_range(*paths: str) -> Any:
    def rule(change: Change) -> None:
        for path in paths:
            days = one(change.new, f"{path}.days")
            if one(change.new, f"{path}.enabled") is True and (days is None or not 1 <= days <= 365):
                text = f"{path}.days is {days}; it takes 1 to 365 where {path} is enabled."
                refuse("InvalidRequestPropertyValue", text, target=path)

    return rule


def _blob_outputs(change: Change) -> Mapping[str, Json]:
    return {"sku": _of_account(change, "sku", {"name": "Standard_LRS", "tier": "Standard"})}


# Containers and their immutability -----------------------------------------------------------------------------------


def _public_only_if_the_account_says(change: Change) -> None:
    public = change.new.get("publicAccess") not in (None, "None")
    if public and _of_account(change, "allowBlobPublicAccess") is not True:
        text = "Public access is not permitted on this storage account."
        refuse("PublicAccessNotPermitted", text, status=409)


def _version_immutability_needs_versioning(change: Change) -> None:
    wanted = one(change.new, "immutableStorageWithVersioning.enabled") is True
    if wanted and _of_account(change, "isHnsEnabled") is True:
        _conflict("Hierarchical namespace")
    if wanted and _blob_service(change).get("isVersioningEnabled") is not True:
        text = "Version-level immutability needs isVersioningEnabled on the account's blob service."
        refuse("ContainerOperationFailure", text, status=409)


def _scope_is_there(change: Change) -> None:
    scope = change.new.get("defaultEncryptionScope")
    account = upto(change.id, "storageAccounts") or ""
    known = not scope or scope == "$account-encryption-key" or change.cloud.get(f"{account}/encryptionScopes/{scope}")
    if not known:
        refuse("EncryptionScopeNotFound", f"Encryption scope {scope} was not found in {account}.", status=404)


def _container_outputs(change: Change) -> Mapping[str, Json]:
    policy = change.cloud.get(f"{change.id}/immutabilityPolicies/default")
    return {
        "etag": etag(change),
        "lastModifiedTime": MADE,
        "leaseState": "Available",
        "leaseStatus": "Unlocked",
        "hasImmutabilityPolicy": policy is not None,
        "hasLegalHold": False,
        "deleted": False,
        "remainingRetentionDays": 0,
    }


def _nothing_protects_it(change: Change) -> None:
    policy = change.cloud.get(f"{change.id}/immutabilityPolicies/default")
    if policy is not None and policy.properties.get("state") == "Locked":
        text = f"The container {change.name} is protected by a locked immutability policy."
        refuse("ContainerProtectedFromDeletion", text, status=409, target=policy.id)


def _period_in_range(change: Change) -> None:
    """1 to 146,000 days (azure-facts 2.3)."""
    days = change.new.get("immutabilityPeriodSinceCreationInDays")
    if days is None or not 1 <= days <= 146000:
        text = f"immutabilityPeriodSinceCreationInDays is {days}; it takes 1 to 146000."
        refuse("InvalidImmutabilityPeriod", text)


def _one_kind_of_append(change: Change) -> None:
    if change.new.get("allowProtectedAppendWrites") and change.new.get("allowProtectedAppendWritesAll"):
        text = "allowProtectedAppendWrites and allowProtectedAppendWritesAll exclude each other."
        refuse("InvalidRequestPropertyValue", text)


def _rewriting_wants_its_etag(change: Change) -> None:
    """The policy's ETag "must be returned to the server for all update operations" and to delete it (Azure REST API
    specifications, storage 2023-05-01), and the provider sends none (pulumi-azure-native issue 2156)."""
    if change.old is not None and any(change.new.get(path) != change.old.get(path) for path in POLICY_SETTINGS):
        _refuse_without_etag(change)


def _refuse_without_etag(_: Change) -> NoReturn:
    text = "Operation not allowed on immutability policy with incorrect etag."
    refuse("ContainerImmutabilityPolicyFailure", text, status=412)


def _policy_outputs(change: Change) -> Mapping[str, Json]:
    """A policy begins unlocked; locking it is an action of its own, which no property does."""
    return {"etag": etag(change), "state": "Unlocked"}


# Lifecycle -----------------------------------------------------------------------------------------------------------


BASES = ("daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan", "daysAfterLastAccessTimeGreaterThan")


def _rules(change: Change) -> list[Mapping[str, Json]]:
    return every(change.new, "policy.rules[*]")


def _refuse_rule(rule: Mapping[str, Json], why: str) -> None:
    refuse("InvalidRequestPropertyValue", f"Lifecycle rule {rule.get('name')}: {why}", target="policy.rules")


def _lifecycle_has_named_rules(change: Change) -> None:
    names = [rule.get("name") for rule in _rules(change)]
    if not 1 <= len(names) <= 100 or len(names) != len(set(names)):
        refuse("InvalidRequestPropertyValue", "A lifecycle takes 1 to 100 rules, each with a name of its own.")


def _rules_act_on_blobs(change: Change) -> None:
    for rule in _rules(change):
        actions = one(rule, "definition.actions", {})
        kinds = every(rule, "definition.filters.blobTypes[*]")
        tiers = [
            name for part in actions.values() if isinstance(part, Mapping) for name in part if name.startswith("tier")
        ]
        if not any(actions.values()):
            _refuse_rule(rule, "no action is set.")
        if not kinds or set(kinds) - {"blockBlob", "appendBlob"}:
            _refuse_rule(rule, "filters.blobTypes takes blockBlob and appendBlob.")
        if "appendBlob" in kinds and tiers:
            _refuse_rule(rule, "append blobs have no tiers; only delete is supported.")


def _one_clock_for_each_action(change: Change) -> None:
    """One of modified, created and accessed (azure-facts 2.3); last access needs its tracking on."""
    tracked = one(_blob_service(change), "lastAccessTimeTrackingPolicy.enable") is True
    for rule in _rules(change):
        for name, action in one(rule, "definition.actions.baseBlob", {}).items():
            if not isinstance(action, Mapping):
                continue
            clocks = [path for path in BASES if action.get(path) is not None]
            if len(clocks) != 1:
                _refuse_rule(rule, f"baseBlob.{name} takes exactly one of {', '.join(BASES)}.")
            if clocks == [BASES[2]] and not tracked:
                _refuse_rule(rule, f"baseBlob.{name} needs lastAccessTimeTrackingPolicy on the blob service.")


def _tiers_go_downwards(change: Change) -> None:
    """Each colder tier, and then the end, comes later on one clock."""
    order = ("tierToCool", "tierToCold", "tierToArchive", "delete")
    for rule in _rules(change):
        blob = one(rule, "definition.actions.baseBlob", {})
        for clock in BASES:
            days = [one(blob, f"{name}.{clock}") for name in order]
            steps = [day for day in days if day is not None]
            if steps != sorted(steps):
                _refuse_rule(rule, f"{clock} must grow from {' to '.join(order)}; found {steps}.")


def _archive_only_where_it_is(change: Change) -> None:
    archived = any(
        every(rule, f"definition.actions.{part}.tierToArchive")
        for rule in _rules(change)
        for part in ("baseBlob", "snapshot", "version")
    )
    sku = str(_of_account(change, "sku.name", ARCHIVING[0]))
    if archived and sku not in ARCHIVING:
        text = f"tierToArchive is not supported on an account of sku {sku}; it needs one of {', '.join(ARCHIVING)}."
        refuse("InvalidRequestPropertyValue", text, target="policy.rules")


def _account_has_tiers(change: Change) -> None:
    sku, kind = str(_of_account(change, "sku.name", "Standard")), _of_account(change, "kind", "StorageV2")
    tiered = any(
        name.startswith("tier")
        for rule in _rules(change)
        for part in one(rule, "definition.actions", {}).values()
        for name in part or ()
    )
    if kind == "Storage" or (tiered and sku.startswith("Premium")):
        refuse("AccountPropertyCannotBeSet", f"An account of kind {kind} and sku {sku} has no such lifecycle.")


# Shares, queues, tables, scopes --------------------------------------------------------------------------------------


def _share_size_in_range(change: Change) -> None:
    quota = change.new.get("shareQuota", 5120)
    premium = str(_of_account(change, "sku.name", "")).startswith("Premium")
    low, high = (100, 102400) if premium else (1, 102400)
    if not low <= quota <= high:
        refuse(
            "InvalidRequestPropertyValue",
            f"shareQuota is {quota:g} GiB; it takes {low} to {high}.",
            target="shareQuota",
        )


def _nfs_shares_are_premium(change: Change) -> None:
    if change.new.get("enabledProtocols") == "NFS" and _of_account(change, "kind") != "FileStorage":
        refuse(
            "InvalidRequestPropertyValue", "NFS shares need an account of kind FileStorage.", target="enabledProtocols"
        )


def _share_tier_fits(change: Change) -> None:
    tier, premium = change.given.get("accessTier"), _of_account(change, "kind") == "FileStorage"
    if tier and (tier == "Premium") != premium:
        refuse(
            "InvalidRequestPropertyValue", f"accessTier {tier} does not fit the account's kind.", target="accessTier"
        )


def _scope_key_is_usable(change: Change) -> None:
    """A scope's own key needs what the account's needs (azure-facts 2.3)."""
    if change.new.get("source") != "Microsoft.KeyVault":
        return
    uri = str(one(change.new, "keyVaultProperties.keyUri", ""))
    match = KEY_URL.fullmatch(uri)
    if match is None:
        refuse("InvalidRequestPropertyValue", f"keyVaultProperties.keyUri '{uri}' is not a key's address.")
    vault = refuse_unprotected(vault_at(change.cloud, uri), uri)
    key = key_of(change.cloud, vault, match.group(2))
    account = account_of(change)
    attached = every(account.properties, "identity.userAssignedIdentities") if account else []
    principals = [str(item.get("principalId")) for each in attached for item in each.values()]
    principals += every(account.properties, "identity.principalId") if account else []
    if not principals:
        refuse("KeyVaultAuthenticationFailure", "The storage account has no identity to reach the key vault with.")
    refuse_without_grant(change, principals[0], vault, key, "KeyVaultAuthenticationFailure")


def _scope_outputs(_: Change) -> Mapping[str, Json]:
    return {"creationTime": MADE, "lastModifiedTime": MADE}


def _share_outputs(change: Change) -> Mapping[str, Json]:
    return {
        "etag": etag(change),
        "lastModifiedTime": MADE,
        "leaseState": "available",
        "leaseStatus": "unlocked",
        "accessTierChangeTime": MADE,
        "deleted": False,
        "remainingRetentionDays": 0,
    }


def _table_outputs(change: Change) -> Mapping[str, Json]:
    return {"tableName": change.name}


def _lifecycle_outputs(_: Change) -> Mapping[str, Json]:
    return {"lastModifiedTime": MADE}


_DASHED = r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*"
_DASHED_SHAPE = "3-63 lower-case letters, digits and single -, starting and ending with a letter or digit"


def _child(token: str, name: Name, **rest: Any) -> AzureType:
    return AzureType(token=token, name=name, location="none", **rest)


TYPES = (
    _child(
        BLOBS,
        only("default"),
        computed=_blob_outputs,
        # Nothing is kept and nothing versioned unless told so.
        defaults={"deleteRetentionPolicy.enabled": False, "deleteRetentionPolicy.allowPermanentDelete": False},
        rules=(
            _versioning_excludes_the_hierarchy,
            _immutability_keeps_versioning,
            _restore_needs_versions_feed_and_deletes,
            _days_in_range("deleteRetentionPolicy", "containerDeleteRetentionPolicy"),
        ),
    ),
    _child(FILES, only("default"), computed=_blob_outputs, rules=(_days_in_range("shareDeleteRetentionPolicy"),)),
    _child(QUEUES, only("default")),
    _child(TABLES, only("default")),
    _child(
        CONTAINER,
        Name(rf"\$root|\$web|\$logs|{_DASHED}", _DASHED_SHAPE, scope="parent", code="InvalidResourceName"),
        defaults={
            "publicAccess": "None",
            "defaultEncryptionScope": "$account-encryption-key",
            "denyEncryptionScopeOverride": False,
        },
        fixed=("defaultEncryptionScope", "denyEncryptionScopeOverride"),
        computed=_container_outputs,
        rules=(_public_only_if_the_account_says, _version_immutability_needs_versioning, _scope_is_there),
        delete_rules=(_nothing_protects_it,),
    ),
    _child(
        IMMUTABILITY,
        only("default"),
        defaults={"allowProtectedAppendWrites": False, "allowProtectedAppendWritesAll": False},
        computed=_policy_outputs,
        rules=(_period_in_range, _one_kind_of_append, _rewriting_wants_its_etag),
        delete_rules=(_refuse_without_etag,),
    ),
    _child(
        LIFECYCLE,
        only("default"),
        computed=_lifecycle_outputs,
        rules=(
            _lifecycle_has_named_rules,
            _rules_act_on_blobs,
            _one_clock_for_each_action,
            _tiers_go_downwards,
            _archive_only_where_it_is,
            _account_has_tiers,
        ),
    ),
    _child(
        SHARE,
        Name(_DASHED, _DASHED_SHAPE, scope="parent"),
        defaults={"shareQuota": 5120, "enabledProtocols": "SMB"},
        fixed=("enabledProtocols",),
        computed=_share_outputs,
        rules=(_share_size_in_range, _nfs_shares_are_premium, _share_tier_fits),
    ),
    _child(QUEUE, Name(_DASHED, _DASHED_SHAPE, scope="parent")),
    _child(
        TABLE,
        Name(r"[A-Za-z][A-Za-z0-9]{2,62}", "3-63 letters and digits, starting with a letter", scope="parent"),
        computed=_table_outputs,
    ),
    _child(
        SCOPE,
        Name(r"[A-Za-z0-9]{4,63}", "4-63 letters and digits", scope="parent"),
        defaults={"source": "Microsoft.Storage", "state": "Enabled"},
        fixed=("requireInfrastructureEncryption",),
        computed=_scope_outputs,
        rules=(_scope_key_is_usable,),
    ),
)
