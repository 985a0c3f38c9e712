"""BK3: no backup is restored where the estate's rules do not hold."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ACROSS = "crossSubscriptionRestoreSettings"
PATHS = {
    "recoveryservices:Vault": f"properties.restoreSettings.{ACROSS}.crossSubscriptionRestoreState",
    "dataprotection:BackupVault": f"properties.featureSettings.{ACROSS}.state",
}


def check(vault: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's default lets whoever may restore choose any subscription of the tenant."""
    yield from must(vault, PATHS[vault.type], "Disabled", "PermanentlyDisabled", default="Enabled")


POLICY = Policy(
    id="BK3",
    title="Backups are restored within their own subscription only",
    why="A restore into another subscription is an export of everything, with no airlock.",
    on=tuple(PATHS),
    reads=tuple(PATHS.values()),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.05", "3.1.12"), ncsc=("3",), iso27001=("5.14", "8.12"), five_safes=("outputs",)
    ),
    fix="Set the cross-subscription restore state to Disabled or PermanentlyDisabled.",
    check=check,
    applies=holds_records,
)
