"""Routes: the next hop of a packet that leaves a subnet.

Facts: docs/azure-facts.md#selection-of-a-route, #routes-to-private-endpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from local_azure.data_plane.addresses import Peer, range_of
from local_azure.data_plane.networks import is_near, network_of, peers, routes_of, spaces
from local_azure.model import Cloud, StoredResource


class Hop(Enum):
    """The kinds of next hop."""

    DIRECT = "VirtualNetwork"
    """The network itself, a peered one, or a private endpoint of either."""
    APPLIANCE = "VirtualAppliance"
    INTERNET = "Internet"
    NONE = "None"


@dataclass(frozen=True)
class Route:
    """A route: its prefix and next hop."""

    prefix: str
    length: int
    """The length of the prefix. The longest that contains the destination is selected."""
    hop: Hop
    appliance: str = ""
    """The address of the next hop, for `APPLIANCE`."""


def select(
    cloud: Cloud, subnet: StoredResource, destination: Peer, endpoint_subnet: StoredResource | None = None
) -> Route:
    """Return the route from a subnet. `endpoint_subnet`: the subnet of the private endpoint that has the destination's
    address, which adds a route of its own to its network and those peered with it."""
    network = network_of(cloud, subnet)
    found = _user_defined(cloud, subnet, destination)  # first: before a system route of the same prefix
    if endpoint_subnet is not None and _has_endpoint_route(cloud, network, endpoint_subnet, found):
        found.append(Route(f"{destination.address}/32", 32, Hop.DIRECT))
    for near in (network, *(remote for remote, _ in peers(cloud, network))):
        found += [Route(str(one), one.prefixlen, Hop.DIRECT) for one in spaces(near) if destination.address in one]
    found.append(Route("0.0.0.0/0", 0, Hop.NONE if destination.is_private else Hop.INTERNET))
    return max(found, key=lambda route: route.length)  # the first of equal ones


def _user_defined(cloud: Cloud, subnet: StoredResource, destination: Peer) -> list[Route]:
    found = []
    for route in routes_of(cloud, subnet):
        text, hop = str(route.get("addressPrefix")), str(route.get("nextHopType"))
        prefix = range_of(text)
        if prefix is None or destination.address not in prefix:
            continue
        kind = Hop.DIRECT if hop == "VnetLocal" else Hop(hop)
        found.append(Route(text, prefix.prefixlen, kind, str(route.get("nextHopIpAddress") or "")))
    return found


def _has_endpoint_route(
    cloud: Cloud, network: StoredResource, endpoint_subnet: StoredResource, user_defined: list[Route]
) -> bool:
    """Return True if a network has the /32 route to a private endpoint. With network policies for routes, a route that
    is as long as the address space of the endpoint's network, or longer, takes its place."""
    home = network_of(cloud, endpoint_subnet)
    if not is_near(cloud, network, home):
        return False
    if endpoint_subnet.properties.get("privateEndpointNetworkPolicies") not in ("Enabled", "RouteTableEnabled"):
        return True
    least = min(space.prefixlen for space in spaces(home))
    return not any(route.length >= least for route in user_defined)
