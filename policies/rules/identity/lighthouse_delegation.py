"""IA7: no other organisation is given the estate to manage."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(delegation: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure Lighthouse gives another tenant's people roles that no role assignment of this one shows."""
    tenant = delegation.at("properties.managedByTenantId")
    yield Violation("properties", f"gives people of another tenant ({tenant or 'named elsewhere'}) roles in this one")


POLICY = Policy(
    id="IA7",
    title="No other organisation manages the estate",
    why="Who works for somebody else is under somebody else's contract and sign-in, and sees what they were given.",
    on=("managedservices:RegistrationAssignment", "managedservices:RegistrationDefinition"),
    reads=("properties.managedByTenantId",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.03"), ncsc=("9", "12"), iso27001=("5.15", "8.2"), five_safes=("people",)
    ),
    fix="Remove the delegation; give people who must help an account here, in a group.",
    check=check,
)
