"""Storage accounts are encrypted with a key of the estate, and follow its rotation (ST6)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals
from policies.rule_helpers.encryption_keys import require_estate_key_by_name

KEY, VAULT = "encryption.keyVaultProperties.keyName", "encryption.keyVaultProperties.keyVaultUri"
VERSION = "encryption.keyVaultProperties.keyVersion"


def check(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a key of the estate."""
    yield from require_estate_key_by_name(account, context, VAULT, KEY)


POLICY = Policy(
    id="ST6",
    title="Storage accounts are encrypted with a key of the estate, and follow its rotation",
    why="Disabling the key ends all access at once, and shows that deleted data can no longer be read.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.01", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",), five_safes=("settings",)
    ),
    fix="Set encryption.keySource to Microsoft.Keyvault with the key's name and vault, and no keyVersion.",
    requires=(
        equals("encryption.keySource", "Microsoft.Keyvault", default="Microsoft.Storage"),
        empty(VERSION, "the account would not follow the key's rotation"),
    ),
    check=check,
    check_paths=(
        KEY,
        VAULT,
        "keyvault:Vault:vaultName",
        "keyvault:Key:keyName",
        "keyvault:Key:vaultName",
        "keyvault:ManagedHsm:name",
    ),
    applies=holds_records,
    evaluation_scope="stack",
)
