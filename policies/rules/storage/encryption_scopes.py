"""Encryption scopes use keys of the estate, and containers do not let blobs choose another scope (ST17)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.encryption_keys import KEY_READS, require_rotating_key

SCOPE = "storage:EncryptionScope"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check a scope's key, and that a container with a scope forbids others."""
    if resource.type == SCOPE:
        yield from require_rotating_key(resource, context, "keyVaultProperties.keyUri")
    elif resource.at("defaultEncryptionScope") not in (MISSING, "$account-encryption-key"):
        yield from require(resource, "denyEncryptionScopeOverride", True, default="false")


POLICY = Policy(
    id="ST17",
    title="Encryption scopes use keys of the estate, and containers do not let blobs choose another scope",
    why="An encryption scope replaces the account's key for the data written with it, so it must not be weaker.",
    resource_types=(SCOPE, "storage:BlobContainer"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set source to Microsoft.KeyVault with a key without a version, requireInfrastructureEncryption to true, "
    "and denyEncryptionScopeOverride to true on containers that have a scope.",
    requires=(
        equals("source", "Microsoft.KeyVault", default="Microsoft.Storage", only_on=SCOPE),
        equals("requireInfrastructureEncryption", True, default="false", only_on=SCOPE),
    ),
    check=check,
    check_paths=(
        "keyVaultProperties.keyUri",
        "defaultEncryptionScope",
        "denyEncryptionScopeOverride",
        *KEY_READS,
    ),
    applies=holds_records,
    evaluation_scope="stack",
)
