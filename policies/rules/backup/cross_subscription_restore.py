"""Backups are restored within their own subscription only (BK3)."""

from __future__ import annotations

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

RECOVERY, BACKUP = "recoveryservices:Vault", "dataprotection:BackupVault"
ACROSS = "crossSubscriptionRestoreSettings"
OFF = ("Disabled", "PermanentlyDisabled")


POLICY = Policy(
    id="BK3",
    title="Backups are restored within their own subscription only",
    why="A restore to another subscription exports everything past the airlock. By default any subscription of "
    "the tenant can be chosen.",
    resource_types=(RECOVERY, BACKUP),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.05", "3.1.12"), ncsc=("3",), caf=("B3.c",), iso27001=("5.14", "8.12"), five_safes=("outputs",)
    ),
    fix="Set the cross-subscription restore state to Disabled or PermanentlyDisabled.",
    requires=(
        equals(
            f"properties.restoreSettings.{ACROSS}.crossSubscriptionRestoreState",
            *OFF,
            default="Enabled",
            only_on=RECOVERY,
        ),
        equals(f"properties.featureSettings.{ACROSS}.state", *OFF, default="Enabled", only_on=BACKUP),
    ),
    applies=holds_records,
)
