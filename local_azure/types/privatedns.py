"""Microsoft.Network private DNS: zones, their links and records. Sources: azure-facts 1.1, 2.2, 3, 4, 6.3."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import above, at_most, etag, guid, last, one, refuse, same, word_dot
from local_azure.types.subnet import VNET

ZONE = "azure-native:privatedns:PrivateZone"
LINK = "azure-native:privatedns:VirtualNetworkLink"
RECORD = "azure-native:privatedns:PrivateRecordSet"

RECORDS = {
    "A": "aRecords",
    "AAAA": "aaaaRecords",
    "CNAME": "cnameRecord",
    "MX": "mxRecords",
    "PTR": "ptrRecords",
    "SOA": "soaRecord",
    "SRV": "srvRecords",
    "TXT": "txtRecords",
}


def _links_of_network(change: Change) -> list[tuple[str, str, bool]]:
    """The link id, zone name and auto-registration of every other link that the network has."""
    network = str(one(change.new, "virtualNetwork.id", ""))
    return [
        (user.id, last(above(user.id)), user.properties.get("registrationEnabled") is True)
        for user in change.cloud.users(network)
        if user.token == LINK and not same(user.id, change.id)
    ]


def _links_a_network(change: Change) -> None:
    if not one(change.new, "virtualNetwork.id"):
        refuse("BadRequest", f"Virtual network link {change.name} has no virtualNetwork.")


def _one_zone_of_a_name(change: Change) -> None:
    """A network is linked to one zone of a given name (azure-facts 2.2)."""
    for link, zone, _ in _links_of_network(change):
        if same(zone, last(above(change.id))):
            refuse(
                "BadRequest",
                f"A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link "
                f"virtual network with '{zone}' and '{zone}' zones: {link}.",
                target=link,
            )


def _one_registration(change: Change) -> None:
    if change.new.get("registrationEnabled") is not True:
        return
    for link, zone, registers in _links_of_network(change):
        if registers:
            text = f"A virtual network cannot be linked to more than one zone with auto-registration: '{zone}' has it."
            refuse("BadRequest", text, target=link)


def _zone_has_no_links(change: Change) -> None:
    link = next(iter(change.cloud.children(change.id, LINK)), None)
    if link is not None:
        refuse(
            "CannotDeleteResource",
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: "
            f"'{link.id}'. Please delete all nested resources before deleting this resource.",
            status=409,
            target=link.id,
        )


def _records_match_their_type(change: Change) -> None:
    kind = str(change.new.get("recordType", "")).upper()
    if kind not in RECORDS:
        refuse("BadRequest", f"Record type {change.new.get('recordType')} is not one of {', '.join(RECORDS)}.")
    strays = [path for path in RECORDS.values() if change.new.get(path) and path != RECORDS[kind]]
    if strays or not change.new.get(RECORDS[kind]):
        refuse("BadRequest", f"A record set of type {kind} takes {RECORDS[kind]} alone.")


def _time_to_live_in_range(change: Change) -> None:
    seconds = change.new.get("ttl")
    if seconds is None or not 1 <= seconds <= 2147483647:
        refuse("BadRequest", f"The ttl of record set {change.name} is {seconds}; it takes 1 to 2147483647 seconds.")


def _zone_outputs(change: Change) -> Mapping[str, Json]:
    return {
        "etag": guid(change.id, "etag"),
        "provisioningState": "Succeeded",
        "internalId": guid(change.id, "internal"),
        "maxNumberOfRecordSets": 25000,
        "maxNumberOfVirtualNetworkLinks": 1000,
        "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
        "numberOfRecordSets": 1,
        "numberOfVirtualNetworkLinks": 0,
        "numberOfVirtualNetworkLinksWithRegistration": 0,
    }


def _link_outputs(change: Change) -> Mapping[str, Json]:
    registers = change.new.get("registrationEnabled") is True
    state = "InProgress" if registers else "Completed"
    return {"etag": etag(change), "provisioningState": "Succeeded", "virtualNetworkLinkState": state}


def _record_outputs(change: Change) -> Mapping[str, Json]:
    zone = last(above(change.id))
    fqdn = f"{zone}." if change.name == "@" else f"{change.name}.{zone}."
    return {"etag": etag(change), "fqdn": fqdn, "isAutoRegistered": False}


TYPES = (
    AzureType(
        token=ZONE,
        name=Name(
            r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){1,33}",
            "2-34 labels of 1-63 letters, digits, _ or -, parted by dots",
            code="BadRequest",
        ),
        location="global",
        computed=_zone_outputs,
        rules=(at_most(1000, ZONE, "TooManyPrivateDnsZones", "A subscription holds {limit} zones.", everywhere=True),),
        delete_rules=(_zone_has_no_links,),
    ),
    AzureType(
        token=LINK,
        name=word_dot(1, 80, "parent"),
        location="global",
        references={"virtualNetwork.id": (VNET,)},
        defaults={"registrationEnabled": False, "resolutionPolicy": "Default"},
        fixed=("virtualNetwork.id",),
        computed=_link_outputs,
        rules=(
            _links_a_network,
            _one_zone_of_a_name,
            _one_registration,
            at_most(1000, LINK, "TooManyVirtualNetworkLinks", "A zone takes {limit} links.", siblings=True),
        ),
    ),
    AzureType(
        token=RECORD,
        name=Name(
            r"@|\*|(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", "a relative DNS name, @ or *", scope="parent"
        ),
        location="none",
        fixed=("recordType",),
        computed=_record_outputs,
        rules=(_records_match_their_type, _time_to_live_in_range),
    ),
)
