"""Subnets have no default outbound access (NW4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, has_subnets, subnets_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.violations import violations_at

PROPERTY = "defaultOutboundAccess"
PRIVATE = equals(PROPERTY, False, default="true", only_on="network:Subnet")


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require it for each subnet. Azure's default in most API versions is outbound access."""
    for subnet in subnets_in(resource):
        yield from violations_at(subnet.path_of(PROPERTY), PRIVATE, resource)


POLICY = Policy(
    id="NW4",
    title="Subnets have no default outbound access",
    why="Azure gives a machine without a route a public address for outbound traffic, which no firewall and no "
    "log sees.",
    resource_types=SUBNETS,
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11",),
        ncsc=("11",),
        caf=("B4.a", "B5.b"),
        cyber_essentials=("1.1",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Set defaultOutboundAccess to false.",
    check=check,
    required_by_check=(PRIVATE,),
    check_paths=(f"subnets[*].{PROPERTY}",),
    applies=has_subnets,
)
