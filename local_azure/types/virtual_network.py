"""Microsoft.Network: virtual networks and peerings.

Facts: docs/azure-facts.md#names-of-network-resources, #address-spaces-and-prefixes, #peerings, #subnets-in-use,
#network-limits, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local_azure.model import AzureType, Json, Request, StoredResource
from local_azure.types.addresses import address_space, first_overlap, is_inside, subnet_ranges
from local_azure.types.common import (
    at_most,
    etag,
    guid,
    network_name,
    parent_id,
    refuse,
    refuse_while_used,
    same,
    value_at,
    values_at,
)
from local_azure.types.subnet import SUBNET, SUBNET_TYPE, VNET

PEERING = "azure-native:network:VirtualNetworkPeering"


# Virtual networks ----------------------------------------------------------------------------------------------------


def _no_inline_children(request: Request) -> None:
    """Refuse inline subnets and peerings, which are not supported: they are separate resources."""
    for path in ("subnets", "virtualNetworkPeerings"):
        if request.given.get(path):
            refuse(
                "LocalAzureNotImplemented",
                f"`{path}` inside a virtual network is not supported here: declare each as a separate resource. "
                "(A virtual network's PUT deletes what its list leaves out, so the two styles must not be mixed.)",
                target=path,
            )


def _address_space_is_valid(request: Request) -> None:
    ranges = address_space(request.new)
    if not ranges:
        refuse("InvalidRequestFormat", f"Virtual network '{request.name}' has no address space.")
    for number, range_ in enumerate(ranges):
        if first_overlap([range_], ranges[number + 1 :]):
            refuse("NetcfgAddressSpaceOverlap", f"The address prefix {range_} of '{request.name}' overlaps another.")


def _address_space_covers_subnets(request: Request) -> None:
    """Address space in use by a subnet cannot be removed."""
    if request.old is None:
        return
    for subnet in request.cloud.children(request.id, SUBNET):
        if not all(is_inside(range_, address_space(request.new)) for range_ in subnet_ranges(subnet.properties)):
            refuse(
                "NetcfgInvalidSubnet",
                f"Subnet '{subnet.name}' is not valid in virtual network '{request.name}'.",
                target=subnet.id,
            )


def _address_space_does_not_overlap_peers(request: Request) -> None:
    for peering in request.cloud.children(request.id, PEERING):
        remote = request.cloud.get(value_at(peering.properties, "remoteVirtualNetwork.id", ""))
        if remote is not None:
            _refuse_overlap(request.new, remote, request.id)


def _dns_server_limit(request: Request) -> None:
    if len(values_at(request.new, "dhcpOptions.dnsServers[*]")) > 20:
        refuse("DnsServerCountLimitReached", "A virtual network takes at most 20 DNS servers.")


def _vnet_outputs(request: Request) -> Mapping[str, Json]:
    stored = request.cloud.get(request.id)
    kept = stored.properties if stored else {}
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(request.id, "resource"),
        "subnets": kept.get("subnets", []),
        "virtualNetworkPeerings": kept.get("virtualNetworkPeerings", []),
    }


# Peerings ------------------------------------------------------------------------------------------------------------


def _remote_id(request: Request) -> str:
    return str(value_at(request.new, "remoteVirtualNetwork.id", ""))


def _siblings(request: Request) -> Iterator[StoredResource]:
    found = request.cloud.children(parent_id(request.id), PEERING)
    return (peering for peering in found if not same(peering.id, request.id))


def _remote_is_another_network(request: Request) -> None:
    if not _remote_id(request):
        refuse("InvalidRequestFormat", f"Peering '{request.name}' has no remoteVirtualNetwork.")
    if same(_remote_id(request), parent_id(request.id)):
        refuse(
            "CannotPeerVirtualNetworkToItself", f"Virtual network {parent_id(request.id)} cannot be peered to itself."
        )


def _one_peering_per_remote(request: Request) -> None:
    for sibling in _siblings(request):
        if same(value_at(sibling.properties, "remoteVirtualNetwork.id"), _remote_id(request)):
            refuse(
                "AnotherPeeringAlreadyReferencesRemoteVnet",
                f"Peering {sibling.id} already references remote virtual network {_remote_id(request)}. Cannot add "
                "another peering referencing the same remote virtual network.",
            )


def _peers_do_not_overlap(request: Request) -> None:
    local, remote = request.cloud.get(parent_id(request.id)), request.cloud.get(_remote_id(request))
    if local is None or remote is None:
        return
    _refuse_overlap(local.properties, remote, parent_id(request.id))
    for sibling in _siblings(request):
        third = request.cloud.get(value_at(sibling.properties, "remoteVirtualNetwork.id", ""))
        if (
            third
            and not same(third.id, remote.id)
            and first_overlap(address_space(third.properties), address_space(remote.properties))
        ):
            refuse(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                f"Cannot create or update peering {request.id}. Virtual networks {third.id} and {remote.id} cannot be "
                "peered with the same virtual network because their address space overlaps.",
            )


def _refuse_overlap(local: Mapping[str, Json], remote: StoredResource, local_id: str) -> None:
    clash = first_overlap(address_space(local), address_space(remote.properties))
    if clash:
        refuse(
            "VnetAddressSpacesOverlap",
            f"Cannot create or update peering. Virtual networks {local_id} and {remote.id} cannot be peered because "
            f"their address space overlaps. Overlapping address prefixes: {clash[0]}, {clash[1]}",
        )


def _remote_has_gateway(request: Request) -> None:
    """The local Azure has no gateways, so no remote network can have one."""
    if request.new.get("useRemoteGateways") is True:
        refuse(
            "RemoteVnetHasNoGateways",
            f"Peering {request.id} cannot have UseRemoteGateways flag set to true because remote virtual network "
            f"{_remote_id(request)} referenced by the peering does not have any gateways.",
        )


def _peering_outputs(request: Request) -> Mapping[str, Json]:
    """Return the outputs. A peering is Initiated until its other side exists, then Connected."""
    remote = request.cloud.get(_remote_id(request))
    reverse = any(
        same(value_at(peering.properties, "remoteVirtualNetwork.id"), parent_id(request.id))
        for peering in request.cloud.children(_remote_id(request), PEERING)
    )
    remote_space = value_at(remote.properties, "addressSpace", {}) if remote else {}
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(*sorted((parent_id(request.id).lower(), _remote_id(request).lower()))),
        "peeringState": "Connected" if reverse else "Initiated",
        "peeringSyncLevel": "FullyInSync" if reverse else "RemoteNotInSync",
        "remoteAddressSpace": remote_space,
        "remoteVirtualNetworkAddressSpace": remote_space,
    }


TYPES = (
    AzureType(
        token=VNET,
        name=network_name(2, 64),
        references={"ddosProtectionPlan.id": ("azure-native:network:DdosProtectionPlan",)},
        defaults={"enableDdosProtection": False, "privateEndpointVNetPolicies": "Disabled"},
        replace_on_change=("location",),
        computed=_vnet_outputs,
        constraints=(
            _no_inline_children,
            _address_space_is_valid,
            _address_space_covers_subnets,
            _address_space_does_not_overlap_peers,
            _dns_server_limit,
            at_most(
                1000, VNET, "VnetCountLimitReached", "Cannot create more than {limit} virtual networks in a region."
            ),
        ),
        delete_constraints=(
            refuse_while_used("InUseVnetCannotBeDeleted", "Virtual network {name} is in use by {user}."),
        ),
    ),
    SUBNET_TYPE,
    AzureType(
        token=PEERING,
        name=network_name(),
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
        immutable=dict.fromkeys(
            ("remoteVirtualNetwork.id", "enableOnlyIPv6Peering", "peerCompleteVnets"), "BadRequest"
        ),
        computed=_peering_outputs,
        constraints=(
            _remote_is_another_network,
            _one_peering_per_remote,
            _peers_do_not_overlap,
            _remote_has_gateway,
            at_most(
                650,
                PEERING,
                "VnetPeeringCountLimitReached",
                "A virtual network cannot have more than {limit} peerings.",
                per_parent=True,
            ),
        ),
    ),
)
