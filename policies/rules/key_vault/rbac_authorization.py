"""KV2: who may use a vault is said by roles."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must, must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Access policies beside roles would come back to life on the day that roles are turned off."""
    if resource.type == "keyvault:AccessPolicy":
        yield Violation("", "grants by an access policy, outside roles and their reviews; it must not be")
        return
    yield from must(resource, "properties.enableRbacAuthorization", True, default="false in most API versions")
    yield from must_not_be_set(resource, "properties.accessPolicies", "grants outside roles and their reviews")


POLICY = Policy(
    id="KV2",
    title="Key vaults grant by roles, never by access policies",
    why="Whoever may change a vault may write themselves an access policy; a role takes somebody else, and is reviewed "
    "with all others.",
    on=("keyvault:Vault", "keyvault:AccessPolicy"),
    reads=("properties.enableRbacAuthorization", "properties.accessPolicies"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.03"), ncsc=("9", "10"), cis=("8.3.6",), iso27001=("5.15",), five_safes=("people",)
    ),
    fix="Set enableRbacAuthorization to true, remove all access policies and grant roles.",
    check=check,
)
