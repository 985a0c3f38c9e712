"""Network security groups and routes apply to private endpoints (NW15)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, SUBNETS_WITHOUT_ROUTE_TABLE, has_subnets, subnets_in
from policies.azure_semantics.properties import require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PROPERTY = "privateEndpointNetworkPolicies"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require it for each subnet. By default neither applies to private endpoints."""
    for subnet in subnets_in(resource):
        if subnet.name not in SUBNETS_WITHOUT_ROUTE_TABLE:
            yield from require(resource, subnet.path_of(PROPERTY), "Enabled", default="Disabled")


POLICY = Policy(
    id="NW15",
    title="Network security groups and routes apply to private endpoints",
    why="By default Azure applies neither to traffic to a private endpoint.",
    resource_types=SUBNETS,
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("3", "11"), caf=("B4.a",), iso27001=("8.22",), five_safes=("settings",)
    ),
    fix="Set privateEndpointNetworkPolicies to Enabled.",
    check=check,
    check_paths=(
        PROPERTY,
        f"subnets[*].{PROPERTY}",
        "subnetName",
    ),
    applies=has_subnets,
)
