"""Subnets have no service endpoints (NW14)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import SUBNETS, has_subnets, subnets_in
from policies.azure_semantics.properties import require_unset
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse them in each subnet. Azure's default is none."""
    for subnet in subnets_in(resource):
        yield from require_unset(
            resource,
            subnet.path_of("serviceEndpoints"),
            "a service endpoint reaches every account of the service, past the firewall",
        )


POLICY = Policy(
    id="NW14",
    title="Subnets have no service endpoints",
    why="A service endpoint reaches every account of an Azure service, including those of other customers.",
    resource_types=SUBNETS,
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.12",), five_safes=("outputs",)
    ),
    fix="Remove serviceEndpoints and reach the service through a private endpoint.",
    check=check,
    check_paths=("serviceEndpoints", "subnets[*].serviceEndpoints"),
    applies=has_subnets,
)
