"""Private endpoints have DNS records in private zones (PE2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.network import is_hub
from policies.azure_semantics.private_link import (
    CONNECTIONS,
    ENDPOINT,
    GROUP_ZONES,
    LINK,
    NAMES_IN_FILES,
    ZONE_GROUP,
    group_id_paths,
)
from policies.azure_semantics.properties import entries, lower_text, require, require_if_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set

PRIVATE_LINK_ZONE = "privatelink."
RESOLUTION, NO_FALLBACK = "resolutionPolicy", "Default"
ZONE_ID = "privateDnsZoneConfigs[*].privateDnsZoneId"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the private zone of each of an endpoint's groups, and the resolution policy of links."""
    if resource.type == ENDPOINT:
        yield from _check_endpoint(resource, context)
    else:
        yield from _check_link(resource, context)


def _check_link(link: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the fallback to public DNS in a firewall's own network only.

    Without it, a firewall cannot resolve those names of Azure's own services that have private endpoints elsewhere, and
    its deployment fails (learn.microsoft.com, "Azure Firewall DNS settings": private DNS zones).
    """
    network = context.get(ids.plain(link.at("virtualNetwork.id")))
    private_link = ids.name(ids.parent(ids.own(link))).startswith(PRIVATE_LINK_ZONE)
    if private_link and network is not None and is_hub(network, context):
        yield from require(link, RESOLUTION, "NxDomainRedirect", default=NO_FALLBACK)
    else:
        yield from require_if_set(link, RESOLUTION, NO_FALLBACK)


def _check_endpoint(endpoint: Resource, context: PolicyContext) -> Iterator[Violation]:
    groups = context.children(ZONE_GROUP, endpoint)
    zones = {ids.name(zone) for group in groups for zone in group.each(ZONE_ID)}
    if not zones and _is_named_in_files(endpoint):
        return
    if not zones:
        yield Violation("", "has no private DNS zone group, so the service's name resolves to the public address")
        return
    for list_ in CONNECTIONS:
        for connection in entries(endpoint, list_):
            group_ids = entries(endpoint, f"{connection}.groupIds")
            if not group_ids:
                yield Violation(f"{connection}.groupIds", "is not set, so the part of the service is unknown")
            for group_id in group_ids:
                yield from _check_zones(group_id, str(endpoint.at(group_id)).lower(), zones)


def _is_named_in_files(endpoint: Resource) -> bool:
    """True if only desks use the service, which have its names in a file (VM24)."""
    paths = group_id_paths(endpoint)
    return bool(paths) and all(lower_text(endpoint, path) in NAMES_IN_FILES for path in paths)


def _check_zones(path: str, group: str, zones: set[str]) -> Iterator[Violation]:
    expected = GROUP_ZONES.get(group.removesuffix("_secondary"))
    if expected is None:
        yield Violation(path, f"is {group}, a group whose private DNS zone is not known")
    elif group == "azuremonitor" and not zones.issuperset(expected):
        yield Violation(
            path, f"lacks the zones {', '.join(sorted(set(expected) - zones))}; Azure Monitor needs all five"
        )
    elif not zones & set(expected):
        yield Violation(path, f"is in the zone {', '.join(sorted(zones))}; it must be {' or '.join(expected)}")


POLICY = Policy(
    id="PE2",
    title="Private endpoints have DNS records in private zones",
    why="Without a record, clients connect to the public address; a network that registers names in such a zone "
    "can impersonate a service.",
    resource_types=(ENDPOINT, LINK),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), caf=("B4.a",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Give the endpoint a PrivateDnsZoneGroup with the privatelink zone of its service; set registrationEnabled to "
    "false on links, and resolutionPolicy to NxDomainRedirect on a link to the firewall's network, else to Default.",
    requires=(equals_if_set("registrationEnabled", False, only_on=LINK),),
    check=check,
    check_paths=(
        *(f"{ENDPOINT}:{list_}[*].groupIds" for list_ in CONNECTIONS),
        f"{ZONE_GROUP}:{ZONE_ID}",
        f"{LINK}:{RESOLUTION}",
        f"{LINK}:virtualNetwork.id",
        "network:VirtualNetwork:subnets",
        "network:Subnet:subnetName",
    ),
    evaluation_scope="stack",
)
