"""The Azure built-in roles that the infrastructure may assign.

Source: learn.microsoft.com, "Azure built-in roles". The GUIDs are the same in every tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from formats.desk_operator import desk_operator_id
from formats.stack_config import StackConfig


class Role(Enum):
    """A built-in role. Owner, Contributor and similar roles are absent on purpose."""

    READER = UUID("acdd72a7-3385-48ef-bd42-f606fba81ae7")
    LOG_READER = UUID("73c42c96-874c-492b-b04d-ab87d138a893")
    """Log Analytics Reader: searches all logs, changes nothing."""
    BLOB_READER = UUID("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1")
    """Storage Blob Data Reader."""
    BLOB_WRITER = UUID("ba92f5b4-2d11-453d-a403-e96b0029c9fe")
    """Storage Blob Data Contributor: reads, writes and deletes blobs; gives no right over the account."""
    VAULT_READER = UUID("21090545-7ca7-4776-b22c-e363652d74d2")
    """Key Vault Reader: reads metadata, never the content of a secret or key."""
    SECRETS_USER = UUID("4633458b-17de-408a-b874-0445c86b69e6")
    """Key Vault Secrets User: reads the content of secrets."""
    KEY_ENCRYPTION_USER = UUID("e147488a-f6f5-4113-8e2d-b22465e65bf6")
    """Key Vault Crypto Service Encryption User: wraps and unwraps a service's own keys, nothing else."""
    KEY_RELEASE_USER = UUID("08bbd89e-9f13-488c-ac41-acfcb10c90ab")
    """Key Vault Crypto Service Release User: releases keys to attested confidential virtual machines."""
    ACR_PUSH = UUID("8311e382-0749-4cb8-b61a-304f252e45ec")
    """AcrPush: pushes and pulls images; gives no right over the registry. It has what AcrPull has."""
    VM_USER_LOGIN = UUID("fb879df8-f326-4884-b1cf-06f3ad86be52")
    """Virtual Machine User Login: signs in with Entra, without administrator rights."""

    def definition_id(self, subscription: object) -> str:
        """Return the id of the role definition, as Azure returns it for an assignment in that subscription."""
        return _definition_id(subscription, self.value)


@dataclass(frozen=True)
class CustomRole:
    """A custom role of the estate."""

    value: UUID

    def definition_id(self, subscription: object) -> str:
        """Return the id of the role definition, as `Role.definition_id` does."""
        return _definition_id(subscription, self.value)


DESK_OPERATOR_ACTIONS = (
    "Microsoft.Compute/virtualMachines/deallocate/action",
    "Microsoft.Compute/virtualMachines/start/action",
)
"""The actions of the role with which the users of a desk start and stop it."""


def desk_operator(config: StackConfig, platform: str) -> CustomRole:
    """Return the role with which users start and stop desks, of the cell with this platform stack."""
    return CustomRole(desk_operator_id(config.estate, config.home_tenant, platform))


def _definition_id(subscription: object, role: UUID) -> str:
    return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"


SCANNER_ROLES = (
    UUID("1e7ca9b1-60d1-4db8-a914-f2ca1ff27c40"),  # Defender for Storage Data Scanner
    UUID("b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),  # Storage Blob Data Owner
)
"""The roles of which Azure itself assigns one to the scanner of uploads, on a storage account."""
