"""Tools use Entra ID by default to open a storage account (ST14)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="ST14",
    title="Tools use Entra ID by default to open a storage account",
    why="The Azure portal then acts as the signed-in person instead of with the account's key, and logs name "
    "that person.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.LOW,
    controls=ComplianceControls(
        satre=("1.5.05", "3.2.01"),
        ncsc=("10",),
        caf=("B2.a",),
        cyber_essentials=("4.3",),
        iso27001=("8.5",),
        five_safes=("people",),
    ),
    fix="Set defaultToOAuthAuthentication to true.",
    requires=(equals("defaultToOAuthAuthentication", True, default="false"),),
)
