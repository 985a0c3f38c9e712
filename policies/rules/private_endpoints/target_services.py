"""PE3: a private endpoint leads to a service of the estate and to nothing else, in the same stack."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import subnet_of
from policies.azure_semantics.private_link import CONNECTIONS, ENDPOINT
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(endpoint: Resource, context: PolicyContext) -> Iterator[Violation]:
    """An endpoint to an account that is not judged here may lead to anybody's, in any tenant."""
    for entry in entries(endpoint, CONNECTIONS[0]):
        path = f"{entry}.privateLinkServiceId"
        target = context.get(endpoint.at(path))
        if target is None:
            yield Violation(path, "leads to a service that is not judged here: data could leave by it")
        elif target.stack != endpoint.stack:
            yield Violation(path, f"leads to a service of {target.stack}: a way between stacks that no firewall sees")
    for entry in entries(endpoint, CONNECTIONS[1]):
        yield Violation(entry, "asks somebody else to approve; the services of the estate are connected at once")
    subnet = endpoint.at("subnet.id")
    if subnet is MISSING or subnet_of(subnet, context) is None:
        yield Violation("subnet.id", "is a subnet that is not judged here")


POLICY = Policy(
    id="PE3",
    title="Private endpoints lead to the stack's own services alone",
    why="An endpoint to somebody else's account is a way out that no firewall sees: it is one of the network's own "
    "addresses.",
    on=(ENDPOINT,),
    reads=(*(f"{list_}[*].privateLinkServiceId" for list_ in CONNECTIONS), "subnet.id"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "3.1.12"), ncsc=("3", "11"), iso27001=("8.12", "8.22"), five_safes=("outputs", "projects")
    ),
    fix="Remove the endpoint, or connect a service of the same stack.",
    check=check,
    scope="stack",
)
