"""No other organisation manages the estate (IA7)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(delegation: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse Azure Lighthouse: it gives roles that no role assignment of this tenant shows."""
    tenant = delegation.at("properties.managedByTenantId")
    yield Violation("properties", f"gives people of another tenant ({tenant or 'not named here'}) roles in this one")


POLICY = Policy(
    id="IA7",
    title="No other organisation manages the estate",
    why="People of another organisation have other contracts and sign-in rules.",
    resource_types=("managedservices:RegistrationAssignment", "managedservices:RegistrationDefinition"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.03"),
        ncsc=("9", "12"),
        caf=("A4.a", "B2.c", "B2.d"),
        cyber_essentials=("4.1",),
        iso27001=("5.15", "8.2"),
        five_safes=("people",),
    ),
    fix="Remove the delegation; give people who must help an account in this tenant, in a group.",
    check=check,
    check_paths=("properties.managedByTenantId",),
)
