"""Storage accounts deny public network access (ST1)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="ST1",
    title="Storage accounts deny public network access",
    why="A storage account with patients' records that can be reached from the Internet is exposed by one leaked "
    "credential.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), cis=("9.3.2.2",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Set publicNetworkAccess to Disabled, and connect to the account through a private endpoint.",
    requires=(equals("publicNetworkAccess", "Disabled", "SecuredByPerimeter", default="Enabled"),),
    checkov=("CKV_AZURE_59",),
)
