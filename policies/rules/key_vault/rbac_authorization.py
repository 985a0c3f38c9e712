"""Key vaults grant access by roles, never by access policies (KV2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals

VAULT, ACCESS_POLICY = "keyvault:Vault", "keyvault:AccessPolicy"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse every access policy that is a resource of its own."""
    if resource.type == ACCESS_POLICY:
        yield Violation("", "is an access policy, which bypasses roles and their reviews; it must be removed")


POLICY = Policy(
    id="KV2",
    title="Key vaults grant access by roles, never by access policies",
    why="A person who may change a vault can add an access policy for themselves. A role needs another person, "
    "and is reviewed with all others.",
    resource_types=(VAULT, ACCESS_POLICY),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.03"),
        ncsc=("9", "10"),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        cis=("8.3.6",),
        iso27001=("5.15",),
        five_safes=("people",),
    ),
    fix="Set enableRbacAuthorization to true, remove all access policies and grant roles.",
    requires=(
        equals("properties.enableRbacAuthorization", True, default="false in most API versions", only_on=VAULT),
        empty("properties.accessPolicies", "access policies bypass roles and their reviews", only_on=VAULT),
    ),
    check=check,
)
