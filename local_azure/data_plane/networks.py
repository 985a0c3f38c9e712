"""Virtual networks as packets see them: subnets, peerings, and the address of each interface.

Facts: docs/azure-facts.md#peerings, #service-tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from local_azure.data_plane.addresses import range_of
from local_azure.model import Cloud, StoredResource
from local_azure.types.addresses import address_space, subnet_ranges
from local_azure.types.common import parent_id, same, value_at, values_at
from local_azure.types.subnet import ROUTE, VNET
from local_azure.types.virtual_network import PEERING


def network_of(cloud: Cloud, subnet: StoredResource) -> StoredResource:
    """Return the virtual network of a subnet."""
    network = cloud.get(parent_id(subnet.id))
    assert network is not None and network.token == VNET  # noqa: S101 - a subnet is deleted with its network
    return network


def spaces(network: StoredResource) -> list[IPv4Network]:
    """Return the address space of a network."""
    return [one for one in address_space(network.properties) if isinstance(one, IPv4Network)]


def ranges(subnet: StoredResource) -> list[IPv4Network]:
    """Return the ranges of a subnet."""
    return [one for one in subnet_ranges(subnet.properties) if isinstance(one, IPv4Network)]


def last_host(subnet: StoredResource) -> IPv4Address:
    """Return the highest usable address: an instance of a service may have any address of its subnet, so a rule must
    admit the whole subnet."""
    return ranges(subnet)[0].broadcast_address - 1


def peers(cloud: Cloud, network: StoredResource) -> Iterator[tuple[StoredResource, StoredResource]]:
    """Yield each network that is peered in both directions, with the peering from it to this network."""
    for peering in cloud.children(network.id, PEERING):
        remote = cloud.get(str(value_at(peering.properties, "remoteVirtualNetwork.id", "")))
        if remote is None or peering.properties.get("allowVirtualNetworkAccess") is not True:
            continue
        for back in cloud.children(remote.id, PEERING):
            allows = back.properties.get("allowVirtualNetworkAccess") is True
            if allows and same(value_at(back.properties, "remoteVirtualNetwork.id"), network.id):
                yield remote, back


def is_near(cloud: Cloud, network: StoredResource, other: StoredResource) -> bool:
    """Return True if packets go from one network to the other without a hop: in one network, or peered."""
    return same(network.id, other.id) or any(same(remote.id, other.id) for remote, _ in peers(cloud, network))


def accepts_forwarded(cloud: Cloud, network: StoredResource, other: StoredResource) -> bool:
    """Return True if the other network accepts from this one packets whose source is in neither of them."""
    return same(network.id, other.id) or any(
        same(remote.id, other.id) and back.properties.get("allowForwardedTraffic") is True
        for remote, back in peers(cloud, network)
    )


def virtual_network_tag(cloud: Cloud, subnet: StoredResource) -> list[IPv4Network]:
    """Return the ranges of the tag VirtualNetwork: the network, its peers, and the prefixes of the subnet's routes.

    A default route is left out: Azure documents that the tag may contain it.
    """
    network = network_of(cloud, subnet)
    found = [*spaces(network), *(space for remote, _ in peers(cloud, network) for space in spaces(remote))]
    prefixes = (range_of(str(route.get("addressPrefix"))) for route in routes_of(cloud, subnet))
    return found + [prefix for prefix in prefixes if prefix is not None and prefix.prefixlen > 0]


def routes_of(cloud: Cloud, subnet: StoredResource) -> list[dict[str, object]]:
    """Return the user-defined routes of a subnet."""
    table = cloud.get(str(value_at(subnet.properties, "routeTable.id", "")))
    if table is None:
        return []
    separate = (dict(route.properties) for route in cloud.children(table.id, ROUTE))
    return [*values_at(table.properties, "routes[*]"), *separate]
