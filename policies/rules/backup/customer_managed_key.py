"""BK2: backups are encrypted with a key of the estate's own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import own_key

RECOVERY = "recoveryservices:Vault"
KEYS = {
    RECOVERY: "properties.encryption",
    "dataprotection:BackupVault": "properties.securitySettings.encryptionSettings",
}


def check(vault: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Twice, as the stores that they are copies of."""
    keys = KEYS[vault.type]
    if vault.type != RECOVERY:
        yield from must(vault, f"{keys}.state", "Enabled", default="Disabled")
    yield from own_key(vault, context, f"{keys}.keyVaultProperties.keyUri")
    yield from must(vault, f"{keys}.infrastructureEncryption", "Enabled", default="Disabled")


POLICY = Policy(
    id="BK2",
    title="Backups are encrypted twice, with a key of the estate's own",
    why="A backup holds all that the original does, and must end when its key does.",
    on=tuple(KEYS),
    reads=tuple(KEYS.values()),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), iso27001=("8.13", "8.24")),
    fix="Name a key without a version in the vault's encryption, and set infrastructureEncryption to Enabled.",
    check=check,
    applies=holds_records,
    scope="stack",
)
