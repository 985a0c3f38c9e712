"""PE2: private endpoints are found by their private names: each has its zones, and no network writes into them."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.private_link import CONNECTIONS, ENDPOINT, GROUP_ZONES, LINK, ZONE_GROUP
from policies.azure_semantics.properties import entries, must
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ZONE_ID = "privateDnsZoneConfigs[*].privateDnsZoneId"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Of an endpoint: a zone for each group. Of a link: no registration, no second question to the public DNS."""
    if resource.type == LINK:
        if resource.at("registrationEnabled") is not MISSING:
            yield from must(resource, "registrationEnabled", False)
        if resource.at("resolutionPolicy") is not MISSING:
            yield from must(resource, "resolutionPolicy", "Default")
    else:
        yield from _named(resource, context)


def _named(endpoint: Resource, context: PolicyContext) -> Iterator[Violation]:
    groups = context.children(ZONE_GROUP, endpoint)
    zones = {ids.name(zone) for group in groups for zone in group.each(ZONE_ID)}
    if not zones:
        yield Violation("", "has no private DNS zone group: its service's name still leads to the public address")
        return
    for list_ in CONNECTIONS:
        for connection in entries(endpoint, list_):
            groups_said = entries(endpoint, f"{connection}.groupIds")
            if not groups_said:
                yield Violation(
                    f"{connection}.groupIds", "is not set: which of the service's parts is meant is not said"
                )
            for group_id in groups_said:
                yield from _answered(group_id, str(endpoint.at(group_id)).lower(), zones)


def _answered(path: str, group: str, zones: set[str]) -> Iterator[Violation]:
    fitting = GROUP_ZONES.get(group.removesuffix("_secondary"))
    if fitting is None:
        yield Violation(path, f"is {group}, a group whose private names are not known here")
    elif group == "azuremonitor" and not zones.issuperset(fitting):
        yield Violation(
            path, f"lacks the zones {', '.join(sorted(set(fitting) - zones))}; all five answer for monitoring"
        )
    elif not zones & set(fitting):
        yield Violation(path, f"is answered by {', '.join(sorted(zones))}; it must be {' or '.join(fitting)}")


POLICY = Policy(
    id="PE2",
    title="Private endpoints are found by their private names",
    why="A private endpoint that nobody is led to leaves people on the public address; a network that registers names "
    "in such a zone can take a service's place.",
    on=(ENDPOINT, LINK),
    reads=(f"{CONNECTIONS[0]}[*].groupIds", "registrationEnabled", "resolutionPolicy", f"{ZONE_GROUP}:{ZONE_ID}"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.2.09",), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Give the endpoint a PrivateDnsZoneGroup with the privatelink zone of its service; set registrationEnabled to "
    "false and resolutionPolicy to Default on links.",
    check=check,
    scope="stack",
)
