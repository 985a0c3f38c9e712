"""IA1: nobody in the estate administers it: no Owner, no Contributor, no one who gives out roles."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import ADMINISTRATORS, GRANTABLE
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PRINCIPALS = ("group", "serviceprincipal")


def check(assignment: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Roles are given from a list; people get them by being members of a group."""
    role = role_of(assignment)
    if role in ADMINISTRATORS:
        yield Violation("roleDefinitionId", f"gives {ADMINISTRATORS[role]}, which only the deployment may hold")
    elif role not in GRANTABLE:
        yield Violation(
            "roleDefinitionId", f"gives {role or 'no role that is said'}, which is on no list of roles to give"
        )
    if assignment.type == ASSIGNMENTS[0]:
        kind = assignment.at("principalType")
        if str(kind).lower() not in PRINCIPALS:
            yield Violation(
                "principalType", f"is {kind or 'not set'}; it must be Group or ServicePrincipal, never a person"
            )


POLICY = Policy(
    id="IA1",
    title="Nobody in the estate administers it, and roles go to groups and managed identities",
    why="Who can change the estate can open every door of it; who is given a role by name keeps it when they leave.",
    on=ASSIGNMENTS,
    reads=("roleDefinitionId", "principalType"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.01", "3.2.03"),
        ncsc=("9", "12"),
        cis=("5.3.3",),
        iso27001=("8.2",),
        five_safes=("people",),
    ),
    fix="Give the least of the roles that infra.roles lists, to an Entra group or a managed identity.",
    check=check,
)
