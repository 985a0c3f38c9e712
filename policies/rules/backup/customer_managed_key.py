"""Backups are encrypted twice, with a key of the estate (BK2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.encryption_keys import KEY_READS, require_rotating_key

RECOVERY, BACKUP = "recoveryservices:Vault", "dataprotection:BackupVault"
ENCRYPTION = {RECOVERY: "properties.encryption", BACKUP: "properties.securitySettings.encryptionSettings"}


def check(vault: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a key of the estate without a version."""
    yield from require_rotating_key(vault, context, f"{ENCRYPTION[vault.type]}.keyVaultProperties.keyUri")


POLICY = Policy(
    id="BK2",
    title="Backups are encrypted twice, with a key of the estate",
    why="A backup contains all that the original does, so it must become unreadable with the same key.",
    resource_types=(RECOVERY, BACKUP),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.01", "2.8.05"), ncsc=("2",), caf=("B3.c", "B5.c"), iso27001=("8.13", "8.24")
    ),
    fix="Name a key without a version in the vault's encryption, and set infrastructureEncryption to Enabled.",
    requires=(
        equals(f"{ENCRYPTION[BACKUP]}.state", "Enabled", default="Disabled", only_on=BACKUP),
        *(
            equals(f"{path}.infrastructureEncryption", "Enabled", default="Disabled", only_on=type_)
            for type_, path in ENCRYPTION.items()
        ),
    ),
    check=check,
    check_paths=(
        *tuple(f"{path}.keyVaultProperties.keyUri" for path in ENCRYPTION.values()),
        *KEY_READS,
    ),
    applies=holds_records,
    evaluation_scope="stack",
)
