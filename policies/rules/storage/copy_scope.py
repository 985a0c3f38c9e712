"""Storage accounts are copied and replicated within the tenant only (ST8)."""

from __future__ import annotations

from policies.azure_semantics.properties import PREVIOUS_OR_DEFAULT
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="ST8",
    title="Storage accounts are copied and replicated within the tenant only",
    why="A copy that Azure makes between accounts passes neither the firewall nor an airlock. Without "
    "allowedCopyScope, anyone who may read can make Azure copy to an account of another tenant.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.05", "3.1.12"),
        ncsc=("3",),
        caf=("B3.c",),
        cis=("9.3.7",),
        iso27001=("8.12",),
        five_safes=("outputs",),
    ),
    fix="Set allowCrossTenantReplication to false and allowedCopyScope to AAD or PrivateLink.",
    requires=(
        equals("allowCrossTenantReplication", False, default=PREVIOUS_OR_DEFAULT),
        equals("allowedCopyScope", "AAD", "PrivateLink", default="copies to any account"),
    ),
)
