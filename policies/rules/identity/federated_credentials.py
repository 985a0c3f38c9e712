"""Managed identities have no federated credentials (IA3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CREDENTIAL = "managedidentity:FederatedIdentityCredential"


def check(credential: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse every one: the issuer could sign in as the identity."""
    issuer = credential.at("issuer")
    yield Violation("issuer", f"allows sign-in as this identity with tokens of {issuer or 'an issuer'}, from outside")


POLICY = Policy(
    id="IA3",
    title="Managed identities have no federated credentials",
    why="The estate's identities move identifiable data: a credential for a build service is a way in.",
    resource_types=(CREDENTIAL,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.05", "3.2.03"),
        ncsc=("9", "10"),
        caf=("B2.a", "B2.d"),
        iso27001=("5.15", "8.5"),
        five_safes=("people",),
    ),
    fix="Remove it. Machines of the estate have managed identities, and the deployment's own identity is not "
    "part of the estate.",
    check=check,
    check_paths=("issuer", "subject"),
)
