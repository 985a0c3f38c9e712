"""IA5: roles hold on what is the estate's; across stacks only a computer's, and only to read."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import word
from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import WRITES
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Who owns a thing grants it: a role that another stack gives itself is a way in that its owner never wrote."""
    scope = ids.plain(assignment.at("scope"))
    owner = context.get(scope) or context.get(ids.resource_group(scope))
    if owner is None:
        yield Violation("scope", "is nothing of the estate's")
    elif owner.stack != assignment.stack:
        if word(assignment, "principalType") != "serviceprincipal":
            yield Violation("scope", f"is {owner.stack}'s: only a computer's identity may be let in from another stack")
        if role_of(assignment) in WRITES:
            yield Violation("roleDefinitionId", f"writes what is {owner.stack}'s: another stack may only read it")


POLICY = Policy(
    id="IA5",
    title="Each stack grants what is its own",
    why="A project that gives itself a role on another's store has joined the two, whatever networks say.",
    on=ASSIGNMENTS,
    reads=("scope", "principalType", "roleDefinitionId"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "3.2.03"), ncsc=("3", "9"), iso27001=("5.15",), five_safes=("people", "projects")
    ),
    fix="Declare the role in the stack that owns what it is on, where its steward sees it.",
    check=check,
    scope="estate",
)
