"""ST6: what a storage account holds is encrypted with a key of the estate's own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import key_in_vault

KEY, VAULT = "encryption.keyVaultProperties.keyName", "encryption.keyVaultProperties.keyVaultUri"
VERSION = "encryption.keyVaultProperties.keyVersion"


def check(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The key is named, and no version of it, so that the account follows its rotation."""
    yield from must(account, "encryption.keySource", "Microsoft.Keyvault", default="Microsoft.Storage")
    yield from key_in_vault(account, context, VAULT, KEY)
    if account.at(VERSION) not in (MISSING, ""):
        yield Violation(VERSION, "pins one version, and stays on it when the key rotates; leave it out")


POLICY = Policy(
    id="ST6",
    title="Storage accounts are encrypted with a key of the estate's own, and follow its rotation",
    why="Whoever holds the key can end all access at once, and can show that deleted data is beyond anybody's reach.",
    on=("storage:StorageAccount",),
    reads=("encryption.keySource", KEY, VAULT, VERSION, "keyvault:Vault:vaultName", "keyvault:Key:keyName"),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), iso27001=("8.24",), five_safes=("settings",)),
    fix="Set encryption.keySource to Microsoft.Keyvault with the key's name and vault, and no keyVersion.",
    check=check,
    applies=holds_records,
    scope="stack",
)  # fmt: skip
