"""The hub resolves the names of all private endpoints (PE4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.network import is_hub
from policies.azure_semantics.private_link import LINK, ZONE, ZONE_GROUP
from policies.azure_semantics.properties import entries
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a zone that is linked to a hub: the firewall resolves names there."""
    for entry in entries(group, "privateDnsZoneConfigs"):
        path = f"{entry}.privateDnsZoneId"
        zone = context.get(group.at(path))
        if zone is None or zone.type != ZONE:
            yield Violation(path, f"{ids.name(group.at(path))} is not a private DNS zone of the estate")
        elif not any(_links_hub(link, context) for link in context.children(LINK, zone)):
            yield Violation(path, f"{zone.name} is not linked to a hub, so the firewall cannot resolve its names")


def _links_hub(link: Resource, context: PolicyContext) -> bool:
    network = context.get(link.at("virtualNetwork.id"))
    return network is not None and is_hub(network, context)


POLICY = Policy(
    id="PE4",
    title="The hub resolves the names of all private endpoints",
    why="A zone without a link to the hub sends the DNS query, and then the traffic, to the Internet.",
    resource_types=(ZONE_GROUP,),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), caf=("B4.a",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Use the hub's private DNS zones, each with a virtual network link to the hub's network.",
    check=check,
    check_paths=(
        "privateDnsZoneConfigs[*].privateDnsZoneId",
        f"{LINK}:virtualNetwork.id",
        "network:Subnet:subnetName",
        "network:VirtualNetwork:subnets",
    ),
    evaluation_scope="estate",
)
