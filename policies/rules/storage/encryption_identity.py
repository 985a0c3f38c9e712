"""Storage accounts open their key with a user-assigned identity of the same tenant (ST16)."""

from __future__ import annotations

from policies.azure_semantics.properties import same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity
from policies.requirements import empty, not_empty

IDENTITY = "encryption.encryptionIdentity.encryptionUserAssignedIdentity"
FOREIGN_IDENTITY = "encryption.encryptionIdentity.encryptionFederatedIdentityClientId"


def applies(account: Resource, _: PolicyContext) -> bool:
    """Return True for accounts with a customer-managed key."""
    return same(account.at("encryption.keySource"), "Microsoft.Keyvault")


POLICY = Policy(
    id="ST16",
    title="Storage accounts open their key with a user-assigned identity of the same tenant",
    why="The identity can be granted the key before the account exists, so no data is ever written under another "
    "key, and no other tenant controls the key.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("2", "10"), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set encryption.encryptionIdentity to a user-assigned identity that may wrap and unwrap with the key.",
    requires=(
        not_empty(IDENTITY, default="the account's own identity, which exists too late for a grant"),
        empty(FOREIGN_IDENTITY, "the key would come from another tenant, which could withdraw it"),
    ),
    check_paths=("encryption.keySource",),
    applies=applies,
)
