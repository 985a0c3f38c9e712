"""Roles are assigned in a resource group or below (IA2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.role_assignments import ASSIGNMENTS
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(assignment: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse wider scopes, identities of other tenants, and conditions of another version."""
    scope = assignment.at("scope")
    if not ids.resource_group(scope):
        yield Violation("scope", "is a subscription or wider, so the role would cover every project in it")
    if assignment.at("delegatedManagedIdentityResourceId") is not MISSING:
        yield Violation("delegatedManagedIdentityResourceId", "assigns the role to an identity of another tenant")
    if assignment.at("condition") is not MISSING and assignment.at("conditionVersion") != "2.0":
        yield Violation("conditionVersion", "is not 2.0, which Azure requires for conditions")


POLICY = Policy(
    id="IA2",
    title="Roles are assigned in a resource group or below",
    why="A role that is assigned higher covers the next project too.",
    resource_types=ASSIGNMENTS,
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.10", "3.2.03"),
        ncsc=("3", "9"),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        iso27001=("5.15", "8.2"),
        five_safes=("people",),
    ),
    fix="Assign the role on the one resource that needs it, or on its resource group.",
    check=check,
    check_paths=("scope", "delegatedManagedIdentityResourceId", "condition", "conditionVersion"),
)
