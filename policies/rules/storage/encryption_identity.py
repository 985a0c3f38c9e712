"""ST16: what opens a storage account's key is an identity that was granted it beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import filled, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

IDENTITY = "encryption.encryptionIdentity.encryptionUserAssignedIdentity"
ABROAD = "encryption.encryptionIdentity.encryptionFederatedIdentityClientId"


def applies(account: Resource, _: PolicyContext) -> bool:
    """Where there is a key of the estate's own."""
    return same(account.at("encryption.keySource"), "Microsoft.Keyvault")


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """An identity of the account's own kind exists only after it, so it would begin with Microsoft's key."""
    yield from filled(account, IDENTITY, default="the account's own identity, which no grant can precede")
    if account.at(ABROAD) not in (MISSING, ""):
        yield Violation(ABROAD, "fetches the key from another tenant, which could take it away; leave it out")


POLICY = Policy(
    id="ST16",
    title="Storage accounts open their key with a user-assigned identity of the same tenant",
    why="It can be granted the key before the account is made, so no data is ever written under another key, and the "
    "key stays in the estate's own hands.",
    on=("storage:StorageAccount",),
    reads=("encryption.keySource", IDENTITY, ABROAD),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("2", "10"), iso27001=("8.24",)),
    fix="Name a user-assigned identity in encryption.encryptionIdentity, granted to wrap and unwrap with the key.",
    check=check,
    applies=applies,
)
