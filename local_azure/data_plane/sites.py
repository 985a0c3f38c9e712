"""Connected sites: the gateway by which packets of a network outside Azure enter.

Facts: docs/azure-facts.md#packets-from-a-site.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from local_azure.data_plane.addresses import range_of
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.places import AtSite, InNetwork
from local_azure.model import StoredResource
from local_azure.types.common import value_at, values_at

LOCAL_GATEWAY = "azure-native:network:LocalNetworkGateway"
VPN_CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"


def gateway_place(attempt: Attempt, place: AtSite, destination: IPv4Address) -> InNetwork:
    """Return where packets of a site's computer enter: the subnet of the gateway that is connected with the site."""
    for connection in attempt.cloud.of_type(VPN_CONNECTION):
        site = attempt.cloud.get(str(value_at(connection.properties, "localNetworkGateway2.id", "")))
        gateway = attempt.cloud.get(str(value_at(connection.properties, "virtualNetworkGateway1.id", "")))
        if site is None or gateway is None or not _contains(site, place.address):
            continue
        subnet = attempt.cloud.get(str(value_at(gateway.properties, "ipConfigurations[*].subnet.id", "")))
        if subnet is not None:
            attempt.passed(Control.SITE, f"{connection.name} connects {site.name}, which has {place.address}")
            return InNetwork(subnet, place.address)
    attempt.drop(Control.SITE, f"no gateway connects {place.address} with {destination}")


def _contains(site: StoredResource, address: IPv4Address) -> bool:
    prefixes = values_at(site.properties, "localNetworkAddressSpace.addressPrefixes[*]")
    return any(address in network for network in map(range_of, map(str, prefixes)) if network)
