"""Microsoft.KeyVault: vaults, keys and secrets. Sources: azure-facts 1.1, 2.4, 3, 6.2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import above, every, guid, last, one, refuse

VAULT = "azure-native:keyvault:Vault"
KEY = "azure-native:keyvault:Key"
SECRET = "azure-native:keyvault:Secret"  # noqa: S105 - a type token
SUBNET = "azure-native:network:Subnet"
MADE = 1767225600
"""When everything here was made, in seconds since 1970: a fixed day, so that outputs are stable."""

OBJECT_NAME = Name(r"[A-Za-z0-9-]{1,127}", "1-127 letters, digits and -", scope="parent", code="BadParameter")
DURATION = re.compile(r"P(\d+[YMWD])+")
RSA_SIZES = (2048, 3072, 4096)
CURVES = ("P-256", "P-384", "P-521", "P-256K")


# Vaults --------------------------------------------------------------------------------------------------------------


def _tenant_is_a_guid(change: Change) -> None:
    tenant = str(one(change.new, "properties.tenantId", ""))
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", tenant):
        refuse("BadRequest", f"Property 'tenantId' has an invalid value: '{tenant}'.")


def _soft_delete_stays_on(change: Change) -> None:
    if one(change.new, "properties.enableSoftDelete") is False:
        text = 'The property "enableSoftDelete" cannot be set to false: soft delete is always on.'
        refuse("BadRequest", text)


def _purge_protection_is_for_good(change: Change) -> None:
    """False is refused even at creation: leave it out, or set it true once for all (azure-facts 2.4)."""
    if one(change.new, "properties.enablePurgeProtection") is False:
        text = (
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is '
        )
        refuse("BadRequest", text + "an irreversible action.")
    if one(change.old, "properties.enablePurgeProtection") and not one(change.new, "properties.enablePurgeProtection"):
        refuse("BadRequest", 'The property "enablePurgeProtection" cannot be unset once it is true.')


def _retention_in_range(change: Change) -> None:
    days = one(change.new, "properties.softDeleteRetentionInDays", 90)
    if not 7 <= days <= 90:
        refuse("BadRequest", f'The property "softDeleteRetentionInDays" is {days:g}; it takes 7 to 90.')


def _roles_or_policies(change: Change) -> None:
    """Without roles a vault needs its access policies in so many words, and it takes at most 1,024 of them."""
    rbac = one(change.new, "properties.enableRbacAuthorization") is True
    policies = one(change.new, "properties.accessPolicies")
    if not rbac and policies is None and one(change.new, "properties.createMode") != "recover":
        refuse("BadRequest", "The parameter accessPolicies is not specified.")
    if len(policies or ()) > 1024:
        refuse("BadRequest", "A vault takes at most 1024 access policies.")


def _name_has_no_double_dash(change: Change) -> None:
    if "--" in change.name:
        refuse(
            "VaultNameNotValid", f"The vault name '{change.name}' is invalid: it must not contain consecutive hyphens."
        )


def _ip_rules_are_public_ranges(change: Change) -> None:
    for text in every(change.new, "properties.networkAcls.ipRules[*].value"):
        try:
            network = ip_network(text)
        except ValueError:
            refuse("BadRequest", f"'{text}' is not a valid CIDR or IP address.")
        if network.is_private:
            refuse("BadRequest", f"'{text}' is a private address; networkAcls takes public ones alone.")


def _vault_outputs(change: Change) -> Mapping[str, Json]:
    properties = dict(change.new.get("properties") or {})
    properties.pop("createMode", None)
    return {
        "properties": {
            **properties,
            "vaultUri": f"https://{change.name.lower()}.vault.azure.net/",
            "provisioningState": "Succeeded",
            "privateEndpointConnections": [],
        }
    }


# Keys ----------------------------------------------------------------------------------------------------------------


def _key_has_a_type_and_size(change: Change) -> None:
    kty, size = str(one(change.new, "properties.kty", "")), one(change.new, "properties.keySize")
    curve = one(change.new, "properties.curveName")
    if kty.startswith("RSA") and size is not None and size not in RSA_SIZES:
        refuse("BadParameter", f"Key size {size} is not one of {RSA_SIZES}.")
    if kty.startswith("RSA") and curve:
        refuse("BadParameter", f"An RSA key takes no curve; found {curve}.")
    if kty.startswith("EC") and (size is not None or (curve or "P-256") not in CURVES):
        refuse("BadParameter", f"An EC key takes one of the curves {CURVES} and no keySize.")
    if not kty:
        refuse("BadParameter", f"Key {change.name} has no kty.")


def _hsm_keys_need_a_premium_vault(change: Change) -> None:
    """A standard vault has no hardware module."""
    vault = change.cloud.get(above(change.id))
    hsm = str(one(change.new, "properties.kty", "")).endswith("-HSM")
    if hsm and vault and str(one(vault.properties, "properties.sku.name", "")).lower() != "premium":
        refuse("BadParameter", f"Key type {one(change.new, 'properties.kty')} needs a vault of sku premium.")


def _rotation_policy_is_sound(change: Change) -> None:
    """At least 28 days of life, one notice and one rotation at most (Key Vault's key rotation documentation)."""
    policy = one(change.new, "properties.rotationPolicy", {})
    kinds = [str(kind).lower() for kind in every(policy, "lifetimeActions[*].action.type")]
    if len(kinds) != len(set(kinds)):
        refuse("BadParameter", "A rotation policy takes one action of each type.")
    expiry = one(policy, "attributes.expiryTime")
    times = every(policy, "lifetimeActions[*].trigger.timeAfterCreate")
    times += every(policy, "lifetimeActions[*].trigger.timeBeforeExpiry") + ([expiry] if expiry else [])
    bad = next((time for time in times if not DURATION.fullmatch(str(time))), None)
    if bad is not None:
        refuse("BadParameter", f"'{bad}' is not a duration such as P90D.")
    if expiry and _days(expiry) < 28:
        refuse("BadParameter", f"expiryTime {expiry} is shorter than 28 days.")


def _days(duration: str) -> int:
    units = {"Y": 365, "M": 30, "W": 7, "D": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([YMWD])", duration))


def _key_outputs(change: Change) -> Mapping[str, Json]:
    vault = last(above(change.id)).lower()
    uri = f"https://{vault}.vault.azure.net/keys/{change.name}"
    given = dict(change.new.get("properties") or {})
    rsa = str(given.get("kty", "")).startswith("RSA")
    protected = change.cloud.get(above(change.id))
    purge = protected is not None and one(protected.properties, "properties.enablePurgeProtection") is True
    sized: dict[str, Json] = {"keySize": int(given.get("keySize") or 2048)} if rsa else {}
    sized |= {} if rsa else {"curveName": given.get("curveName") or "P-256"}
    usual = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"] if rsa else ["sign", "verify"]
    shown = {path: given[path] for path in ("kty", "releasePolicy", "rotationPolicy") if path in given}
    return {
        **shown,
        **sized,
        "keyOps": given.get("keyOps") or usual,
        "keyUri": uri,
        "keyUriWithVersion": f"{uri}/{guid(change.id, 'version').replace('-', '')}",
        "location": protected.location if protected else None,
        "attributes": {
            "enabled": True,
            "exportable": False,
            **(given.get("attributes") or {}),
            "created": MADE,
            "updated": MADE,
            "recoveryLevel": "Recoverable" if purge else "Recoverable+Purgeable",
        },
    }


# Secrets -------------------------------------------------------------------------------------------------------------


def _tags_are_few(change: Change) -> None:
    """At most 15 on a key or secret (Azure, "About Azure Key Vault keys": key tags)."""
    tags = change.new.get("tags") or {}
    if len(tags) > 15:
        refuse("BadParameter", f"{change.name} has {len(tags)} tags; keys and secrets take 15.")


def _value_fits(change: Change) -> None:
    if len(str(one(change.new, "properties.value", "")).encode()) > 25 * 1024:
        refuse("BadParameter", f"The value of secret {change.name} is over 25 KB.")


def _dates_in_order(change: Change) -> None:
    start, end = (one(change.new, f"properties.attributes.{path}") for path in ("notBefore", "expires"))
    if start is not None and end is not None and start >= end:
        refuse("BadParameter", f"{change.name} expires before it begins.")


def _secret_outputs(change: Change) -> Mapping[str, Json]:
    vault = change.cloud.get(above(change.id))
    uri = f"https://{last(above(change.id)).lower()}.vault.azure.net/secrets/{change.name}"
    properties = {path: value for path, value in (change.new.get("properties") or {}).items() if path != "value"}
    attributes = {"enabled": True, **(properties.get("attributes") or {}), "created": MADE, "updated": MADE}
    return {
        "location": vault.location if vault else None,
        "properties": {
            **properties,
            "attributes": attributes,
            "secretUri": uri,
            "secretUriWithVersion": f"{uri}/{guid(change.id, 'version').replace('-', '')}",
        },
    }


TYPES = (
    AzureType(
        token=VAULT,
        name=Name(
            r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
            "3-24 letters, digits and -, starting with a letter, ending with a letter or digit",
            scope="global",
            code="VaultNameNotValid",
            taken_code="VaultAlreadyExists",
            held_code="ConflictError",
        ),
        references={"properties.networkAcls.virtualNetworkRules[*].id": (SUBNET,)},
        # Open to the public network, with access policies, and without purge protection.
        defaults={
            "properties.enableSoftDelete": True,
            "properties.softDeleteRetentionInDays": 90,
            "properties.enableRbacAuthorization": False,
            "properties.publicNetworkAccess": "Enabled",
            "properties.enabledForDeployment": False,
        },
        frozen={"properties.softDeleteRetentionInDays": "BadRequest"},
        computed=_vault_outputs,
        rules=(
            _name_has_no_double_dash,
            _tenant_is_a_guid,
            _soft_delete_stays_on,
            _purge_protection_is_for_good,
            _retention_in_range,
            _roles_or_policies,
            _ip_rules_are_public_ranges,
        ),
        soft_deletes=90,
        recover_when={"properties.createMode": "recover"},
    ),
    AzureType(
        token=KEY,
        name=OBJECT_NAME,
        location="inherited",
        # azure-native never updates a key: what a key is cannot change under its name.
        fixed=("properties.kty", "properties.keySize", "properties.curveName", "properties.releasePolicy"),
        delete_first=True,
        computed=_key_outputs,
        rules=(_key_has_a_type_and_size, _hsm_keys_need_a_premium_vault, _rotation_policy_is_sound, _tags_are_few),
    ),
    AzureType(
        token=SECRET,
        name=OBJECT_NAME,
        location="inherited",
        secret_outputs=("properties.value",),
        write_only=("properties.value",),
        computed=_secret_outputs,
        rules=(_value_fits, _dates_in_order, _tags_are_few),
    ),
)
