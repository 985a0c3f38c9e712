"""IA2: a role is given where it is needed: below a resource group, of this tenant, without a hidden condition."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.role_assignments import ASSIGNMENTS
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(assignment: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A subscription holds other projects too; a management group holds everything."""
    scope = assignment.at("scope")
    if not ids.resource_group(scope):
        yield Violation("scope", "is a subscription or wider: the role would hold for every project in it")
    if assignment.at("delegatedManagedIdentityResourceId") is not MISSING:
        yield Violation("delegatedManagedIdentityResourceId", "gives the role to an identity of another tenant")
    if assignment.at("condition") is not MISSING and assignment.at("conditionVersion") != "2.0":
        yield Violation("conditionVersion", "is not 2.0, without which Azure refuses conditions")


POLICY = Policy(
    id="IA2",
    title="Roles hold no wider than a resource group",
    why="A role that is given too high reaches the next project, and the one after that, without anybody giving it.",
    on=ASSIGNMENTS,
    reads=("scope", "delegatedManagedIdentityResourceId", "condition", "conditionVersion"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.10", "3.2.03"), ncsc=("3", "9"), iso27001=("5.15", "8.2"), five_safes=("people",)
    ),
    fix="Give the role on the one resource that it is for, or on its resource group.",
    check=check,
)
