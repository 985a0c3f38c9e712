"""Microsoft.Network: virtual networks, their subnets and peerings. Sources: azure-facts 1.2, 2.2, 3, 4, 6.3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local_azure.declare import AzureType, Change, Json, Stored
from local_azure.types.addresses import overlapping, prefixes, space
from local_azure.types.common import (
    above,
    at_most,
    etag,
    every,
    guid,
    one,
    refuse,
    refuse_while_used,
    same,
    word_dot,
)
from local_azure.types.subnet import SUBNET, SUBNET_TYPE, VNET

PEERING = "azure-native:network:VirtualNetworkPeering"
DNS_LINK = "azure-native:privatedns:VirtualNetworkLink"


# Virtual networks ----------------------------------------------------------------------------------------------------


def _children_stand_alone(change: Change) -> None:
    """Subnets and peerings are resources of their own here; inline ones are not known to the local Azure."""
    for path in ("subnets", "virtualNetworkPeerings"):
        if change.given.get(path):
            refuse(
                "LocalAzureNotImplemented",
                f"`{path}` written inside a virtual network is not known here: declare each as a resource of its own. "
                "(A virtual network's PUT deletes what its list leaves out, so the two styles must not be mixed.)",
                target=path,
            )


def _space_is_given_and_sound(change: Change) -> None:
    ranges = space(change.new)
    if not ranges:
        refuse("InvalidRequestFormat", f"Virtual network '{change.name}' has no address space.")
    for number, range_ in enumerate(ranges):
        if overlapping([range_], ranges[number + 1 :]):
            refuse("NetcfgAddressSpaceOverlap", f"The address prefix {range_} of '{change.name}' overlaps another.")


def _space_still_holds_its_subnets(change: Change) -> None:
    """Address space in use by a subnet cannot be taken away."""
    if change.old is None:
        return
    for subnet in change.cloud.children(change.id, SUBNET):
        if not all(_covered(range_, change.new) for range_ in prefixes(subnet.properties)):
            refuse(
                "NetcfgInvalidSubnet",
                f"Subnet '{subnet.name}' is not valid in virtual network '{change.name}'.",
                target=subnet.id,
            )


def _covered(range_: Json, vnet: Mapping[str, Json]) -> bool:
    return any(range_.version == outer.version and range_.subnet_of(outer) for outer in space(vnet))


def _space_does_not_reach_peers(change: Change) -> None:
    for peering in change.cloud.children(change.id, PEERING):
        remote = change.cloud.get(one(peering.properties, "remoteVirtualNetwork.id", ""))
        if remote is not None:
            _refuse_overlap(change.new, remote, change.id)


def _at_most_20_dns_servers(change: Change) -> None:
    if len(every(change.new, "dhcpOptions.dnsServers[*]")) > 20:  # azure-facts 4 (LIM)
        refuse("DnsServerCountLimitReached", "A virtual network takes at most 20 DNS servers.")


def _vnet_outputs(change: Change) -> Mapping[str, Json]:
    stored = change.cloud.get(change.id)
    kept = stored.properties if stored else {}
    return {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(change.id, "resource"),
        "subnets": kept.get("subnets", []),
        "virtualNetworkPeerings": kept.get("virtualNetworkPeerings", []),
    }


# Peerings ------------------------------------------------------------------------------------------------------------


def _remote_id(change: Change) -> str:
    return str(one(change.new, "remoteVirtualNetwork.id", ""))


def _siblings(change: Change) -> Iterator[Stored]:
    found = change.cloud.children(above(change.id), PEERING)
    return (peering for peering in found if not same(peering.id, change.id))


def _remote_is_another_network(change: Change) -> None:
    if not _remote_id(change):
        refuse("InvalidRequestFormat", f"Peering '{change.name}' has no remoteVirtualNetwork.")
    if same(_remote_id(change), above(change.id)):
        refuse("CannotPeerVirtualNetworkToItself", f"Virtual network {above(change.id)} cannot be peered to itself.")


def _one_peering_for_a_pair(change: Change) -> None:
    for sibling in _siblings(change):
        if same(one(sibling.properties, "remoteVirtualNetwork.id"), _remote_id(change)):
            refuse(
                "AnotherPeeringAlreadyReferencesRemoteVnet",
                f"Peering {sibling.id} already references remote virtual network {_remote_id(change)}. Cannot add "
                "another peering referencing the same remote virtual network.",
            )


def _peers_do_not_overlap(change: Change) -> None:
    local, remote = change.cloud.get(above(change.id)), change.cloud.get(_remote_id(change))
    if local is None or remote is None:
        return
    _refuse_overlap(local.properties, remote, above(change.id))
    for sibling in _siblings(change):
        third = change.cloud.get(one(sibling.properties, "remoteVirtualNetwork.id", ""))
        if third and not same(third.id, remote.id) and overlapping(space(third.properties), space(remote.properties)):
            refuse(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                f"Cannot create or update peering {change.id}. Virtual networks {third.id} and {remote.id} cannot be "
                "peered with the same virtual network because their address space overlaps.",
            )


def _refuse_overlap(local: Mapping[str, Json], remote: Stored, local_id: str) -> None:
    clash = overlapping(space(local), space(remote.properties))
    if clash:
        refuse(
            "VnetAddressSpacesOverlap",
            f"Cannot create or update peering. Virtual networks {local_id} and {remote.id} cannot be peered because "
            f"their address space overlaps. Overlapping address prefixes: {clash[0]}, {clash[1]}",
        )


def _remote_gateway_is_there(change: Change) -> None:
    """No gateway type stands in this table, so no remote network can offer one."""
    if change.new.get("useRemoteGateways") is True:
        refuse(
            "RemoteVnetHasNoGateways",
            f"Peering {change.id} cannot have UseRemoteGateways flag set to true because remote virtual network "
            f"{_remote_id(change)} referenced by the peering does not have any gateways.",
        )


def _peering_outputs(change: Change) -> Mapping[str, Json]:
    """Initiated until the other side exists, then Connected (azure-facts 2.2)."""
    remote = change.cloud.get(_remote_id(change))
    reverse = any(
        same(one(peering.properties, "remoteVirtualNetwork.id"), above(change.id))
        for peering in change.cloud.children(_remote_id(change), PEERING)
    )
    there = one(remote.properties, "addressSpace", {}) if remote else {}
    return {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(*sorted((above(change.id).lower(), _remote_id(change).lower()))),
        "peeringState": "Connected" if reverse else "Initiated",
        "peeringSyncLevel": "FullyInSync" if reverse else "RemoteNotInSync",
        "remoteAddressSpace": there,
        "remoteVirtualNetworkAddressSpace": there,
    }


TYPES = (
    AzureType(
        token=VNET,
        name=word_dot(2, 64),
        references={"ddosProtectionPlan.id": ("azure-native:network:DdosProtectionPlan",)},
        defaults={"enableDdosProtection": False, "privateEndpointVNetPolicies": "Disabled"},
        computed=_vnet_outputs,
        rules=(
            _children_stand_alone,
            _space_is_given_and_sound,
            _space_still_holds_its_subnets,
            _space_does_not_reach_peers,
            _at_most_20_dns_servers,
            at_most(
                1000, VNET, "VnetCountLimitReached", "Cannot create more than {limit} virtual networks in a region."
            ),
        ),
        # azure-facts 6.3: what stands in its subnets, peerings from elsewhere and DNS links go first.
        delete_rules=(refuse_while_used("InUseVnetCannotBeDeleted", "Virtual network {name} is in use by {user}."),),
    ),
    SUBNET_TYPE,
    AzureType(
        token=PEERING,
        name=word_dot(1, 80, "parent"),
        location="none",
        references={"remoteVirtualNetwork.id": (VNET,)},
        defaults={
            "allowVirtualNetworkAccess": True,
            "allowForwardedTraffic": False,
            "allowGatewayTransit": False,
            "useRemoteGateways": False,
            "doNotVerifyRemoteGateways": False,
            "peerCompleteVnets": True,
        },
        fixed=("remoteVirtualNetwork.id", "enableOnlyIPv6Peering", "peerCompleteVnets"),
        computed=_peering_outputs,
        rules=(
            _remote_is_another_network,
            _one_peering_for_a_pair,
            _peers_do_not_overlap,
            _remote_gateway_is_there,
            at_most(
                650,  # azure-facts 4 (LIM, 2026)
                PEERING,
                "VnetPeeringCountLimitReached",
                "A virtual network cannot have more than {limit} peerings.",
                siblings=True,
            ),
        ),
    ),
)
