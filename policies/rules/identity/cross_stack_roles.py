"""Each stack assigns roles on its own resources only (IA5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import word
from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import WRITES
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow identities to read across stacks; every other role belongs in the stack of the resource."""
    scope = ids.plain(assignment.at("scope"))
    owner = context.get(scope) or context.get(ids.resource_group(scope))
    if owner is None:
        yield Violation("scope", "is not a resource of the estate")
    elif owner.stack != assignment.stack:
        if word(assignment, "principalType") != "serviceprincipal":
            yield Violation("scope", f"is {owner.stack}'s: only a managed identity may have a role from another stack")
        if role_of(assignment) in WRITES:
            yield Violation(
                "roleDefinitionId", f"writes to a resource of {owner.stack}; another stack may only read it"
            )


POLICY = Policy(
    id="IA5",
    title="Each stack assigns roles on its own resources only",
    why="A project that assigns itself a role on another's store has joined the two, whatever the networks allow.",
    on=ASSIGNMENTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "3.2.03"), ncsc=("3", "9"), iso27001=("5.15",), five_safes=("people", "projects")
    ),
    fix="Declare the role in the stack that owns the resource, where its steward sees it.",
    check=check,
    reads=("scope", "principalType", "roleDefinitionId"),
    scope="estate",
)
