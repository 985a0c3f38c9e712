"""Databricks workspaces are in a network of the estate, with their storage behind its firewall (DB2)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals, not_empty

POLICY = Policy(
    id="DB2",
    title="Databricks workspaces are in a network of the estate, with their storage behind its firewall",
    why="The estate's routes, rules and firewall apply only there.",
    resource_types=("databricks:Workspace",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Name customVirtualNetworkId and its two subnets, set requiredNsgRules to NoAzureDatabricksRules and "
    "defaultStorageFirewall to Enabled.",
    requires=(
        not_empty(
            "parameters.customVirtualNetworkId.value", default="a network that Databricks creates, past the firewall"
        ),
        equals("requiredNsgRules", "NoAzureDatabricksRules", "NoAzureServiceRules", default="AllRules"),
        equals("defaultStorageFirewall", "Enabled", default="Disabled"),
    ),
)
