"""GV7: nothing is built by what nobody has judged: no template inside a resource, no script with rights."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

TYPES = (
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
"""Resources that make others: what those will be stands in a text, or is only known once it ran."""


def check(maker: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Whatever it holds: the gate sees one resource, and Azure gets many."""
    yield Violation("", "makes resources that no policy sees; they must stand in the plan themselves")


POLICY = Policy(
    id="GV7",
    title="Nothing is built by what nobody has judged",
    why="A template inside a template, or a script, passes every rule and then builds what the rules refuse.",
    on=TYPES,
    reads=("type",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.03", "2.4.03"), ncsc=("5", "7"), iso27001=("8.9", "8.32"), five_safes=("settings",)
    ),
    fix="Declare what it makes as resources of the stack.",
    check=check,
)
