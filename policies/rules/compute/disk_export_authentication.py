"""Links to disks require Entra ID sign-in with a role in the tenant (VM10)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="VM10",
    title="Links to disks require Entra ID sign-in with a role in the tenant",
    why="If export is enabled by mistake, the link alone is then not enough.",
    resource_types=("compute:Disk", "compute:Snapshot"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("1.5.05", "3.1.12"),
        ncsc=("10", "11"),
        caf=("B2.a", "B3.c"),
        cyber_essentials=("2.5",),
        iso27001=("8.5", "8.12"),
        five_safes=("outputs",),
    ),
    fix="Set dataAccessAuthMode to AzureActiveDirectory.",
    requires=(equals("dataAccessAuthMode", "AzureActiveDirectory", default="None"),),
)
