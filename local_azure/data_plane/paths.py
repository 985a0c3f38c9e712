"""The path of a connection through virtual networks: security groups, routes, the firewall, peerings.

Facts: docs/azure-facts.md#selection-of-a-route, #evaluation-of-nsg-rules, #network-policies-of-private-endpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from local_azure.data_plane.addresses import Peer
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.firewalls import firewall_at, pass_through
from local_azure.data_plane.networks import accepts_forwarded, is_near, network_of
from local_azure.data_plane.places import InNetwork
from local_azure.data_plane.routes import Hop, Route, select
from local_azure.data_plane.security_groups import INBOUND, OUTBOUND, Connection, check
from local_azure.model import StoredResource
from local_azure.types.common import value_at


@dataclass(frozen=True)
class Target:
    """The other end of a connection: a private endpoint or an interface in a subnet, or a public address."""

    peer: Peer
    subnet: StoredResource | None = None
    """Its subnet; None for a public address."""
    interface: StoredResource | None = None
    is_endpoint: bool = False
    port: int = 443
    protocol: str = "Tcp"
    host: str = ""


def deliver(attempt: Attempt, place: InNetwork, target: Target) -> Peer:
    """Return the source address with which a connection arrives; drop it where a control does."""
    connection = Connection(Peer(place.address), target.peer, target.port, target.protocol, target.host)
    cloud = attempt.cloud
    if place.machine:
        require_power(attempt, place.machine)
    check(attempt, place.subnet, place.interface, OUTBOUND, connection)
    endpoint_subnet = target.subnet if target.is_endpoint else None
    route, start = select(cloud, place.subnet, target.peer, endpoint_subnet), place.subnet
    if route.hop is Hop.APPLIANCE:
        connection, start = _through_firewall(attempt, place, route, connection)
        route = select(cloud, start, target.peer, endpoint_subnet)
    if route.hop is Hop.INTERNET:
        return connection.source if start is not place.subnet else _own_public_address(attempt, place, route)
    if route.hop is not Hop.DIRECT or target.subnet is None:
        attempt.drop(Control.ROUTE, f"{start.name}: the route {route.prefix} does not lead to {target.peer.address}")
    attempt.passed(Control.ROUTE, f"{start.name}: {route.prefix} in the virtual network or one peered with it")
    forwarded = start is not place.subnet and connection.source.address == place.address
    if forwarded and not accepts_forwarded(cloud, network_of(cloud, start), network_of(cloud, target.subnet)):
        attempt.drop(
            Control.ROUTE, f"the peering with {network_of(cloud, target.subnet).name} refuses forwarded traffic"
        )
    _check_inbound(attempt, target, connection)
    return connection.source


def require_power(attempt: Attempt, machine: StoredResource) -> None:
    """Drop a connection from or to a deallocated virtual machine."""
    if attempt.cloud.is_deallocated(machine.id):
        attempt.drop(Control.POWER, f"{machine.name} is deallocated")


def _through_firewall(
    attempt: Attempt, place: InNetwork, route: Route, connection: Connection
) -> tuple[Connection, StoredResource]:
    """Return the connection behind the firewall of a route, and the firewall's subnet."""
    cloud = attempt.cloud
    firewall = firewall_at(cloud, route.appliance)
    if firewall is None or not is_near(cloud, network_of(cloud, place.subnet), network_of(cloud, firewall.subnet)):
        attempt.drop(Control.ROUTE, f"{place.subnet.name}: no firewall answers at {route.appliance} for {route.prefix}")
    attempt.passed(Control.ROUTE, f"{place.subnet.name}: {route.prefix} to the firewall at {route.appliance}")
    return pass_through(attempt, firewall, connection), firewall.subnet


def _check_inbound(attempt: Attempt, target: Target, connection: Connection) -> None:
    assert target.subnet is not None  # noqa: S101 - the caller has checked it
    if target.is_endpoint:
        policies = target.subnet.properties.get("privateEndpointNetworkPolicies")
        if policies not in ("Enabled", "NetworkSecurityGroupEnabled"):
            attempt.passed(Control.SECURITY_GROUP, f"{target.subnet.name} applies none to private endpoints")
            return
    check(attempt, target.subnet, target.interface, INBOUND, connection)


def _own_public_address(attempt: Attempt, place: InNetwork, route: Route) -> Peer:
    """Return the public address of an interface that goes to the Internet without a firewall."""
    configs = place.interface.properties.get("ipConfigurations", []) if place.interface else []
    for id_ in (value_at(config, "publicIPAddress.id") for config in configs):
        address = attempt.cloud.get(str(id_)) if id_ else None
        if address is not None:
            return Peer(IPv4Address(str(address.properties["ipAddress"])))
    attempt.drop(Control.ROUTE, f"{place.subnet.name}: {route.prefix} to the Internet, without a public address")
