"""Log workspaces keep logs for a year, and deny public access (LG2)."""

from __future__ import annotations

from policies.azure_semantics.diagnostics import WORKSPACE
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import at_least, equals, equals_if_set

DAYS = 365


POLICY = Policy(
    id="LG2",
    title="Log workspaces keep logs for a year, and deny public access",
    why="Intrusions are found after months, and an attacker who can write to the log from outside can hide them. With "
    "access by resource permissions, whoever may see a resource may read its logs: of a shared Bastion, everybody's.",
    resource_types=(WORKSPACE,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03",),
        ncsc=("13",),
        caf=("C1.b",),
        cyber_essentials=("1.4",),
        iso27001=("8.15",),
        five_safes=("settings",),
    ),
    fix=f"Set retentionInDays to {DAYS} or more, both publicNetworkAccessFor… to Disabled, disableLocalAuth to "
    "true, enableLogAccessUsingOnlyResourcePermissions to false, and no daily cap.",
    requires=(
        at_least("retentionInDays", DAYS, "days", default="30"),
        equals("publicNetworkAccessForIngestion", "Disabled", default="Enabled"),
        equals("publicNetworkAccessForQuery", "Disabled", default="Enabled"),
        equals("features.disableLocalAuth", True, default="false"),
        equals("features.enableLogAccessUsingOnlyResourcePermissions", False, default="true"),
        equals_if_set("features.immediatePurgeDataOn30Days", False),
        equals_if_set("features.enableDataExport", False),
        equals_if_set("workspaceCapping.dailyQuotaGb", -1),
    ),
)
