"""The way from a place to a service: sign-in, name resolution, network path, private endpoint.

Facts: docs/azure-facts.md#requests-for-data, #private-endpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from local_azure.data_plane.addresses import PUBLIC_ADDRESS, Peer
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.callers import Caller, check_identity
from local_azure.data_plane.guests import known_address
from local_azure.data_plane.names import Service, resolve
from local_azure.data_plane.paths import Target, deliver
from local_azure.data_plane.places import AtSite, BehindEndpoint, InNetwork, Place
from local_azure.data_plane.sites import gateway_place
from local_azure.ids import name_of
from local_azure.model import Cloud, StoredResource
from local_azure.types.common import same, value_at, values_at
from local_azure.types.private_endpoint import ENDPOINT

SIGN_IN, RIGHTS_CHECK = "login.microsoftonline.com", "pas.windows.net"
"""Entra's host for sign-in, and the one that a Linux virtual machine asks for a person's roles
(docs/azure-facts.md#hosts-of-a-sign-in)."""
CONNECTION = "azure-native:storage:PrivateEndpointConnection"


@dataclass(frozen=True)
class Arrival:
    """How a request arrives at a service."""

    source: IPv4Address
    """Its source address, as the service sees it; without meaning behind another organisation's endpoint."""
    target: StoredResource | None = None
    """The resource whose private endpoint it arrives by; None for the public address."""


def connect(
    attempt: Attempt, caller: Caller, place: Place, service: Service, resources: Sequence[StoredResource]
) -> Arrival:
    """Return how a request of a caller arrives at a service. `resources`: those whose private endpoints lead to it."""
    check_identity(attempt, caller, place)
    if isinstance(place, AtSite):
        return _from_site(attempt, place, resources)
    if isinstance(place, BehindEndpoint):
        return _from_elsewhere(attempt, place, resources)
    if not isinstance(place, InNetwork):
        attempt.passed(Control.NAMES, f"{service.host} is its public address")
        return Arrival(place.address)
    if caller.identity is None:
        reach_entra(attempt, place, SIGN_IN)
    address = resolve(attempt, place, service)
    if address is None:
        public = Target(Peer(PUBLIC_ADDRESS, service.tags), host=service.host)
        return Arrival(deliver(attempt, place, public).address)
    for resource in resources:
        for endpoint in endpoints(attempt.cloud, resource):
            if address in addresses_of(endpoint):
                return _at_endpoint(attempt, place, endpoint, address, resource)
    attempt.drop(Control.ENDPOINT, f"no private endpoint of {service.host} has the address {address}")


def reach_entra(attempt: Attempt, place: InNetwork, host: str) -> None:
    """Send a request to a host of Entra: at the address in the computer's hosts file, or else at one of Entra's."""
    known = known_address(attempt.cloud, place, host)
    peer = Peer(known) if known else Peer(PUBLIC_ADDRESS, frozenset({"azureactivedirectory"}))
    deliver(attempt, place, Target(peer, host=host))
    attempt.passed(Control.SIGN_IN, f"{place.address} reaches {host}")


def _at_endpoint(
    attempt: Attempt, place: InNetwork, endpoint: StoredResource, address: IPv4Address, resource: StoredResource
) -> Arrival:
    subnet = attempt.cloud.get(str(value_at(endpoint.properties, "subnet.id")))
    source = deliver(attempt, place, Target(Peer(address), subnet, is_endpoint=True))
    _require_approved(attempt, endpoint.name, _status(attempt.cloud, endpoint, resource))
    return Arrival(source.address, resource)


def _from_site(attempt: Attempt, place: AtSite, resources: Sequence[StoredResource]) -> Arrival:
    """Return the arrival from a site. Its own DNS names the address of the private endpoint."""
    for resource in resources:
        for endpoint in endpoints(attempt.cloud, resource):
            address = min(addresses_of(endpoint))
            attempt.passed(Control.NAMES, f"the site's own DNS names {address} for {resource.name}")
            return _at_endpoint(attempt, gateway_place(attempt, place, address), endpoint, address, resource)
    attempt.drop(Control.ENDPOINT, "there is no private endpoint that the site's own DNS could name")


def _from_elsewhere(attempt: Attempt, place: BehindEndpoint, resources: Sequence[StoredResource]) -> Arrival:
    """Return the arrival by another organisation's private endpoint, whose network is not evaluated."""
    resource = resources[0]
    _require_approved(attempt, name_of(place.endpoint_id), _decision(attempt.cloud, place.endpoint_id, resource))
    return Arrival(PUBLIC_ADDRESS, resource)


def _require_approved(attempt: Attempt, name: str, status: str) -> None:
    if status != "Approved":
        attempt.drop(Control.ENDPOINT, f"the connection of {name} is {status}")
    attempt.passed(Control.ENDPOINT, f"the connection of {name} is approved")


def endpoints(cloud: Cloud, resource: StoredResource) -> list[StoredResource]:
    """Return the private endpoints of a resource."""
    return [one for one in cloud.referencing(resource.id) if one.token == ENDPOINT]


def addresses_of(endpoint: StoredResource) -> set[IPv4Address]:
    """Return the private addresses of an endpoint."""
    return set(map(IPv4Address, values_at(endpoint.properties, "customDnsConfigs[*].ipAddresses[*]")))


def _decision(cloud: Cloud, endpoint_id: str, resource: StoredResource) -> str:
    """Return what the owner of a resource decided on the connection of a private endpoint; `absent` without one."""
    for connection in cloud.children(resource.id, CONNECTION):
        if same(value_at(connection.properties, "privateEndpoint.id"), endpoint_id):
            return str(value_at(connection.properties, "privateLinkServiceConnectionState.status", "Pending"))
    return "absent"


def _status(cloud: Cloud, endpoint: StoredResource, resource: StoredResource) -> str:
    """Return the status of the connection of a private endpoint: the owner's decision, or that of its creation."""
    decision = _decision(cloud, endpoint.id, resource)
    if decision != "absent":
        return decision
    connections = [
        *values_at(endpoint.properties, "privateLinkServiceConnections[*]"),
        *values_at(endpoint.properties, "manualPrivateLinkServiceConnections[*]"),
    ]
    return str(value_at(connections[0], "privateLinkServiceConnectionState.status", "Pending"))
