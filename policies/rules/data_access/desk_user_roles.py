"""People who sign in to a desk have no role on the project's data (AL5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import ASSIGNMENTS, assignment_paths, principal_of, role_of
from policies.azure_semantics.roles import SIGN_IN_ROLES
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STORE = "storage:StorageAccount"
VIRTUAL_MACHINE = "microsoft.compute/virtualmachines"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse roles with which people could read the data from a computer other than the desk."""
    people = [principal_of(assignment) for assignment in sign_in_roles(store, context)]
    for grant in grants_on(store, context):
        if any(grant.principal.same_as(one) for one in people):
            yield Violation("", f"the role {grant.assignment.name} is held by people who sign in to a desk; only the "
                          "desk's identity may read and write")  # fmt: skip


def sign_in_roles(store: Resource, context: PolicyContext) -> list[Resource]:
    """Return the role assignments of the store's stack that let people sign in to a virtual machine."""
    found = [a for type_ in ASSIGNMENTS for a in context.same_stack(store, type_) if role_of(a) in SIGN_IN_ROLES]
    return [a for a in found if lower_text(a, "principalType") != "serviceprincipal" and _is_desk(a)]


def _is_desk(assignment: Resource) -> bool:
    """True if a role applies to a virtual machine: its scope is one, or a resource group or above."""
    return ids.kind(assignment.at("scope")) in ("", VIRTUAL_MACHINE)


POLICY = Policy(
    id="AL5",
    title="People who sign in to a desk have no role on the project's data",
    why="A person's own role works from any computer that reaches the store; a desk's identity works on the desk "
    "only. And the submitter of an export must not be able to release it.",
    resource_types=(STORE,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "3.1.04", "3.1.06", "3.3.05"),
        ncsc=("3", "9"),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        iso27001=("5.3", "5.15"),
        five_safes=("people", "outputs"),
    ),
    fix="Give the role to the desk's identity, and remove it from the group of people.",
    check=check,
    check_paths=(*assignment_paths("scope", "principalId", "principalType", "roleDefinitionId"),),
    applies=lambda store, context: bool(sign_in_roles(store, context)),
    evaluation_scope="stack",
)
