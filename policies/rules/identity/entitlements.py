"""Every right is one that the estate names (IA8)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.role_assignments import ASSIGNMENTS, principal_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.entitlements import condition_of, entitlement_of


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that the estate names the principal for this role on this resource, with this condition or none. An
    eligible assignment counts as the right that its holder can activate."""
    entitlement = entitlement_of(assignment, context)
    if entitlement is None:
        principal = principal_of(assignment).id or "a new identity"
        yield Violation("principalId", f"is {principal}, which the estate names for no such role on this resource")
    elif condition_of(assignment) != entitlement.condition:
        wanted = "the known condition for blobs that were found clean" if entitlement.condition else "none"
        yield Violation("condition", f"is another than the estate's; it must be {wanted}")


POLICY = Policy(
    id="IA8",
    title="Every right is one that the estate names",
    why="A group or identity that no approval names has a right that nobody granted and nobody reviews.",
    resource_types=ASSIGNMENTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.01", "3.2.03"),
        ncsc=("9", "12"),
        caf=("B2.d", "B3.a"),
        cyber_essentials=("4.1",),
        iso27001=("5.15", "5.18"),
        five_safes=("people", "projects"),
    ),
    fix="Name the group in the estate or in the request; a right of a managed identity belongs in "
    "policies/expected/entitlements.py, where it is reviewed.",
    check=check,
    check_paths=("principalId", "principalType", "roleDefinitionId", "scope", "condition"),
    evaluation_scope="stack",
    needs_config=True,
)
