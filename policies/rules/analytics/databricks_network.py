"""DB2: a Databricks workspace lives in a network of the estate's own, and so does its store."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import filled, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

NETWORK = "parameters.customVirtualNetworkId.value"


def check(workspace: Resource, _: PolicyContext) -> Iterator[Violation]:
    """In a network that Databricks makes, no route and no rule of the estate's holds."""
    yield from filled(workspace, NETWORK, default="a network that Databricks makes, past the firewall")
    yield from must(workspace, "requiredNsgRules", "NoAzureDatabricksRules", "NoAzureServiceRules", default="AllRules")
    yield from must(workspace, "defaultStorageFirewall", "Enabled", default="Disabled")


POLICY = Policy(
    id="DB2",
    title="Databricks workspaces live in a network of the estate's own, their store behind its firewall",
    why="Only there do the estate's routes, rules and firewall decide what clusters reach.",
    on=("databricks:Workspace",),
    reads=(NETWORK, "requiredNsgRules", "defaultStorageFirewall"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"), ncsc=("3", "11"), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Name customVirtualNetworkId and its two subnets, set requiredNsgRules to NoAzureDatabricksRules and "
    "defaultStorageFirewall to Enabled.",
    check=check,
)
