"""SQ1: a SQL server is closed, to the Internet and from it, and knows people by Entra alone."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

SERVER, ENTRA_ONLY = "sql:Server", "sql:ServerAzureADOnlyAuthentication"
RULES = ("sql:FirewallRule", "sql:IPv6FirewallRule", "sql:VirtualNetworkRule")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Entra alone is said in the server, or in a resource below it."""
    if resource.type in RULES:
        yield Violation("", "lets somebody past the private endpoint; there must be no such rule")
        return
    yield from must(resource, "publicNetworkAccess", "Disabled", default="Enabled")
    yield from must(resource, "minimalTlsVersion", "1.2", "1.3", default="what Azure had it at before")
    yield from must(resource, "restrictOutboundNetworkAccess", "Enabled", default="Disabled")
    below = context.children(ENTRA_ONLY, resource)
    for entra_only in below:
        yield from must(entra_only, "azureADOnlyAuthentication", True, default="false")
    if not below:
        yield from must(resource, "administrators.azureADOnlyAuthentication", True, default="false")


POLICY = Policy(
    id="SQ1",
    title="SQL servers are closed both ways, speak TLS 1.2, and take Entra sign-in only",
    why="A SQL server can also call out: with outbound access it copies what it holds to wherever a query says.",
    on=(SERVER, *RULES),
    reads=("publicNetworkAccess", "minimalTlsVersion", "restrictOutboundNetworkAccess",
           "administrators.azureADOnlyAuthentication", f"{ENTRA_ONLY}:azureADOnlyAuthentication"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.05", "2.2.09", "2.2.11", "2.8.02", "3.2.01"), ncsc=("1", "10", "11"), iso27001=("8.5", "8.20"),
        five_safes=("settings",),
    ),
    fix="Set publicNetworkAccess to Disabled, minimalTlsVersion to 1.2, restrictOutboundNetworkAccess to Enabled and "
    "administrators.azureADOnlyAuthentication to true, and remove firewall and network rules.",
    check=check,
    scope="stack",
    checkov=("CKV_AZURE_52", "CKV_AZURE_113", "CKV2_AZURE_27"),
)  # fmt: skip
