"""No resource deploys other resources (GV7)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

DEPLOYING_TYPES = (
    "blueprint:Assignment",
    "resources:AzureCliScript",
    "resources:AzurePowerShellScript",
    "resources:Deployment",
    "resources:DeploymentAtManagementGroupScope",
    "resources:DeploymentAtScope",
    "resources:DeploymentAtSubscriptionScope",
    "resources:DeploymentAtTenantScope",
    "resources:DeploymentStackAtManagementGroup",
    "resources:DeploymentStackAtResourceGroup",
    "resources:DeploymentStackAtSubscription",
    "resources:Resource",
)
"""Types that create other resources, from a template or a script that the check does not read."""


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Refuse every such resource: the check sees one, and Azure creates many."""
    yield Violation("", "creates resources that no policy checks; declare them in the program")


POLICY = Policy(
    id="GV7",
    title="No resource deploys other resources",
    why="A template in a template, or a script, passes every rule and then creates what the rules refuse.",
    resource_types=DEPLOYING_TYPES,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.03", "2.4.03"), ncsc=("5", "7"), caf=("B4.b",), iso27001=("8.9", "8.32"), five_safes=("settings",)
    ),
    fix="Declare the resources that it creates in the stack.",
    check=check,
)
