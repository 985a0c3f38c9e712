"""Customer-managed keys: Azure's requirements of the vault, the key and the identity.

Facts: docs/azure-facts.md#customer-managed-keys-of-an-account, #disk-encryption-sets.
"""

from __future__ import annotations

import re

from local_azure.ids import name_of, prefixes
from local_azure.model import Cloud, Json, Request, StoredResource
from local_azure.types.common import refuse, same, value_at, values_at, within
from local_azure.types.roles import KEY_ENCRYPTION_ROLES

VAULT = "azure-native:keyvault:Vault"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
KEY_URL = re.compile(r"https://([a-z0-9-]+)\.vault\.azure\.net/keys/([A-Za-z0-9-]+)(/[0-9a-f]{32})?/?", re.I)
VAULT_URI = re.compile(r"https://([a-z0-9-]+)\.vault\.azure\.net/?", re.I)


def find_vault(cloud: Cloud, uri: str) -> StoredResource | None:
    """Return the vault of a vault or key URL, or None."""
    match = VAULT_URI.match(uri)
    owner = cloud.global_name_owner(VAULT, match.group(1)) if match else None
    return cloud.get(owner) if owner else None


def require_protected(vault: StoredResource | None, uri: str) -> StoredResource:
    """Return the vault. Refuse an absent one, and one without purge protection."""
    if vault is None:
        refuse("KeyVaultNotFound", f"The key vault at {uri} was not found.", status=404, target=uri)
    if value_at(vault.properties, "properties.enablePurgeProtection") is not True:
        refuse("KeyVaultPolicyError", f"Key vault {vault.id} must have purge protection on.", target=vault.id)
    return vault


def require_key(cloud: Cloud, vault: StoredResource, name: str) -> StoredResource:
    key = cloud.get(f"{vault.id}/keys/{name}")
    if key is None:
        refuse("KeyNotFound", f"Key {name} was not found in key vault {vault.id}.", status=404, target=vault.id)
    return key


def may_use_key(cloud: Cloud, principal: str, vault: StoredResource, key: StoredResource) -> bool:
    """Return True if a principal may get, wrap and unwrap the key, by a role or the vault's access policies."""
    if value_at(vault.properties, "properties.enableRbacAuthorization") is not True:
        entries = values_at(vault.properties, "properties.accessPolicies[*]")
        own = [entry for entry in entries if same(entry.get("objectId"), principal)]
        rights = {str(right).lower() for entry in own for right in values_at(entry, "permissions.keys[*]")}
        return "all" in rights or {"get", "wrapkey", "unwrapkey"} <= rights
    scopes = (f"{scope}/providers/Microsoft.Authorization/roleAssignments" for scope in prefixes(key.id))
    granted = (stored for scope in scopes for stored in cloud.children(scope, ASSIGNMENT))
    return any(_grants_key_use(stored, principal, key.id) for stored in granted)


def _grants_key_use(assignment: StoredResource, principal: str, key_id: str) -> bool:
    held: Json = assignment.properties
    return (
        same(held.get("principalId"), principal)
        and name_of(str(held.get("roleDefinitionId"))).lower() in KEY_ENCRYPTION_ROLES
        and within(key_id, str(held.get("scope")))
    )


def require_key_access(request: Request, principal: str, vault: StoredResource, key: StoredResource, code: str) -> None:
    if not may_use_key(request.cloud, principal, vault, key):
        refuse(
            code,
            f"The identity with principal {principal} has no right to get, wrap and unwrap key {key.id}. Grant it Key "
            "Vault Crypto Service Encryption User on the key or its vault first.",
            target=key.id,
        )
