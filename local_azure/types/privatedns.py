"""Microsoft.Network private DNS: zones, virtual network links and records.

Facts: docs/azure-facts.md#names-of-private-dns-zones, #private-dns-zones-and-links, #private-dns-records,
#network-limits.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.ids import name_of
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import at_most, etag, guid, network_name, parent_id, refuse, same, value_at
from local_azure.types.subnet import VNET

ZONE = "azure-native:privatedns:PrivateZone"
LINK = "azure-native:privatedns:VirtualNetworkLink"
RECORD = "azure-native:privatedns:PrivateRecordSet"

RECORD_PROPERTIES = {
    "A": "aRecords",
    "AAAA": "aaaaRecords",
    "CNAME": "cnameRecord",
    "MX": "mxRecords",
    "PTR": "ptrRecords",
    "SOA": "soaRecord",
    "SRV": "srvRecords",
    "TXT": "txtRecords",
}


def _other_links(request: Request) -> list[tuple[str, str, bool]]:
    """Return link id, zone name and auto-registration of the network's other links."""
    network = str(value_at(request.new, "virtualNetwork.id", ""))
    return [
        (user.id, name_of(parent_id(user.id)), user.properties.get("registrationEnabled") is True)
        for user in request.cloud.referencing(network)
        if user.token == LINK and not same(user.id, request.id)
    ]


def _has_network(request: Request) -> None:
    if not value_at(request.new, "virtualNetwork.id"):
        refuse("BadRequest", f"Virtual network link {request.name} has no virtualNetwork.")


def _one_zone_per_name(request: Request) -> None:
    """A network is linked to one zone of each name."""
    for link, zone, _ in _other_links(request):
        if same(zone, name_of(parent_id(request.id))):
            refuse(
                "BadRequest",
                f"A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link "
                f"virtual network with '{zone}' and '{zone}' zones: {link}.",
                target=link,
            )


def _one_registration_zone(request: Request) -> None:
    if request.new.get("registrationEnabled") is not True:
        return
    for link, zone, registers in _other_links(request):
        if registers:
            text = f"A virtual network cannot be linked to more than one zone with auto-registration: '{zone}' has it."
            refuse("BadRequest", text, target=link)


def _zone_has_no_links(request: Request) -> None:
    link = next(iter(request.cloud.children(request.id, LINK)), None)
    if link is not None:
        refuse(
            "CannotDeleteResource",
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: "
            f"'{link.id}'. Please delete all nested resources before deleting this resource.",
            status=409,
            target=link.id,
        )


def _records_match_their_type(request: Request) -> None:
    kind = str(request.new.get("recordType", "")).upper()
    if kind not in RECORD_PROPERTIES:
        refuse(
            "BadRequest", f"Record type {request.new.get('recordType')} is not one of {', '.join(RECORD_PROPERTIES)}."
        )
    unexpected = [
        path for path in RECORD_PROPERTIES.values() if request.new.get(path) and path != RECORD_PROPERTIES[kind]
    ]
    if unexpected or not request.new.get(RECORD_PROPERTIES[kind]):
        refuse("BadRequest", f"A record set of type {kind} takes only {RECORD_PROPERTIES[kind]}.")


def _ttl_in_range(request: Request) -> None:
    seconds = request.new.get("ttl")
    if seconds is None or not 1 <= seconds <= 2147483647:
        refuse("BadRequest", f"The ttl of record set {request.name} is {seconds}; it takes 1 to 2147483647 seconds.")


def _zone_outputs(request: Request) -> Mapping[str, Json]:
    return {
        "etag": guid(request.id, "etag"),
        "provisioningState": "Succeeded",
        "internalId": guid(request.id, "internal"),
        "maxNumberOfRecordSets": 25000,
        "maxNumberOfVirtualNetworkLinks": 1000,
        "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
        "numberOfRecordSets": 1,
        "numberOfVirtualNetworkLinks": 0,
        "numberOfVirtualNetworkLinksWithRegistration": 0,
    }


def _link_outputs(request: Request) -> Mapping[str, Json]:
    registers = request.new.get("registrationEnabled") is True
    state = "InProgress" if registers else "Completed"
    return {"etag": etag(request), "provisioningState": "Succeeded", "virtualNetworkLinkState": state}


def _record_outputs(request: Request) -> Mapping[str, Json]:
    zone = name_of(parent_id(request.id))
    fqdn = f"{zone}." if request.name == "@" else f"{request.name}.{zone}."
    return {"etag": etag(request), "fqdn": fqdn, "isAutoRegistered": False}


TYPES = (
    AzureType(
        token=ZONE,
        name=NameRule(
            r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){1,33}",
            "2-34 labels of 1-63 letters, digits, _ or -, separated by dots",
            code="BadRequest",
        ),
        location="global",
        computed=_zone_outputs,
        constraints=(
            at_most(1000, ZONE, "TooManyPrivateDnsZones", "A subscription holds {limit} zones.", all_regions=True),
        ),
        delete_constraints=(_zone_has_no_links,),
    ),
    AzureType(
        token=LINK,
        name=network_name(),
        location="global",
        references={"virtualNetwork.id": (VNET,)},
        defaults={"registrationEnabled": False, "resolutionPolicy": "Default"},
        immutable={"virtualNetwork.id": "BadRequest"},
        computed=_link_outputs,
        constraints=(
            _has_network,
            _one_zone_per_name,
            _one_registration_zone,
            at_most(1000, LINK, "TooManyVirtualNetworkLinks", "A zone takes {limit} links.", per_parent=True),
        ),
    ),
    AzureType(
        token=RECORD,
        name=NameRule(r"@|\*|(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", "a relative DNS name, @ or *"),
        location="none",
        computed=_record_outputs,
        constraints=(_records_match_their_type, _ttl_in_range),
    ),
)
