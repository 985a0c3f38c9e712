"""PE4: names of private endpoints are answered inside: their zones are the estate's, and the hub knows them."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.network import is_hub
from policies.azure_semantics.private_link import LINK, ZONE, ZONE_GROUP
from policies.azure_semantics.properties import entries
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The firewall asks in the hub's name: only a zone that is linked there answers."""
    for entry in entries(group, "privateDnsZoneConfigs"):
        path = f"{entry}.privateDnsZoneId"
        zone = context.get(group.at(path))
        if zone is None or zone.type != ZONE:
            yield Violation(path, f"{ids.name(group.at(path))} is no private DNS zone of the estate")
        elif not any(_links_hub(link, context) for link in context.children(LINK, zone)):
            yield Violation(path, f"{zone.name} is not linked to a hub, so the firewall cannot answer for it")


def _links_hub(link: Resource, context: PolicyContext) -> bool:
    network = context.get(link.at("virtualNetwork.id"))
    return network is not None and is_hub(network, context)


POLICY = Policy(
    id="PE4",
    title="The hub answers for every private endpoint's name",
    why="A zone that the hub does not know sends the question, and then the traffic, to the Internet.",
    on=(ZONE_GROUP,),
    reads=("privateDnsZoneConfigs[*].privateDnsZoneId", f"{LINK}:virtualNetwork.id"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.2.09",), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Use the hub's private DNS zones, each with a virtual network link to the hub's network.",
    check=check,
    scope="estate",
)
