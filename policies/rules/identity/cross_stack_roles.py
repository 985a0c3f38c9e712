"""Roles across stacks are for managed identities, and do not permit writing (IA5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import WRITES
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Across stacks, allow managed identities only, and no role that permits writing."""
    scope = ids.plain(assignment.at("scope"))
    owner = context.get(scope) or context.get(ids.resource_group(scope))
    if owner is None:
        yield Violation("scope", "is neither a resource nor a resource group of the estate's stacks")
    elif owner.stack != assignment.stack:
        if lower_text(assignment, "principalType") != "serviceprincipal":
            yield Violation(
                "scope", f"belongs to {owner.stack}; another stack may assign a role on it to a managed identity only"
            )
        if role_of(assignment) in WRITES:
            yield Violation(
                "roleDefinitionId", f"permits writing to a resource of {owner.stack}; another stack may only read it"
            )


POLICY = Policy(
    id="IA5",
    title="Roles across stacks are for managed identities, and do not permit writing",
    why="A project that assigns itself a role on another project's store can move data between them, even where their "
    "networks are separate.",
    resource_types=ASSIGNMENTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "3.2.03"), ncsc=("3", "9"), iso27001=("5.15",), five_safes=("people", "projects")
    ),
    fix="Declare the role assignment in the stack that owns the resource, so that its owners review it.",
    check=check,
    check_paths=("scope", "principalType", "roleDefinitionId"),
    evaluation_scope="estate",
)
