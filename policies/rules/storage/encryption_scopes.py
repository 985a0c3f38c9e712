"""ST17: encryption scopes are no way around the account's key."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import own_key


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A scope has a key of the estate's own; a container with a scope lets no blob choose another."""
    if resource.type == "storage:EncryptionScope":
        yield from must(resource, "source", "Microsoft.KeyVault", default="Microsoft.Storage")
        yield from own_key(resource, context, "keyVaultProperties.keyUri")
        yield from must(resource, "requireInfrastructureEncryption", True, default="false")
    elif resource.at("defaultEncryptionScope") not in (MISSING, "$account-encryption-key"):
        yield from must(resource, "denyEncryptionScopeOverride", True, default="false")


POLICY = Policy(
    id="ST17",
    title="Encryption scopes use keys of the estate's own, and containers let no blob choose another",
    why="A scope takes the place of the account's key for what is written under it, so it must be no weaker.",
    on=("storage:EncryptionScope", "storage:BlobContainer"),
    reads=("source", "keyVaultProperties.keyUri", "requireInfrastructureEncryption", "defaultEncryptionScope",
           "denyEncryptionScopeOverride"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), iso27001=("8.24",)),
    fix="Set source to Microsoft.KeyVault with a key without a version, requireInfrastructureEncryption to true, and "
    "denyEncryptionScopeOverride to true on containers that have a scope.",
    check=check,
    applies=holds_records,
    scope="stack",
)  # fmt: skip
