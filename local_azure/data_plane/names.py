"""Name resolution: the address by which a place knows a service.

Facts: docs/azure-facts.md#names-of-services-with-private-endpoints, #private-dns-zones-of-a-firewalls-network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from local_azure.data_plane.addresses import Peer, not_known
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.dns_policies import require_answer
from local_azure.data_plane.firewalls import firewall_at
from local_azure.data_plane.guests import asks_no_server, known_address
from local_azure.data_plane.networks import network_of
from local_azure.data_plane.paths import Target, deliver
from local_azure.data_plane.places import InNetwork
from local_azure.data_plane.security_groups import check_azure_dns
from local_azure.model import Cloud, StoredResource
from local_azure.types.common import same, value_at, values_at
from local_azure.types.private_endpoint import ZONE_GROUP
from local_azure.types.privatedns import LINK, RECORD, ZONE

AZURE_DNS = "168.63.129.16"
"""The address of Azure's DNS server in every network."""


@dataclass(frozen=True)
class Service:
    """A service with a public host name, and its name in the private zone for it."""

    host: str
    zone: str
    record: str
    tags: frozenset[str]
    """The service tags of its public addresses, in lower case."""
    is_aliased: bool
    """True if public DNS names an alias in the zone, as for each account with a private endpoint."""


def resolve(attempt: Attempt, place: InNetwork, service: Service) -> IPv4Address | None:
    """Return the private address of a service for a computer in a network; None for its public address."""
    known = own_address(attempt, place, service.host)
    if known:
        return known
    cloud, network = attempt.cloud, answering_network(attempt, place, server_of(attempt.cloud, place))
    aliases = [f"{service.record}.{service.zone}"] if service.is_aliased else []
    require_answer(attempt, network, [service.host, *aliases])
    zone, link = _linked_zone(cloud, network, service.zone)
    if zone is None or link is None or not service.is_aliased:
        attempt.passed(Control.NAMES, f"{service.host} is public: {network.name} has no zone for it")
        return None
    address = next(_addresses(cloud, zone, service.record), None)
    if address is not None:
        attempt.passed(Control.NAMES, f"{service.host} is {address}: the zone {zone.name}, linked to {network.name}")
        return address
    if link.properties.get("resolutionPolicy") == "NxDomainRedirect":
        attempt.passed(Control.NAMES, f"{service.host} is public: {zone.name} has no record of it")
        return None
    attempt.refuse(Control.NAMES, f"{zone.name}, linked to {network.name}, has no record of {service.host}", 0,
                 "NameResolutionFailed", f"The name {service.host} does not exist (NXDOMAIN).")  # fmt: skip


def own_address(attempt: Attempt, place: InNetwork, host: str) -> IPv4Address | None:
    """Return the address of a host in a virtual machine's own file; None if it asks a DNS server."""
    known = known_address(attempt.cloud, place, host)
    if known:
        attempt.passed(Control.NAMES, f"{host} is {known} in /etc/hosts")
    elif asks_no_server(attempt.cloud, place):
        attempt.refuse(Control.NAMES, f"/etc/hosts has no {host}, and the resolver is off", 0, "NameResolutionFailed",
                       f"The name {host} is not known.")  # fmt: skip
    return known


def server_of(cloud: Cloud, place: InNetwork) -> str:
    """Return the DNS server of a place's network."""
    servers = values_at(network_of(cloud, place.subnet).properties, "dhcpOptions.dnsServers[*]")
    return str(servers[0]) if servers else AZURE_DNS


def answering_network(attempt: Attempt, place: InNetwork, server: str) -> StoredResource:
    """Return the network in which Azure's DNS answers: that of the DNS proxy that is asked, or the place's own."""
    cloud, network = attempt.cloud, network_of(attempt.cloud, place.subnet)
    if server == AZURE_DNS:
        check_azure_dns(attempt, place.subnet, place.interface)
        return network
    firewall = firewall_at(cloud, server)
    if firewall is None:
        not_known(f"the DNS server {server} of {network.name}")
    deliver(attempt, place, Target(Peer(firewall.address), firewall.subnet, port=53, protocol="Udp"))
    if not firewall.answers_names:
        attempt.drop(Control.NAMES, f"{firewall.resource.name} is no DNS proxy")
    return network_of(cloud, firewall.subnet)


def _linked_zone(
    cloud: Cloud, network: StoredResource, name: str
) -> tuple[StoredResource | None, StoredResource | None]:
    for zone in cloud.of_type(ZONE):
        if same(zone.name, name):
            for link in cloud.children(zone.id, LINK):
                if same(value_at(link.properties, "virtualNetwork.id"), network.id):
                    return zone, link
    return None, None


def _addresses(cloud: Cloud, zone: StoredResource, record: str) -> Iterator[IPv4Address]:
    """Yield the addresses of a record: of record sets, and of the zone groups of private endpoints."""
    for one in cloud.children(zone.id, RECORD):
        if same(one.name, record):
            yield from map(IPv4Address, values_at(one.properties, "aRecords[*].ipv4Address"))
    for group in cloud.referencing(zone.id):
        if group.token != ZONE_GROUP:
            continue
        for config in values_at(group.properties, "privateDnsZoneConfigs[*]"):
            if same(config.get("privateDnsZoneId"), zone.id):
                for found in config.get("recordSets") or ():
                    if same(found.get("recordSetName"), record):
                        yield from map(IPv4Address, found.get("ipAddresses") or ())
