"""Backup vaults are immutable, keep deleted backups, and deny public network access (BK1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from policies.azure_semantics.data_class import is_identifiable
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import at_least, equals
from policies.violations import violations

RECOVERY, BACKUP = "recoveryservices:Vault", "dataprotection:BackupVault"
SECURITY = "properties.securitySettings"
SOFT_DELETE = f"{SECURITY}.softDeleteSettings"
LOCKED = equals(f"{SECURITY}.immutabilitySettings.state", "Locked", default="Disabled")
MIN_DAYS = 14


def check(vault: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a locked vault for identifiable data. Azure creates no locked vault, so others may stay unlocked."""
    allowed = LOCKED if is_identifiable(vault, context) else replace(LOCKED, values=("Locked", "Unlocked"))
    yield from violations(allowed, vault)


POLICY = Policy(
    id="BK1",
    title="Backup vaults are immutable, keep deleted backups, and deny public network access",
    why="Ransomware deletes the backups first. A locked vault deletes nothing before its time.",
    resource_types=(RECOVERY, BACKUP),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.6.01", "2.6.03"),
        ncsc=("2",),
        caf=("B3.c", "B5.c"),
        cyber_essentials=("1.4",),
        iso27001=("8.13",),
        five_safes=("data",),
    ),
    fix="Set softDeleteState to AlwaysON and immutability to Locked. Azure locks a vault in a second step only: "
    "for the deployment that creates it, use an exemption of a few days.",
    requires=(
        equals(
            f"{SOFT_DELETE}.softDeleteState",
            "AlwaysON",
            default="Enabled, which can be turned off",
            only_on=RECOVERY,
        ),
        at_least(
            f"{SOFT_DELETE}.softDeleteRetentionPeriodInDays",
            MIN_DAYS,
            "days",
            default="14; set it",
            only_on=RECOVERY,
        ),
        equals("properties.publicNetworkAccess", "Disabled", default="Enabled", only_on=RECOVERY),
        equals(f"{SOFT_DELETE}.state", "AlwaysOn", default="On, which can be turned off", only_on=BACKUP),
        at_least(f"{SOFT_DELETE}.retentionDurationInDays", MIN_DAYS, "days", default="14; set it", only_on=BACKUP),
    ),
    check=check,
    required_by_check=(LOCKED,),
)
