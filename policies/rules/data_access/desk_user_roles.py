"""AL5: who signs in to a desk holds no right to data: what they do there, the desk does."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import word
from policies.azure_semantics.role_assignments import ASSIGNMENTS, principal_of, role_of
from policies.azure_semantics.roles import SIGN_IN_ROLES
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STORE = "storage:StorageAccount"
COMPUTER = "microsoft.compute/virtualmachines"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """From another computer than the desk, such a right would read the project's data past its walls."""
    people = [principal_of(assignment) for assignment in signing_in(store, context)]
    for grant in grants_on(store, context):
        if any(grant.principal.same_as(one) for one in people):
            yield Violation("", f"the role {grant.assignment.name} is of people who sign in to a desk: they read and "
                          "write as the desk alone")  # fmt: skip


def signing_in(store: Resource, context: PolicyContext) -> list[Resource]:
    """The roles of the store's own stack that let somebody sign in to a computer."""
    found = [a for type_ in ASSIGNMENTS for a in context.same_stack(store, type_) if role_of(a) in SIGN_IN_ROLES]
    return [a for a in found if word(a, "principalType") != "serviceprincipal" and _is_desk(a)]


def _is_desk(assignment: Resource) -> bool:
    """A role on a resource group, or above, lets in to every computer there."""
    return ids.kind(assignment.at("scope")) in ("", COMPUTER)


POLICY = Policy(
    id="AL5",
    title="Who signs in to a desk holds no right to the project's data",
    why="A person's own right to data follows them to any computer that reaches the store; a desk's stays on the desk. "
    "And who asks for something to leave must not be who may release it.",
    on=(STORE,),
    reads=(
        "authorization:RoleAssignment:scope",
        "authorization:RoleAssignment:principalId",
        "authorization:RoleAssignment:principalType",
        "authorization:RoleAssignment:roleDefinitionId",
    ),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "3.1.04", "3.1.06", "3.3.05"), ncsc=("3", "9"), iso27001=("5.3", "5.15"),
        five_safes=("people", "outputs"),
    ),
    fix="Give the desk's identity the role, and take it from the group of people.",
    check=check,
    applies=lambda store, context: bool(signing_in(store, context)),
    scope="stack",
)  # fmt: skip
