"""IA3: no identity of the estate can be taken on from outside it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CREDENTIAL = "managedidentity:FederatedIdentityCredential"


def check(credential: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Who runs the issuer, or may name themselves as it asks, is the identity."""
    issuer = credential.at("issuer")
    yield Violation("issuer", f"lets whoever {issuer or 'an issuer'} vouches for act as this identity, from outside")


POLICY = Policy(
    id="IA3",
    title="No identity of the estate is taken on from outside",
    why="The identities of the estate move identifiable data: one that can be had from a build service is a way in.",
    on=(CREDENTIAL,),
    reads=("issuer", "subject"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.05", "3.2.03"), ncsc=("9", "10"), iso27001=("5.15", "8.5"), five_safes=("people",)
    ),
    fix="Remove it: computers of the estate have managed identities. The deployment's own is not part of the estate.",
    check=check,
)
