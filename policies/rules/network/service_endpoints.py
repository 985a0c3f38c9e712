"""NW14: no subnet has service endpoints: they lead past the firewall to every customer of the service."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, has_subnets, subnets_in
from policies.azure_semantics.properties import must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing and empty are Azure's default, none."""
    for subnet in subnets_in(resource):
        yield from must_not_be_set(
            resource,
            subnet.inner("serviceEndpoints"),
            "a service endpoint reaches every account of the service, past the firewall",
        )


POLICY = Policy(
    id="NW14",
    title="No subnet has service endpoints",
    why="A service endpoint leads to a whole service of Azure's, other people's accounts in it among the rest.",
    on=SUBNETS,
    reads=("serviceEndpoints", "subnets[*].serviceEndpoints"),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.12",), five_safes=("outputs",)),
    fix="Remove serviceEndpoints and reach the service through a private endpoint.",
    check=check,
    applies=has_subnets,
)
