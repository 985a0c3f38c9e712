"""Microsoft.KeyVault: vaults, keys and secrets.

Facts: docs/azure-facts.md#names-in-key-vault, #vaults, #vault-network-rules, #deleted-vaults, #keys, #secrets,
#fixed-properties.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network

from local_azure.ids import name_of
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import guid, parent_id, refuse, value_at, values_at

VAULT = "azure-native:keyvault:Vault"
KEY = "azure-native:keyvault:Key"
SECRET = "azure-native:keyvault:Secret"  # noqa: S105 - a type token
SUBNET = "azure-native:network:Subnet"
CREATED_AT = 1767225600
"""The creation time of every object, in seconds since 1970. Fixed, so that outputs are stable."""

OBJECT_NAME = NameRule(r"[A-Za-z0-9-]{1,127}", "1-127 letters, digits and -", code="BadParameter")
DURATION = re.compile(r"P(\d+[YMWD])+")
RSA_SIZES = (2048, 3072, 4096)
CURVES = ("P-256", "P-384", "P-521", "P-256K")


# Vaults --------------------------------------------------------------------------------------------------------------


def _tenant_is_a_guid(request: Request) -> None:
    tenant = str(value_at(request.new, "properties.tenantId", ""))
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", tenant):
        refuse("BadRequest", f"Property 'tenantId' has an invalid value: '{tenant}'.")


def _soft_delete_is_on(request: Request) -> None:
    if value_at(request.new, "properties.enableSoftDelete") is False:
        text = 'The property "enableSoftDelete" cannot be set to false: soft delete is always on.'
        refuse("BadRequest", text)


def _purge_protection_is_permanent(request: Request) -> None:
    """Azure refuses false even at creation, and true cannot be unset."""
    if value_at(request.new, "properties.enablePurgeProtection") is False:
        text = (
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is '
        )
        refuse("BadRequest", text + "an irreversible action.")
    if value_at(request.old, "properties.enablePurgeProtection") and not value_at(
        request.new, "properties.enablePurgeProtection"
    ):
        refuse("BadRequest", 'The property "enablePurgeProtection" cannot be unset once it is true.')


def _retention_in_range(request: Request) -> None:
    days = value_at(request.new, "properties.softDeleteRetentionInDays", 90)
    if not 7 <= days <= 90:
        refuse("BadRequest", f'The property "softDeleteRetentionInDays" is {days:g}; it takes 7 to 90.')


def _access_model_is_complete(request: Request) -> None:
    """A vault without RBAC needs access policies, at most 1,024."""
    rbac = value_at(request.new, "properties.enableRbacAuthorization") is True
    policies = value_at(request.new, "properties.accessPolicies")
    if not rbac and policies is None and value_at(request.new, "properties.createMode") != "recover":
        refuse("BadRequest", "The parameter accessPolicies is not specified.")
    if len(policies or ()) > 1024:
        refuse("BadRequest", "A vault takes at most 1024 access policies.")


def _no_consecutive_hyphens(request: Request) -> None:
    if "--" in request.name:
        refuse(
            "VaultNameNotValid", f"The vault name '{request.name}' is invalid: it must not contain consecutive hyphens."
        )


def _ip_rules_are_public_ranges(request: Request) -> None:
    for text in values_at(request.new, "properties.networkAcls.ipRules[*].value"):
        try:
            network = ip_network(text)
        except ValueError:
            refuse("BadRequest", f"'{text}' is not a valid CIDR or IP address.")
        if network.is_private:
            refuse("BadRequest", f"'{text}' is a private address; networkAcls takes only public ones.")


def _vault_outputs(request: Request) -> Mapping[str, Json]:
    properties = dict(request.new.get("properties") or {})
    properties.pop("createMode", None)
    return {
        "properties": {
            **properties,
            "vaultUri": f"https://{request.name.lower()}.vault.azure.net/",
            "provisioningState": "Succeeded",
            "privateEndpointConnections": [],
        }
    }


# Keys ----------------------------------------------------------------------------------------------------------------


def _key_type_and_size_are_valid(request: Request) -> None:
    kty, size = str(value_at(request.new, "properties.kty", "")), value_at(request.new, "properties.keySize")
    curve = value_at(request.new, "properties.curveName")
    if kty.startswith("RSA") and size is not None and size not in RSA_SIZES:
        refuse("BadParameter", f"Key size {size} is not one of {RSA_SIZES}.")
    if kty.startswith("RSA") and curve:
        refuse("BadParameter", f"An RSA key takes no curve; found {curve}.")
    if kty.startswith("EC") and (size is not None or (curve or "P-256") not in CURVES):
        refuse("BadParameter", f"An EC key takes one of the curves {CURVES} and no keySize.")
    if not kty:
        refuse("BadParameter", f"Key {request.name} has no kty.")


def _hsm_keys_need_premium_vault(request: Request) -> None:
    vault = request.cloud.get(parent_id(request.id))
    hsm = str(value_at(request.new, "properties.kty", "")).endswith("-HSM")
    if hsm and vault and str(value_at(vault.properties, "properties.sku.name", "")).lower() != "premium":
        refuse("BadParameter", f"Key type {value_at(request.new, 'properties.kty')} needs a vault of sku premium.")


def _rotation_policy_is_valid(request: Request) -> None:
    """At most one notify and one rotate action. The key lives at least 28 days."""
    policy = value_at(request.new, "properties.rotationPolicy", {})
    kinds = [str(kind).lower() for kind in values_at(policy, "lifetimeActions[*].action.type")]
    if len(kinds) != len(set(kinds)):
        refuse("BadParameter", "A rotation policy takes one action of each type.")
    expiry = value_at(policy, "attributes.expiryTime")
    times = values_at(policy, "lifetimeActions[*].trigger.timeAfterCreate")
    times += values_at(policy, "lifetimeActions[*].trigger.timeBeforeExpiry") + ([expiry] if expiry else [])
    invalid = next((time for time in times if not DURATION.fullmatch(str(time))), None)
    if invalid is not None:
        refuse("BadParameter", f"'{invalid}' is not a duration such as P90D.")
    if expiry and _days(expiry) < 28:
        refuse("BadParameter", f"expiryTime {expiry} is shorter than 28 days.")


def _days(duration: str) -> int:
    units = {"Y": 365, "M": 30, "W": 7, "D": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([YMWD])", duration))


def _key_outputs(request: Request) -> Mapping[str, Json]:
    vault_name = name_of(parent_id(request.id)).lower()
    uri = f"https://{vault_name}.vault.azure.net/keys/{request.name}"
    given = dict(request.new.get("properties") or {})
    rsa = str(given.get("kty", "")).startswith("RSA")
    vault = request.cloud.get(parent_id(request.id))
    is_protected = vault is not None and value_at(vault.properties, "properties.enablePurgeProtection") is True
    size: dict[str, Json]
    if rsa:
        size = {"keySize": int(given.get("keySize") or 2048)}
        operations = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
    else:
        size = {"curveName": given.get("curveName") or "P-256"}
        operations = ["sign", "verify"]
    returned = {path: given[path] for path in ("kty", "releasePolicy", "rotationPolicy") if path in given}
    return {
        **returned,
        **size,
        "keyOps": given.get("keyOps") or operations,
        "keyUri": uri,
        "keyUriWithVersion": f"{uri}/{guid(request.id, 'version').replace('-', '')}",
        "location": vault.location if vault else None,
        "attributes": {
            "enabled": True,
            "exportable": False,
            **(given.get("attributes") or {}),
            "created": CREATED_AT,
            "updated": CREATED_AT,
            "recoveryLevel": "Recoverable" if is_protected else "Recoverable+Purgeable",
        },
    }


# Secrets -------------------------------------------------------------------------------------------------------------


def _tag_limit(request: Request) -> None:
    """A key or secret has at most 15 tags."""
    tags = request.new.get("tags") or {}
    if len(tags) > 15:
        refuse("BadParameter", f"{request.name} has {len(tags)} tags; keys and secrets take 15.")


def _value_size_in_range(request: Request) -> None:
    if len(str(value_at(request.new, "properties.value", "")).encode()) > 25 * 1024:
        refuse("BadParameter", f"The value of secret {request.name} is over 25 KB.")


def _dates_in_order(request: Request) -> None:
    start, end = (value_at(request.new, f"properties.attributes.{path}") for path in ("notBefore", "expires"))
    if start is not None and end is not None and start >= end:
        refuse("BadParameter", f"{request.name} expires before its notBefore date.")


def _secret_outputs(request: Request) -> Mapping[str, Json]:
    vault = request.cloud.get(parent_id(request.id))
    uri = f"https://{name_of(parent_id(request.id)).lower()}.vault.azure.net/secrets/{request.name}"
    properties = {path: value for path, value in (request.new.get("properties") or {}).items() if path != "value"}
    attributes = {"enabled": True, **(properties.get("attributes") or {}), "created": CREATED_AT, "updated": CREATED_AT}
    return {
        "location": vault.location if vault else None,
        "properties": {
            **properties,
            "attributes": attributes,
            "secretUri": uri,
            "secretUriWithVersion": f"{uri}/{guid(request.id, 'version').replace('-', '')}",
        },
    }


TYPES = (
    AzureType(
        token=VAULT,
        name=NameRule(
            r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
            "3-24 letters, digits and -, starting with a letter, ending with a letter or digit",
            globally_unique=True,
            code="VaultNameNotValid",
            taken_code="VaultAlreadyExists",
            reserved_code="ConflictError",
        ),
        references={"properties.networkAcls.virtualNetworkRules[*].id": (SUBNET,)},
        # Public network access, access policies and no purge protection.
        defaults={
            "properties.enableSoftDelete": True,
            "properties.softDeleteRetentionInDays": 90,
            "properties.enableRbacAuthorization": False,
            "properties.publicNetworkAccess": "Enabled",
            "properties.enabledForDeployment": False,
        },
        immutable={"properties.softDeleteRetentionInDays": "BadRequest"},
        computed=_vault_outputs,
        constraints=(
            _no_consecutive_hyphens,
            _tenant_is_a_guid,
            _soft_delete_is_on,
            _purge_protection_is_permanent,
            _retention_in_range,
            _access_model_is_complete,
            _ip_rules_are_public_ranges,
        ),
        soft_delete_days=90,
        recover_when={"properties.createMode": "recover"},
    ),
    AzureType(
        token=KEY,
        name=OBJECT_NAME,
        location="inherited",
        never_updated=True,
        computed=_key_outputs,
        constraints=(_key_type_and_size_are_valid, _hsm_keys_need_premium_vault, _rotation_policy_is_valid, _tag_limit),
    ),
    AzureType(
        token=SECRET,
        name=OBJECT_NAME,
        location="inherited",
        secret_outputs=("properties.value",),
        write_only=("properties.value",),
        computed=_secret_outputs,
        constraints=(_value_size_in_range, _dates_in_order, _tag_limit),
    ),
)
