"""Every data service has a private endpoint (PE1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.private_link import CONNECTIONS, ENDPOINT, SERVICES, VNET_INJECTED
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(service: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an approved connection, or a delegated subnet. A manual request is no connection yet."""
    subnet = VNET_INJECTED.get(service.type)
    if subnet and service.at(subnet) is not MISSING:
        return
    if not context.referencing(ENDPOINT, f"{CONNECTIONS[0]}[*].privateLinkServiceId", service):
        yield Violation("", "has no private endpoint, so the estate can only reach it over the Internet")


POLICY = Policy(
    id="PE1",
    title="Every data service has a private endpoint",
    why="Without one a service is reachable over its public name or not at all, and then someone enables public "
    "access.",
    resource_types=SERVICES,
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("11",),
        caf=("B4.a",),
        cis=("8.3.8", "9.3.2.1"),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Give the service a PrivateEndpoint in an endpoint subnet of the same stack.",
    check=check,
    check_paths=(
        f"{ENDPOINT}:{CONNECTIONS[0]}[*].privateLinkServiceId",
        "network.delegatedSubnetResourceId",
    ),
    evaluation_scope="stack",
)
