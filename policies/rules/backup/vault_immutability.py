"""BK1: backups cannot be deleted by whoever took over the estate."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import is_identifiable
from policies.azure_semantics.properties import at_least, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

RECOVERY = "recoveryservices:Vault"
SECURITY = "properties.securitySettings"
STATE = f"{SECURITY}.immutabilitySettings.state"
LEAST_DAYS = 14


def check(vault: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Azure makes no vault locked at once, so other data than identifiable may do with unlocked."""
    allowed = ("Locked",) if is_identifiable(vault, context) else ("Locked", "Unlocked")
    yield from must(vault, STATE, *allowed, default="Disabled")
    bin_ = f"{SECURITY}.softDeleteSettings"
    if vault.type == RECOVERY:
        yield from must(vault, f"{bin_}.softDeleteState", "AlwaysON", default="Enabled, until somebody turns it off")
        days = f"{bin_}.softDeleteRetentionPeriodInDays"
        yield from must(vault, "properties.publicNetworkAccess", "Disabled", default="Enabled")
    else:  # a Backup vault has no network of its own: it is reached through Azure alone
        yield from must(vault, f"{bin_}.state", "AlwaysOn", default="On, until somebody turns it off")
        days = f"{bin_}.retentionDurationInDays"
    yield from at_least(vault, days, LEAST_DAYS, "days", default="14, unsaid")


POLICY = Policy(
    id="BK1",
    title="Backup vaults are immutable, keep what is deleted, and are closed to the public network",
    why="Blackmailers delete the backups first. A locked vault gives them back to nobody before their time.",
    on=(RECOVERY, "dataprotection:BackupVault"),
    reads=(STATE, f"{SECURITY}.softDeleteSettings", "properties.publicNetworkAccess"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.6.01", "2.6.03"), ncsc=("2",), iso27001=("8.13",), five_safes=("data",)
    ),
    fix="Set softDeleteState to AlwaysON and immutability to Locked. Azure locks a vault in a second step only: for "
    "the deployment that makes it, take an exemption of a few days.",
    check=check,
)
