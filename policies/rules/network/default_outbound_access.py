"""NW4: no subnet gets Azure's own way out to the Internet."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, has_subnets, subnets_in
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PROPERTY = "defaultOutboundAccess"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing means Azure's default, which in most api versions is a way out."""
    for subnet in subnets_in(resource):
        yield from must(resource, subnet.inner(PROPERTY), False, default="true")


POLICY = Policy(
    id="NW4",
    title="No subnet has Azure's own way out",
    why="Azure lends a computer without a route an address of its own to leave by, which no firewall and no log sees.",
    on=SUBNETS,
    reads=(PROPERTY, f"subnets[*].{PROPERTY}"),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.11",), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Set defaultOutboundAccess to false.",
    check=check,
    applies=has_subnets,
)
