"""Azure's built-in roles: those that may be assigned, those that must not, and the rights that each gives.

Source: learn.microsoft.com, "Azure built-in roles"; their ids are the same in every tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from uuid import UUID

OWNER, CONTRIBUTOR = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
SIGN_IN_ROLES = frozenset({"fb879df8-f326-4884-b1cf-06f3ad86be52", "1c0163c0-47e6-4577-8991-ea5c82e286e4"})
"""Virtual Machine User Login and Virtual Machine Administrator Login."""

ADMINISTRATORS = {
    OWNER: "Owner",
    CONTRIBUTOR: "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": "Key Vault Data Access Administrator",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
    "81a9662b-bebf-436f-a333-f67b29880f12": "Storage Account Key Operator Service Role",
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": "Virtual Machine Contributor",
    "1c0163c0-47e6-4577-8991-ea5c82e286e4": "Virtual Machine Administrator Login",
    "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f": "Private DNS Zone Contributor",
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": "Managed Identity Contributor",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
    "fb1c8493-542b-48eb-b624-b4c8fea62acd": "Security Admin",
    "749f88d5-cbae-40b8-bcfc-e573ddc772fa": "Monitoring Contributor",
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293": "Log Analytics Contributor",
    "36243c78-bf99-498c-9df9-86d9f8d28608": "Resource Policy Contributor",
}
"""Roles that change resources, rights or records: only the deployment itself has them."""

RESOURCE_GROUP = ""
"""The kind of a scope that is a resource group or wider, which has no resource type."""
_WORKSPACE, _STORE = "microsoft.operationalinsights/workspaces", "microsoft.storage/storageaccounts"
_VAULT, _COMPUTER = "microsoft.keyvault/vaults", "microsoft.compute/virtualmachines"
_STORES = frozenset({_STORE, f"{_STORE}/blobservices/containers", RESOURCE_GROUP})
_IN_VAULT = frozenset({_VAULT, f"{_VAULT}/keys", f"{_VAULT}/secrets"})
_LOOK = frozenset({RESOURCE_GROUP, _COMPUTER, _STORE, _VAULT, "microsoft.network/networkinterfaces",
                   "microsoft.network/virtualnetworks", "microsoft.network/bastionhosts",
                   "microsoft.network/azurefirewalls", "microsoft.network/firewallpolicies"})  # fmt: skip
"""Scopes without logs of their own: Reader on a workspace searches all its logs (learn.microsoft.com, "Manage access to
Log Analytics workspaces")."""
GRANTABLE: Mapping[str, frozenset[str]] = {
    READER: _LOOK,
    "73c42c96-874c-492b-b04d-ab87d138a893": frozenset({_WORKSPACE}),  # Log Analytics Reader
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": _STORES,  # Storage Blob Data Reader
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": _STORES,  # Storage Blob Data Contributor
    "21090545-7ca7-4776-b22c-e363652d74d2": _IN_VAULT,  # Key Vault Reader
    "4633458b-17de-408a-b874-0445c86b69e6": _IN_VAULT,  # Key Vault Secrets User
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": _IN_VAULT,  # Key Vault Crypto Service Encryption User
    "08bbd89e-9f13-488c-ac41-acfcb10c90ab": _IN_VAULT,  # Key Vault Crypto Service Release User
    "12338af0-0e69-4776-bea7-57ae8d297424": _IN_VAULT,  # Key Vault Crypto User
    "fb879df8-f326-4884-b1cf-06f3ad86be52": frozenset({_COMPUTER, RESOURCE_GROUP}),  # Virtual Machine User Login
    "1d18fff3-a72a-46b5-b4a9-0b38a3cd7e63": frozenset(
        {"microsoft.desktopvirtualization/applicationgroups"}
    ),  # Desktop Virtualization User
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": frozenset({"microsoft.containerregistry/registries"}),  # AcrPull
    "8311e382-0749-4cb8-b61a-304f252e45ec": frozenset({"microsoft.containerregistry/registries"}),  # AcrPush
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": _LOOK,  # Monitoring Reader
    "39bc4728-0917-49c7-9d2c-d95423bc2eb4": _LOOK,  # Security Reader
}
"""Roles that a person or a computer in the estate may need, with the kinds of scope on which each may be assigned: they
read or use, and administer nothing. `RESOURCE_GROUP` is narrowed further by other policies."""


class Right(Flag):
    """The rights that a role gives in its scope."""

    NONE = 0
    READ = auto()
    """Read blobs."""
    WRITE = auto()
    """Write blobs."""
    SECRETS = auto()
    """Read the content of secrets."""
    KEYS = auto()
    """List a store's keys, or sign with them."""
    WRAP = auto()
    """Use a key of a vault to wrap and unwrap keys, as a storage account does with its encryption key."""
    SIGN_IN = auto()
    """Sign in to computers."""
    CONTROL = auto()
    """Change settings or role assignments, with which every control in the scope can be made to fail."""


ALL = ~Right.NONE
_BLOBS = Right.READ | Right.WRITE
RIGHTS: Mapping[str, Right] = {
    READER: Right.NONE,
    "73c42c96-874c-492b-b04d-ab87d138a893": Right.NONE,  # Log Analytics Reader
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": Right.READ,  # Storage Blob Data Reader
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": _BLOBS,  # Storage Blob Data Contributor
    "21090545-7ca7-4776-b22c-e363652d74d2": Right.NONE,  # Key Vault Reader
    "4633458b-17de-408a-b874-0445c86b69e6": Right.SECRETS,  # Key Vault Secrets User
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": Right.WRAP,  # Key Vault Crypto Service Encryption User
    "08bbd89e-9f13-488c-ac41-acfcb10c90ab": Right.WRAP,  # Key Vault Crypto Service Release User
    "fb879df8-f326-4884-b1cf-06f3ad86be52": Right.SIGN_IN,  # Virtual Machine User Login
    OWNER: ALL,
    CONTRIBUTOR: ALL,
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": ALL,  # Storage Account Contributor
    "1c0163c0-47e6-4577-8991-ea5c82e286e4": Right.SIGN_IN,  # Virtual Machine Administrator Login
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": _BLOBS,  # Storage Blob Data Owner
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": Right.NONE,  # Storage Blob Delegator: signs for its own rights only
    "c12c1c16-33a1-487b-954d-41c89c60f349": Right.KEYS,  # Reader and Data Access
    "81a9662b-bebf-436f-a333-f67b29880f12": Right.KEYS,  # Storage Account Key Operator Service Role
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": Right.SECRETS | Right.WRAP,  # Key Vault Administrator
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": Right.SECRETS,  # Key Vault Secrets Officer
    "12338af0-0e69-4776-bea7-57ae8d297424": Right.WRAP,  # Key Vault Crypto User
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": Right.WRAP,  # Key Vault Crypto Officer
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": Right.NONE,  # Monitoring Reader
    "39bc4728-0917-49c7-9d2c-d95423bc2eb4": Right.NONE,  # Security Reader
    "fa23ad8b-c56e-40d8-ac0c-ce449e1d2c64": Right.NONE,  # Billing Reader
    "3913510d-42f4-4e42-8a64-420c390055eb": Right.NONE,  # Monitoring Metrics Publisher
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": Right.NONE,  # AcrPull
    "8311e382-0749-4cb8-b61a-304f252e45ec": Right.NONE,  # AcrPush
}
"""The rights of known roles, apart from images of registries (`RoleGrant.images`). Another role, such as a custom one,
counts as able to do anything."""


READS = frozenset(role for role, right in RIGHTS.items() if right & Right.READ)
"""The roles that can read blobs."""
WRITES = frozenset(role for role, right in RIGHTS.items() if right & Right.WRITE)
"""The roles that can write blobs."""


def rights_of(definition: object) -> Right:
    """Return the rights of a role definition's id; all rights if the role is not listed."""
    text = str(definition).rstrip("/").rsplit("/", 1)[-1]
    try:
        return RIGHTS.get(str(UUID(text)), ALL)
    except ValueError:
        return ALL
