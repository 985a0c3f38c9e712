"""Machine learning workspaces read data as the signed-in person, not with a shared key (ML3)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="ML3",
    title="Machine learning workspaces read data as the signed-in person, not with a shared key",
    why="With the storage account's key, all users of a workspace read all its data, and logs name no person.",
    resource_types=("machinelearningservices:Workspace",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.14", "3.2.01", "3.2.03"),
        ncsc=("9", "10"),
        caf=("B2.a",),
        cyber_essentials=("2.5", "4.3"),
        iso27001=("5.15", "8.5"),
        five_safes=("people",),
    ),
    fix="Set systemDatastoresAuthMode to Identity.",
    requires=(equals("systemDatastoresAuthMode", "Identity", default="AccessKey"),),
)
