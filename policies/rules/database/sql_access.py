"""SQL servers deny public and outbound access, require TLS 1.2, and accept Entra ID sign-in only (SQ1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import PREVIOUS_OR_DEFAULT, require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

SERVER, ENTRA_ONLY = "sql:Server", "sql:ServerAzureADOnlyAuthentication"
RULES = ("sql:FirewallRule", "sql:IPv6FirewallRule", "sql:VirtualNetworkRule")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse firewall rules. Entra-only sign-in is set on the server, or in a child resource."""
    if resource.type in RULES:
        yield Violation("", "allows connections past the private endpoint; the rule must be removed")
        return
    settings = context.children(ENTRA_ONLY, resource)
    for entra_only in settings:
        yield from require(entra_only, "azureADOnlyAuthentication", True, default="false")
    if not settings:
        yield from require(resource, "administrators.azureADOnlyAuthentication", True, default="false")


POLICY = Policy(
    id="SQ1",
    title="SQL servers deny public and outbound access, require TLS 1.2, and accept Entra ID sign-in only",
    why="A SQL server can also open connections: with outbound access a query can copy its data to any destination.",
    resource_types=(SERVER, *RULES),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.05", "2.2.09", "2.2.11", "2.8.02", "3.2.01"),
        ncsc=("1", "10", "11"),
        caf=("B2.a", "B3.b", "B4.a"),
        cyber_essentials=("1.4", "2.2", "2.5", "4.3"),
        iso27001=("8.5", "8.20"),
        five_safes=("settings",),
    ),
    fix="Set publicNetworkAccess to Disabled, minimalTlsVersion to 1.2, restrictOutboundNetworkAccess to Enabled and "
    "administrators.azureADOnlyAuthentication to true, and remove firewall and network rules.",
    requires=(
        equals("publicNetworkAccess", "Disabled", default="Enabled", only_on=SERVER),
        equals("minimalTlsVersion", "1.2", "1.3", default=PREVIOUS_OR_DEFAULT, only_on=SERVER, ordered=True),
        equals("restrictOutboundNetworkAccess", "Enabled", default="Disabled", only_on=SERVER),
    ),
    check=check,
    check_paths=("administrators.azureADOnlyAuthentication", f"{ENTRA_ONLY}:azureADOnlyAuthentication"),
    evaluation_scope="stack",
    checkov=("CKV_AZURE_52", "CKV_AZURE_113", "CKV2_AZURE_27"),
)
