"""Microsoft.Storage: accounts. Sources: azure-facts 1.1, 2.3, 3, 4, 7."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import (
    at_most,
    every,
    identity_ids,
    identity_outputs,
    one,
    place,
    refuse,
    same,
    user_identities,
)
from local_azure.types.encryption import key_of, refuse_unprotected, refuse_without_grant, vault_at

ACCOUNT = "azure-native:storage:StorageAccount"
SUBNET = "azure-native:network:Subnet"
MADE = "2026-01-01T00:00:00.0000000Z"
PAIRS = {"uksouth": "ukwest", "ukwest": "uksouth"}
"""Where geo-redundant copies go (azure-facts 7)."""

STANDARD = ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
PREMIUM = ("Premium_LRS", "Premium_ZRS")
PROVISIONED = tuple(
    f"{tier}V2_{copy}"
    for tier, copy in (
        ("Standard", "LRS"),
        ("Standard", "ZRS"),
        ("Standard", "GRS"),
        ("Standard", "GZRS"),
        ("Premium", "LRS"),
        ("Premium", "ZRS"),
    )
)
SKUS = {
    "StorageV2": (*STANDARD, *PREMIUM),
    "Storage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS"),
    "BlobStorage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS"),
    "BlockBlobStorage": PREMIUM,
    "FileStorage": (*PREMIUM, *PROVISIONED),
}
"""Which SKUs each kind of account comes in (Storage account overview)."""


def _sku(change: Change) -> str:
    return str(one(change.new, "sku.name", ""))


def _kind(change: Change) -> str:
    return str(change.new.get("kind", ""))


def _cannot_be_set(path: str, why: str) -> None:
    refuse("AccountPropertyCannotBeSet", f"Values for request parameters are invalid: {path}. {why}", target=path)


def _kind_comes_in_the_sku(change: Change) -> None:
    if _sku(change) not in SKUS.get(_kind(change), ()):
        text = f"Values for request parameters are invalid: sku. Kind {_kind(change)} does not come in {_sku(change)}."
        refuse("InvalidValuesForRequestParameters", text)


def _zones_are_in_the_region(change: Change) -> None:
    """UK West has no zone-redundant storage (azure-facts 7)."""
    if place(change.location) == "ukwest" and "ZRS" in _sku(change):
        text = f"The sku {_sku(change)} is not available in location {place(change.location)}."
        refuse("InvalidSkuForLocation", text, target="sku.name")


def _tier_fits_the_kind(change: Change) -> None:
    """Hot, Cool or Cold for standard ones, never Archive (azure-facts 2.3)."""
    tier = change.given.get("accessTier")
    if tier and _kind(change) not in ("StorageV2", "BlobStorage", "FileStorage"):
        _cannot_be_set("accessTier", f"Kind {_kind(change)} has no access tier.")
    if tier == "Premium" and not _sku(change).startswith("Premium"):
        refuse("InvalidValuesForRequestParameters", "accessTier Premium needs a premium sku.", target="accessTier")
    if _kind(change) == "BlobStorage" and not tier:
        refuse(
            "AccountPropertyIsRequired", "Account property accessTier is required for the request.", target="accessTier"
        )


def _hierarchy_fits_the_kind(change: Change) -> None:
    if change.new.get("isHnsEnabled") is True and _kind(change) not in ("BlobStorage", "BlockBlobStorage", "StorageV2"):
        _cannot_be_set("isHnsEnabled", f"Kind {_kind(change)} has no hierarchical namespace.")


def _hierarchy_bars_version_immutability(change: Change) -> None:
    """Version-level immutability needs versioning, which a hierarchical namespace excludes (azure-facts 2.3)."""
    if change.new.get("isHnsEnabled") is True and one(change.new, "immutableStorageWithVersioning.enabled") is True:
        text = "Conflicting feature 'Hierarchical namespace' is enabled. Please disable it and retry."
        refuse("ConflictFeatureEnabled", text, status=409)


def _file_protocols_need_the_hierarchy(change: Change) -> None:
    for path, words in (("enableNfsV3", "NFSv3"), ("isSftpEnabled", "SFTP")):
        if change.new.get(path) is True and change.new.get("isHnsEnabled") is not True:
            refuse("InvalidRequestPropertyValue", f"{words} needs isHnsEnabled.", target=path)
    if change.new.get("enableNfsV3") is True and change.new.get("enableHttpsTrafficOnly") is not False:
        refuse("InvalidRequestPropertyValue", "NFSv3 needs enableHttpsTrafficOnly false.", target="enableNfsV3")


def _local_users_for_sftp(change: Change) -> None:
    if change.new.get("isSftpEnabled") is True and change.given.get("isLocalUserEnabled") is False:
        refuse("InvalidRequestPropertyValue", "SFTP needs isLocalUserEnabled.", target="isLocalUserEnabled")


def _infrastructure_encryption_fits_the_kind(change: Change) -> None:
    wanted = one(change.new, "encryption.requireInfrastructureEncryption") is True
    fits = _kind(change) == "StorageV2" or _kind(change) in ("BlockBlobStorage", "FileStorage")
    if wanted and not fits:
        _cannot_be_set("encryption.requireInfrastructureEncryption", f"Kind {_kind(change)} does not take it.")


def _account_keys_fit_the_kind(change: Change) -> None:
    for service in ("queue", "table"):
        if one(change.new, f"encryption.services.{service}.keyType") == "Account" and _kind(change) == "Storage":
            _cannot_be_set(f"encryption.services.{service}.keyType", "Kind Storage takes only Service.")


def _immutability_starts_unlocked(change: Change) -> None:
    """Created Disabled or Unlocked; Locked only from Unlocked, and for good (azure-facts 2.3)."""
    state = one(change.new, "immutableStorageWithVersioning.immutabilityPolicy.state")
    before = one(change.old, "immutableStorageWithVersioning.immutabilityPolicy.state")
    if (state == "Locked" and before not in ("Unlocked", "Locked")) or (before == "Locked" and state != "Locked"):
        text = f"The immutability policy's state cannot go from {before or 'nothing'} to {state}."
        refuse("InvalidStorageAccountImmutabilityPolicy", text)


def _redundancy_stays_in_its_family(change: Change) -> None:
    """From local to zone redundancy and back is a conversion, not an update (azure-facts 2.3)."""
    before = str(one(change.old, "sku.name", "")) if change.old is not None else _sku(change)
    if ("ZRS" in before) != ("ZRS" in _sku(change)):
        text = f"The storage account cannot be converted from {before} to {_sku(change)} by an update."
        refuse("InvalidAccountSkuConversion", text, status=409)


def _large_shares_stay(change: Change) -> None:
    if one(change.old, "largeFileSharesState") == "Enabled" and change.new.get("largeFileSharesState") == "Disabled":
        refuse("InvalidRequestPropertyValue", "largeFileSharesState cannot return to Disabled.")


def _ip_rules_are_public(change: Change) -> None:
    """Public IPv4 addresses or ranges of /30 and wider; 400 at most (azure-facts 2.3)."""
    rules = [str(text) for text in every(change.new, "networkRuleSet.ipRules[*].iPAddressOrRange")]
    if len(rules) > 400 or len(every(change.new, "networkRuleSet.virtualNetworkRules[*]")) > 400:
        refuse("NetworkAclsTooManyRules", "A storage account takes at most 400 IP rules and 400 network rules.")
    for text in rules:
        try:
            network = ip_network(text)
        except ValueError:
            refuse("NetworkAclsValidationFailure", f"'{text}' is not an IP address or range.")
        if network.version != 4 or network.is_private or ("/" in text and network.prefixlen > 30):
            why = f"'{text}': network rules take public IPv4 addresses, and ranges of /30 or wider."
            refuse("NetworkAclsValidationFailure", why)


def _tls_is_1_2_or_later(change: Change) -> None:
    """TLS 1.0 and 1.1 ended in February 2026 (azure-facts 2.3)."""
    asked = change.given.get("minimumTlsVersion")
    if asked in ("TLS1_0", "TLS1_1") and asked != one(change.old, "minimumTlsVersion"):
        refuse(
            "InvalidRequestPropertyValue",
            f"minimumTlsVersion {asked} is no longer supported.",
            target="minimumTlsVersion",
        )


def _customer_key_is_usable(change: Change) -> None:
    """The vault is purge protected, the key there, and an attached identity may wrap with it (azure-facts 2.3)."""
    if one(change.new, "encryption.keySource") != "Microsoft.Keyvault":
        return
    uri = str(one(change.new, "encryption.keyVaultProperties.keyVaultUri", ""))
    name = str(one(change.new, "encryption.keyVaultProperties.keyName", ""))
    if not uri or not name:
        text = "keySource Microsoft.Keyvault needs keyVaultProperties.keyVaultUri and keyName."
        refuse("InvalidRequestPropertyValue", text, target="encryption.keyVaultProperties")
    if _kind(change) in ("Storage", "BlobStorage"):
        _cannot_be_set("encryption.keySource", f"Kind {_kind(change)} takes no customer-managed key.")
    vault = refuse_unprotected(vault_at(change.cloud, uri), uri)
    key = key_of(change.cloud, vault, name)
    refuse_without_grant(change, _encrypting_principal(change), vault, key, "KeyVaultAuthenticationFailure")


def _encrypting_principal(change: Change) -> str:
    chosen = one(change.new, "encryption.encryptionIdentity.encryptionUserAssignedIdentity")
    if chosen:
        if not any(same(chosen, id_) for id_ in user_identities(change.new)):
            text = f"The identity {chosen} that encrypts is not assigned to the storage account."
            refuse("UserAssignedIdentityNotAssigned", text, target=chosen)
        return str(identity_ids(change.cloud, chosen).get("principalId", ""))
    stored = change.cloud.get(change.id)
    if stored is None:
        text = "A customer-managed key at creation needs encryption.encryptionIdentity with a user-assigned identity."
        refuse("InvalidRequestPropertyValue", text, target="encryption.encryptionIdentity")
    return str(one(stored.properties, "identity.principalId", ""))


def _endpoints(name: str, change: Change) -> dict[str, str]:
    services = {
        "StorageV2": ("blob", "dfs", "file", "queue", "table", "web"),
        "Storage": ("blob", "file", "queue", "table"),
        "BlobStorage": ("blob", "dfs", "table"),
        "BlockBlobStorage": ("blob", "dfs", "web"),
        "FileStorage": ("file",),
    }.get(_kind(change), ("blob",))
    premium_pages = _kind(change) == "StorageV2" and _sku(change).startswith("Premium")
    usable = ("blob", "web") if premium_pages else services
    # The web endpoint's zone number is Azure's own; z33 is UK South's.
    return {
        service: f"https://{name}.{'z33.web' if service == 'web' else service}.core.windows.net/" for service in usable
    }


def _outputs(change: Change) -> Mapping[str, Json]:
    here = place(change.location)
    geo = any(word in _sku(change) for word in ("GRS", "GZRS")) and here in PAIRS
    outputs: dict[str, Json] = {
        "provisioningState": "Succeeded",
        "creationTime": MADE,
        "keyCreationTime": {"key1": MADE, "key2": MADE},
        "primaryEndpoints": _endpoints(change.name, change),
        "primaryLocation": here,
        "statusOfPrimary": "available",
        "privateEndpointConnections": [],
        "sku": {"name": _sku(change), "tier": _sku(change).partition("_")[0].removesuffix("V2")},
        **identity_outputs(change),
    }
    if geo:
        outputs |= {"secondaryLocation": PAIRS[here], "statusOfSecondary": "available"}
    if geo and "RA" in _sku(change):
        outputs["secondaryEndpoints"] = _endpoints(f"{change.name}-secondary", change)
    return outputs


def _no_container_is_locked(change: Change) -> None:
    """A locked immutability policy holds its container and the account (azure-facts 2.3, 6.3)."""
    for policy in change.cloud.children(change.id, "azure-native:storage:BlobContainerImmutabilityPolicy"):
        if policy.properties.get("state") == "Locked":
            text = (
                f"The storage account {change.name} holds a container with a locked immutability policy: {policy.id}."
            )
            refuse("AccountProtectedFromDeletion", text, status=409, target=policy.id)


TYPES = (
    AzureType(
        token=ACCOUNT,
        name=Name(
            r"[a-z0-9]{3,24}",
            "3-24 lower-case letters and digits",
            scope="global",
            code="AccountNameInvalid",
            taken_code="StorageAccountAlreadyTaken",
        ),
        references={"networkRuleSet.virtualNetworkRules[*].virtualNetworkResourceId": (SUBNET,)},
        # Open to every network, with shared keys, TLS of any age and Microsoft's keys, unless told otherwise.
        defaults={
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": True,
            "allowCrossTenantReplication": False,
            "enableHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_0",
            "publicNetworkAccess": "Enabled",
            "networkRuleSet.defaultAction": "Allow",
            "networkRuleSet.bypass": "AzureServices",
            "encryption.keySource": "Microsoft.Storage",
            "isHnsEnabled": False,
            "isSftpEnabled": False,
            "isLocalUserEnabled": True,
            "dnsEndpointType": "Standard",
        },
        fixed=(
            "kind",
            "isHnsEnabled",
            "enableNfsV3",
            "dnsEndpointType",
            "encryption.requireInfrastructureEncryption",
            "encryption.services.queue.keyType",
            "encryption.services.table.keyType",
            "immutableStorageWithVersioning.enabled",
        ),
        computed=_outputs,
        rules=(
            _kind_comes_in_the_sku,
            _zones_are_in_the_region,
            _tier_fits_the_kind,
            _hierarchy_fits_the_kind,
            _hierarchy_bars_version_immutability,
            _file_protocols_need_the_hierarchy,
            _local_users_for_sftp,
            _infrastructure_encryption_fits_the_kind,
            _account_keys_fit_the_kind,
            _immutability_starts_unlocked,
            _redundancy_stays_in_its_family,
            _large_shares_stay,
            _ip_rules_are_public,
            _tls_is_1_2_or_later,
            _customer_key_is_usable,
            at_most(
                250,
                ACCOUNT,
                "MaxNumberOfStorageAccountsReached",
                "Subscription already contains {limit} storage accounts and the maximum allowed is {limit}.",
            ),
        ),
        delete_rules=(_no_container_is_locked,),
    ),
)
