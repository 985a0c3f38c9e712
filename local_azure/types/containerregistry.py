"""Microsoft.ContainerRegistry: registries.

Facts: docs/azure-facts.md#names-of-container-registries, #container-registries,
#customer-managed-keys-of-a-registry, #uk-regions, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import (
    REGIONS_WITHOUT_AVAILABILITY_ZONES,
    identity_outputs,
    principal_and_client_id,
    refuse,
    same,
    user_assigned_identity_ids,
    value_at,
    values_at,
)
from local_azure.types.encryption import KEY_URL, find_vault, require_key, require_key_access, require_protected

REGISTRY = "azure-native:containerregistry:Registry"
CREATED_AT = "2026-01-01T00:00:00.0000000Z"
PREMIUM = "Premium"
KEY = "encryption.keyVaultProperties"
EXPORT, TRUST = "policies.exportPolicy.status", "policies.trustPolicy.status"
SOFT_DELETE, RETENTION = "policies.softDeletePolicy", "policies.retentionPolicy"
PREMIUM_ONLY = {
    "publicNetworkAccess": "Disabled",
    "networkRuleSet.defaultAction": "Deny",
    "dataEndpointEnabled": True,
    "encryption.status": "enabled",
    "zoneRedundancy": "Enabled",
    EXPORT: "disabled",
    TRUST: "enabled",
    f"{RETENTION}.status": "enabled",
}
"""The settings that only the tier Premium has, by path."""


def _is(request: Request, path: str, value: Json) -> bool:
    found = value_at(request.new, path)
    return found is value or (isinstance(found, str) and isinstance(value, str) and same(found, value))


def _tier_is_sold(request: Request) -> None:
    if _is(request, "sku.name", "Classic"):
        refuse("InvalidSku", "Registries of the tier Classic cannot be created any more.", target="sku.name")


def _features_fit_tier(request: Request) -> None:
    if _is(request, "sku.name", PREMIUM):
        return
    for path, value in PREMIUM_ONLY.items():
        if _is(request, path, value):
            text = f"{path} {value} is not supported in the SKU {value_at(request.new, 'sku.name')}; it needs Premium."
            refuse("SkuNotSupported", text, target=path)


def _anonymous_pull_fits_tier(request: Request) -> None:
    if _is(request, "anonymousPullEnabled", True) and _is(request, "sku.name", "Basic"):
        refuse("SkuNotSupported", "Anonymous pull is not supported in the SKU Basic.", target="anonymousPullEnabled")


def _exports_need_closed_network(request: Request) -> None:
    if _is(request, EXPORT, "disabled") and not _is(request, "publicNetworkAccess", "Disabled"):
        text = "The export policy can be disabled only while publicNetworkAccess is Disabled."
        refuse("InvalidExportPolicy", text, target=EXPORT)


def _soft_delete_excludes_retention(request: Request) -> None:
    if _is(request, f"{SOFT_DELETE}.status", "enabled") and _is(request, f"{RETENTION}.status", "enabled"):
        refuse(
            "InvalidSoftDeletePolicy", "Soft delete and the retention policy exclude each other.", target=SOFT_DELETE
        )


def _days_in_range(request: Request) -> None:
    for path, least, most in ((f"{SOFT_DELETE}.retentionDays", 1, 90), (f"{RETENTION}.days", 0, 365)):
        days = value_at(request.new, path)
        if days is not None and not least <= days <= most:
            refuse("InvalidParameter", f"{path} takes {least} to {most} days, not {days:g}.", target=path)


def _zones_exist(request: Request) -> None:
    location = normal_location(request.location)
    if _is(request, "zoneRedundancy", "Enabled") and location in REGIONS_WITHOUT_AVAILABILITY_ZONES:
        text = f"Zone redundancy is not supported in location {location}."
        refuse("ZoneRedundancyNotSupported", text, target="zoneRedundancy")


def _trust_excludes_customer_key(request: Request) -> None:
    if _is(request, TRUST, "enabled") and _is(request, "encryption.status", "enabled"):
        refuse("InvalidTrustPolicy", "Content trust is not supported with a customer-managed key.", target=TRUST)


def _customer_key_is_usable(request: Request) -> None:
    """An identity of the registry must be able to use an RSA key before the registry is created."""
    if not _is(request, "encryption.status", "enabled"):
        return
    uri, client = str(value_at(request.new, f"{KEY}.keyIdentifier", "")), value_at(request.new, f"{KEY}.identity")
    match = KEY_URL.fullmatch(uri)
    if match is None:
        refuse("InvalidKeyIdentifier", f"{uri or 'nothing'} is not the URL of a key.", target=f"{KEY}.keyIdentifier")
    vault = require_protected(find_vault(request.cloud, uri), uri)
    key = require_key(request.cloud, vault, match.group(2))
    if not str(value_at(key.properties, "kty", "RSA")).startswith("RSA"):
        refuse("InvalidKeyType", f"Key {key.id} is no RSA key.", target=key.id)
    attached = (principal_and_client_id(request.cloud, id_) for id_ in user_assigned_identity_ids(request.new))
    principal = next((one.get("principalId") for one in attached if same(str(one.get("clientId")), str(client))), None)
    if principal is None:
        text = f"Azure resource '{request.id}' does not have access to identity '{client}'."
        refuse("InvalidIdentity", text, target=f"{KEY}.identity")
    require_key_access(request, str(principal), vault, key, "KeyVaultAccessDenied")


def _outputs(request: Request) -> Mapping[str, Json]:
    name = request.name.lower()
    hosts = [f"{name}.{normal_location(request.location)}.data.azurecr.io"]
    return {
        **identity_outputs(request),
        "loginServer": f"{name}.azurecr.io",
        "creationDate": CREATED_AT,
        "dataEndpointHostNames": hosts if _is(request, "dataEndpointEnabled", True) else [],
        "privateEndpointConnections": values_at(request.old or {}, "privateEndpointConnections[*]"),
        "provisioningState": "Succeeded",
    }


TYPES = (
    AzureType(
        token=REGISTRY,
        name=NameRule(
            r"[A-Za-z0-9]{5,50}",
            "5-50 letters and digits",
            globally_unique=True,
            code="InvalidRegistryName",
            taken_code="AlreadyInUse",
        ),
        # Open to all networks and to Azure's services, with exports, and tokens for Azure Resource Manager.
        defaults={
            "publicNetworkAccess": "Enabled",
            "networkRuleBypassOptions": "AzureServices",
            "networkRuleSet.defaultAction": "Allow",
            "adminUserEnabled": False,
            "anonymousPullEnabled": False,
            "dataEndpointEnabled": False,
            "encryption.status": "disabled",
            "zoneRedundancy": "Disabled",
            EXPORT: "enabled",
            TRUST: "disabled",
            "policies.quarantinePolicy.status": "disabled",
            "policies.azureADAuthenticationAsArmPolicy.status": "enabled",
            f"{RETENTION}.status": "disabled",
            f"{RETENTION}.days": 7,
            f"{SOFT_DELETE}.status": "disabled",
            f"{SOFT_DELETE}.retentionDays": 7,
        },
        replace_on_change=("location",),
        immutable=dict.fromkeys(("encryption.status", "zoneRedundancy"), "RegistryPropertyCannotBeUpdated"),
        computed=_outputs,
        constraints=(
            _tier_is_sold,
            _features_fit_tier,
            _anonymous_pull_fits_tier,
            _exports_need_closed_network,
            _soft_delete_excludes_retention,
            _days_in_range,
            _zones_exist,
            _trust_excludes_customer_key,
            _customer_key_is_usable,
        ),
    ),
)
