"""People read no secrets of a vault (IA9)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import GRANTABLE, Right, rights_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(assignment: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require an active role of a managed identity. A person activates an eligible one."""
    if lower_text(assignment, "principalType") != "serviceprincipal":
        yield Violation("principalType", "is not ServicePrincipal; only a managed identity may read secrets")


POLICY = Policy(
    id="IA9",
    title="People read no secrets of a vault",
    why="With the pseudonymisation key, its reader can re-identify every patient in the data of every project.",
    resource_types=ASSIGNMENTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.8.05", "3.2.03"),
        ncsc=("9",),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        iso27001=("5.15", "8.24"),
        five_safes=("people", "data"),
    ),
    fix="Assign the role to the managed identity that uses the secret, and to no group.",
    check=check,
    check_paths=("principalType", "roleDefinitionId"),
    applies=lambda assignment, _: (
        role_of(assignment) in GRANTABLE and bool(rights_of(assignment.at("roleDefinitionId")) & Right.SECRETS)
    ),
)
