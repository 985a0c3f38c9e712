"""Microsoft.Storage: storage accounts.

Facts: docs/azure-facts.md#names-of-storage-accounts-and-their-children, #account-kinds-and-skus, #account-defaults,
#redundancy, #hierarchical-namespace, #storage-limits, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network

from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.addresses import RFC_1918
from local_azure.types.blob_containers import CONTAINER, IMMUTABILITY, holds_immutable_blobs
from local_azure.types.common import (
    at_most,
    identity_outputs,
    principal_and_client_id,
    refuse,
    same,
    user_assigned_identity_ids,
    value_at,
    values_at,
)
from local_azure.types.encryption import find_vault, require_key, require_key_access, require_protected

ACCOUNT = "azure-native:storage:StorageAccount"
SUBNET = "azure-native:network:Subnet"
CREATED_AT = "2026-01-01T00:00:00.0000000Z"
REGION_PAIRS = {"uksouth": "ukwest", "ukwest": "uksouth"}
"""The secondary region of geo-redundant accounts (docs/azure-facts.md#uk-regions)."""

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
"""The SKUs of each kind of account."""


def _sku(request: Request) -> str:
    return str(value_at(request.new, "sku.name", ""))


def _kind(request: Request) -> str:
    return str(request.new.get("kind", ""))


def _refuse_property(path: str, why: str) -> None:
    refuse("AccountPropertyCannotBeSet", f"Values for request parameters are invalid: {path}. {why}", target=path)


def _sku_fits_kind(request: Request) -> None:
    if _sku(request) not in SKUS.get(_kind(request), ()):
        text = (
            f"Values for request parameters are invalid: sku. Not available for kind {_kind(request)}: {_sku(request)}."
        )
        refuse("InvalidValuesForRequestParameters", text)


def _sku_is_in_region(request: Request) -> None:
    """UK West has no zone-redundant storage (docs/azure-facts.md#uk-regions)."""
    if normal_location(request.location) == "ukwest" and "ZRS" in _sku(request):
        text = f"The sku {_sku(request)} is not available in location {normal_location(request.location)}."
        refuse("InvalidSkuForLocation", text, target="sku.name")


def _access_tier_fits_kind(request: Request) -> None:
    tier = request.given.get("accessTier")
    if tier and _kind(request) not in ("StorageV2", "BlobStorage", "FileStorage"):
        _refuse_property("accessTier", f"Kind {_kind(request)} has no access tier.")
    if tier == "Premium" and not _sku(request).startswith("Premium"):
        refuse("InvalidValuesForRequestParameters", "accessTier Premium needs a premium sku.", target="accessTier")
    if _kind(request) == "BlobStorage" and not tier:
        refuse(
            "AccountPropertyIsRequired", "Account property accessTier is required for the request.", target="accessTier"
        )


def _namespace_fits_kind(request: Request) -> None:
    if request.new.get("isHnsEnabled") is True and _kind(request) not in (
        "BlobStorage",
        "BlockBlobStorage",
        "StorageV2",
    ):
        _refuse_property("isHnsEnabled", f"Kind {_kind(request)} has no hierarchical namespace.")


def _namespace_excludes_version_immutability(request: Request) -> None:
    """Version-level immutability needs versioning, which a hierarchical namespace excludes."""
    if (
        request.new.get("isHnsEnabled") is True
        and value_at(request.new, "immutableStorageWithVersioning.enabled") is True
    ):
        text = "Conflicting feature 'Hierarchical namespace' is enabled. Please disable it and retry."
        refuse("ConflictFeatureEnabled", text, status=409)


def _file_protocols_need_namespace(request: Request) -> None:
    for path, words in (("enableNfsV3", "NFSv3"), ("isSftpEnabled", "SFTP")):
        if request.new.get(path) is True and request.new.get("isHnsEnabled") is not True:
            refuse("InvalidRequestPropertyValue", f"{words} needs isHnsEnabled.", target=path)
    if request.new.get("enableNfsV3") is True and request.new.get("enableHttpsTrafficOnly") is not False:
        refuse("InvalidRequestPropertyValue", "NFSv3 needs enableHttpsTrafficOnly false.", target="enableNfsV3")


def _sftp_needs_local_users(request: Request) -> None:
    if request.new.get("isSftpEnabled") is True and request.given.get("isLocalUserEnabled") is False:
        refuse("InvalidRequestPropertyValue", "SFTP needs isLocalUserEnabled.", target="isLocalUserEnabled")


def _infrastructure_encryption_fits_kind(request: Request) -> None:
    wanted = value_at(request.new, "encryption.requireInfrastructureEncryption") is True
    fits = _kind(request) in ("StorageV2", "BlockBlobStorage", "FileStorage")
    if wanted and not fits:
        _refuse_property("encryption.requireInfrastructureEncryption", f"Kind {_kind(request)} does not take it.")


def _account_keys_fit_kind(request: Request) -> None:
    for service in ("queue", "table"):
        if value_at(request.new, f"encryption.services.{service}.keyType") == "Account" and _kind(request) == "Storage":
            _refuse_property(f"encryption.services.{service}.keyType", "Kind Storage takes only Service.")


def _immutability_gets_stricter(request: Request) -> None:
    """A policy is locked only from Unlocked, permanently (docs/azure-facts.md#immutability)."""
    new = value_at(request.new, "immutableStorageWithVersioning.immutabilityPolicy", {})
    old = value_at(request.old, "immutableStorageWithVersioning.immutabilityPolicy", {})
    state, before = new.get("state"), old.get("state")
    if new and value_at(request.new, "immutableStorageWithVersioning.enabled") is not True:
        text = "Storage account level default immutability policy cannot be set as account level WORM is disabled"
        refuse("InvalidStorageAccountImmutabilityPolicy", text)
    if (state == "Locked" and before not in ("Unlocked", "Locked")) or (before == "Locked" and state != "Locked"):
        text = f"The immutability policy's state cannot go from {before or 'nothing'} to {state}."
        refuse("InvalidStorageAccountImmutabilityPolicy", text)
    days, appends = "immutabilityPeriodSinceCreationInDays", "allowProtectedAppendWrites"
    if before == "Locked" and (new.get(days, 0) < old.get(days, 0) or bool(new.get(appends)) != bool(old.get(appends))):
        text = "A locked immutability policy takes a longer period, and no other change."
        refuse("InvalidStorageAccountImmutabilityPolicy", text)


def _redundancy_family_is_fixed(request: Request) -> None:
    """An update cannot change between zone-redundant and other SKUs."""
    before = str(value_at(request.old, "sku.name", "")) if request.old is not None else _sku(request)
    if ("ZRS" in before) != ("ZRS" in _sku(request)):
        text = f"The storage account cannot be converted from {before} to {_sku(request)} by an update."
        refuse("InvalidAccountSkuConversion", text, status=409)


def _large_shares_are_permanent(request: Request) -> None:
    if (
        value_at(request.old, "largeFileSharesState") == "Enabled"
        and request.new.get("largeFileSharesState") == "Disabled"
    ):
        refuse("InvalidRequestPropertyValue", "largeFileSharesState cannot return to Disabled.")


def _ip_rules_are_public(request: Request) -> None:
    """At most 400 public IPv4 addresses or ranges (docs/azure-facts.md#network-rules-of-an-account)."""
    rules = [str(text) for text in values_at(request.new, "networkRuleSet.ipRules[*].iPAddressOrRange")]
    if len(rules) > 400 or len(values_at(request.new, "networkRuleSet.virtualNetworkRules[*]")) > 400:
        refuse("NetworkAclsTooManyRules", "A storage account takes at most 400 IP rules and 400 network rules.")
    for text in rules:
        try:
            network = ip_network(text)
        except ValueError:
            refuse("NetworkAclsValidationFailure", f"'{text}' is not an IP address or range.")
        if not isinstance(network, IPv4Network) or _is_private(network) or ("/" in text and network.prefixlen > 30):
            why = f"'{text}': network rules take public IPv4 addresses, and ranges of /30 or wider."
            refuse("NetworkAclsValidationFailure", why)


def _is_private(network: IPv4Network) -> bool:
    """True for the ranges of RFC 1918. Azure takes other special ranges, such as those of documentation."""
    return any(network.overlaps(one) for one in RFC_1918)


def _tls_is_1_2_or_later(request: Request) -> None:
    """TLS 1.0 and 1.1 can no longer be chosen (docs/azure-facts.md#tls-versions)."""
    version = request.given.get("minimumTlsVersion")
    if version in ("TLS1_0", "TLS1_1") and version != value_at(request.old, "minimumTlsVersion"):
        refuse(
            "InvalidRequestPropertyValue",
            f"minimumTlsVersion {version} is no longer supported.",
            target="minimumTlsVersion",
        )


def _customer_key_is_usable(request: Request) -> None:
    """Vault, key and identity fit (docs/azure-facts.md#customer-managed-keys-of-an-account)."""
    if value_at(request.new, "encryption.keySource") != "Microsoft.Keyvault":
        return
    uri = str(value_at(request.new, "encryption.keyVaultProperties.keyVaultUri", ""))
    name = str(value_at(request.new, "encryption.keyVaultProperties.keyName", ""))
    if not uri or not name:
        text = "keySource Microsoft.Keyvault needs keyVaultProperties.keyVaultUri and keyName."
        refuse("InvalidRequestPropertyValue", text, target="encryption.keyVaultProperties")
    if _kind(request) in ("Storage", "BlobStorage"):
        _refuse_property("encryption.keySource", f"Kind {_kind(request)} takes no customer-managed key.")
    vault = require_protected(find_vault(request.cloud, uri), uri)
    key = require_key(request.cloud, vault, name)
    require_key_access(request, _encrypting_principal(request), vault, key, "KeyVaultAuthenticationFailure")


def _encrypting_principal(request: Request) -> str:
    chosen = value_at(request.new, "encryption.encryptionIdentity.encryptionUserAssignedIdentity")
    if chosen:
        if not any(same(chosen, id_) for id_ in user_assigned_identity_ids(request.new)):
            text = f"The identity {chosen} that encrypts is not assigned to the storage account."
            refuse("UserAssignedIdentityNotAssigned", text, target=chosen)
        return str(principal_and_client_id(request.cloud, chosen).get("principalId", ""))
    stored = request.cloud.get(request.id)
    if stored is None:
        text = "A customer-managed key at creation needs encryption.encryptionIdentity with a user-assigned identity."
        refuse("InvalidRequestPropertyValue", text, target="encryption.encryptionIdentity")
    return str(value_at(stored.properties, "identity.principalId", ""))


def _endpoints(name: str, request: Request) -> dict[str, str]:
    services = {
        "StorageV2": ("blob", "dfs", "file", "queue", "table", "web"),
        "Storage": ("blob", "file", "queue", "table"),
        "BlobStorage": ("blob", "dfs", "table"),
        "BlockBlobStorage": ("blob", "dfs", "web"),
        "FileStorage": ("file",),
    }.get(_kind(request), ("blob",))
    premium_pages = _kind(request) == "StorageV2" and _sku(request).startswith("Premium")
    usable = ("blob", "web") if premium_pages else services
    # The web endpoint has a zone number that Azure assigns; z33 is one of UK South.
    return {
        service: f"https://{name}.{'z33.web' if service == 'web' else service}.core.windows.net/" for service in usable
    }


def _outputs(request: Request) -> Mapping[str, Json]:
    here = normal_location(request.location)
    geo = any(word in _sku(request) for word in ("GRS", "GZRS")) and here in REGION_PAIRS
    outputs: dict[str, Json] = {
        "provisioningState": "Succeeded",
        "creationTime": CREATED_AT,
        "keyCreationTime": {"key1": CREATED_AT, "key2": CREATED_AT},
        "primaryEndpoints": _endpoints(request.name, request),
        "primaryLocation": here,
        "statusOfPrimary": "available",
        "privateEndpointConnections": [],
        "sku": {"name": _sku(request), "tier": _sku(request).partition("_")[0].removesuffix("V2")},
        **identity_outputs(request),
    }
    if geo:
        outputs |= {"secondaryLocation": REGION_PAIRS[here], "statusOfSecondary": "available"}
    if geo and "RA" in _sku(request):
        outputs["secondaryEndpoints"] = _endpoints(f"{request.name}-secondary", request)
    return outputs


def _no_container_is_immutable(request: Request) -> None:
    """A locked policy, or one with blobs, protects its account (docs/azure-facts.md#deletion-of-immutable-data)."""
    for container in request.cloud.children(request.id, CONTAINER):
        locked = any(p.properties.get("state") == "Locked" for p in request.cloud.children(container.id, IMMUTABILITY))
        if locked or holds_immutable_blobs(request.cloud, container):
            text = f"The storage account {request.name} is protected from deletion by its container {container.name}."
            refuse("AccountProtectedFromDeletion", text, status=409, target=container.id)


TYPES = (
    AzureType(
        token=ACCOUNT,
        name=NameRule(
            r"[a-z0-9]{3,24}",
            "3-24 lower-case letters and digits",
            globally_unique=True,
            code="AccountNameInvalid",
            taken_code="StorageAccountAlreadyTaken",
        ),
        references={"networkRuleSet.virtualNetworkRules[*].virtualNetworkResourceId": (SUBNET,)},
        # Open to all networks, with shared keys, old TLS versions and Microsoft-managed keys.
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
        replace_on_change=("isHnsEnabled", "location"),
        immutable=dict.fromkeys(
            (
                "kind",
                "enableNfsV3",
                "dnsEndpointType",
                "encryption.requireInfrastructureEncryption",
                "encryption.services.queue.keyType",
                "encryption.services.table.keyType",
                "immutableStorageWithVersioning.enabled",
            ),
            "AccountPropertyCannotBeUpdated",
        ),
        computed=_outputs,
        constraints=(
            _sku_fits_kind,
            _sku_is_in_region,
            _access_tier_fits_kind,
            _namespace_fits_kind,
            _namespace_excludes_version_immutability,
            _file_protocols_need_namespace,
            _sftp_needs_local_users,
            _infrastructure_encryption_fits_kind,
            _account_keys_fit_kind,
            _immutability_gets_stricter,
            _redundancy_family_is_fixed,
            _large_shares_are_permanent,
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
        delete_constraints=(_no_container_is_immutable,),
    ),
)
