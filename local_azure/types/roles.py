"""Azure's built-in roles by GUID (docs/azure-facts.md#built-in-roles)."""

from __future__ import annotations

from formats.arm.role_names import BUILT_IN_ROLES

__all__ = ["BUILT_IN_ROLES", "KEY_ENCRYPTION_ROLES"]

KEY_ENCRYPTION_ROLES = frozenset(
    guid
    for guid, name in BUILT_IN_ROLES.items()
    if name
    in {
        "Key Vault Crypto Service Encryption User",
        "Key Vault Crypto Officer",
        "Key Vault Administrator",
        "Key Vault Crypto User",
    }
)
"""Roles with get, wrap and unwrap on keys (docs/azure-facts.md#customer-managed-keys-of-an-account)."""
