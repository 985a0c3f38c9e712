"""NW15: security groups and routes hold for private endpoints too."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, UNROUTED, has_subnets, subnets_in
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PROPERTY = "privateEndpointNetworkPolicies"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing is Azure's default: neither security groups nor routes hold for the endpoints."""
    for subnet in subnets_in(resource):
        if subnet.name not in UNROUTED:
            yield from must(resource, subnet.inner(PROPERTY), "Enabled", default="Disabled")


POLICY = Policy(
    id="NW15",
    title="Security groups and routes hold for private endpoints",
    why="Unless asked to, Azure lets traffic to a private endpoint past both: whoever is routed there gets in.",
    on=SUBNETS,
    reads=(PROPERTY, f"subnets[*].{PROPERTY}"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("3", "11"), iso27001=("8.22",), five_safes=("settings",)
    ),
    fix="Set privateEndpointNetworkPolicies to Enabled.",
    check=check,
    applies=has_subnets,
)
