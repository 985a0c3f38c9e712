"""Only listed roles are assigned, to groups and managed identities, and none of them administers (IA1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import ADMINISTRATORS, GRANTABLE
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.desk_operator import is_desk_operator
from policies.violations import violations

COMPUTER = "microsoft.compute/virtualmachines"
DEFINITION = "authorization:RoleDefinition"
PRINCIPALS = equals("principalType", "Group", "ServicePrincipal", only_on=ASSIGNMENTS[0])


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow listed roles only, each on listed kinds of resources, for groups and identities. People get roles as
    members of a group."""
    role = role_of(assignment)
    if role in ADMINISTRATORS:
        yield Violation("roleDefinitionId", f"assigns {ADMINISTRATORS[role]}, which only the deployment may have")
    elif is_desk_operator(assignment, role, context):
        if ids.kind(assignment.at("scope")) != COMPUTER:
            yield Violation("scope", "is no virtual machine: the role starts and stops single desks")
    elif role not in GRANTABLE or any(_defines(definition, role) for definition in context.of(DEFINITION)):
        yield Violation(
            "roleDefinitionId", f"assigns {role or 'no role'}, which is not on the list of assignable roles"
        )
    elif ids.kind(assignment.at("scope")) not in GRANTABLE[role]:
        kind = ids.kind(assignment.at("scope")) or "a resource group"
        yield Violation("scope", f"is {kind}, on which {role} is not assignable")
    yield from violations(PRINCIPALS, assignment)


def _defines(definition: Resource, role: str) -> bool:
    """True if a custom role has the GUID of a listed one."""
    return role in (ids.name(definition.id), lower_text(definition, "roleDefinitionId"))


POLICY = Policy(
    id="IA1",
    title="Only listed roles are assigned, to groups and managed identities, and none of them administers",
    why="An administrator of the estate can change every control; a role given to a person by name outlives "
    "their employment.",
    resource_types=ASSIGNMENTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.01", "3.2.03"),
        ncsc=("9", "12"),
        caf=("B2.c", "B2.d"),
        cyber_essentials=("4.1",),
        cis=("5.3.3",),
        iso27001=("8.2",),
        five_safes=("people",),
    ),
    fix="Assign the least of the roles in policies/azure_semantics/roles.py, to an Entra group or a managed identity.",
    check=check,
    required_by_check=(PRINCIPALS,),
    check_paths=("roleDefinitionId", "scope", f"{DEFINITION}:roleDefinitionId"),
    evaluation_scope="stack",
)
