"""PE1: whatever holds data, keys or logs is reached by a private endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.private_link import CONNECTIONS, ENDPOINT, INJECTED, SERVICES
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(service: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A request that somebody must still approve is no endpoint yet."""
    own_subnet = INJECTED.get(service.type)
    if own_subnet and service.at(own_subnet) is not MISSING:
        return
    if not context.referencing(ENDPOINT, f"{CONNECTIONS[0]}[*].privateLinkServiceId", service):
        yield Violation("", "has no private endpoint; nothing inside the estate can reach it but over the Internet")


POLICY = Policy(
    id="PE1",
    title="Every data service has a private endpoint",
    why="Without one a service is reached over its public name, or not at all; then somebody opens it to the Internet.",
    on=SERVICES,
    reads=(f"{ENDPOINT}:{CONNECTIONS[0]}[*].privateLinkServiceId",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), cis=("8.3.8", "9.3.2.1"), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Give the service a PrivateEndpoint in an endpoint subnet of the same stack.",
    check=check,
    scope="stack",
)
