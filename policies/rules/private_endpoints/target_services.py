"""Private endpoints connect to services of their own stack only (PE3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import subnet_of
from policies.azure_semantics.private_link import CONNECTIONS, ENDPOINT
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty


def check(endpoint: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse services outside this check: they may belong to any tenant."""
    for entry in entries(endpoint, CONNECTIONS[0]):
        path = f"{entry}.privateLinkServiceId"
        target = context.get(endpoint.at(path))
        if target is None:
            yield Violation(path, "connects to a service that is not in this check: data could leave through it")
        elif target.stack != endpoint.stack:
            yield Violation(path, f"connects to a service of {target.stack}, past the firewall")
    for entry in entries(endpoint, CONNECTIONS[1]):
        yield Violation(entry, "needs approval by its owner; services of the estate are connected at once")
    subnet = endpoint.at("subnet.id")
    if subnet is MISSING or subnet_of(subnet, context) is None:
        yield Violation("subnet.id", "is a subnet that is not in this check")


POLICY = Policy(
    id="PE3",
    title="Private endpoints connect to services of their own stack only",
    why="An endpoint to another account is an exit that no firewall sees: its address is inside the network.",
    resource_types=(ENDPOINT,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "3.1.12"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.12", "8.22"),
        five_safes=("outputs", "projects"),
    ),
    fix="Remove the endpoint, or connect a service of the same stack.",
    check=check,
    required_by_check=(empty(CONNECTIONS[1], "services of the estate are connected without approval"),),
    check_paths=(*(f"{list_}[*].privateLinkServiceId" for list_ in CONNECTIONS), "subnet.id"),
    evaluation_scope="stack",
)
