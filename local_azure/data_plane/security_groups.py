"""Network security groups: the rule that decides on a connection.

Facts: docs/azure-facts.md#evaluation-of-nsg-rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from local_azure.data_plane.addresses import Peer, matches, not_known, port_matches
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.networks import virtual_network_tag
from local_azure.model import Cloud, Json, StoredResource
from local_azure.types.common import value_at, values_at
from local_azure.types.subnet import SECURITY_RULE

INBOUND, OUTBOUND = "Inbound", "Outbound"
AZURE_DNS_TAG = "azureplatformdns"


@dataclass(frozen=True)
class Connection:
    """A connection as a security group or firewall sees it: source, destination, port and protocol."""

    source: Peer
    destination: Peer
    port: int = 443
    protocol: str = "Tcp"
    host: str = ""
    """The host name in the TLS handshake, which application rules of a firewall read."""


def check(
    attempt: Attempt, subnet: StoredResource, interface: StoredResource | None, direction: str, connection: Connection
) -> None:
    """Apply the security groups of a subnet and an interface in it. A group's first matching rule decides.

    Inbound, that of the subnet is first; outbound, that of the interface. Replies need no rule: groups are stateful.
    """
    networks = virtual_network_tag(attempt.cloud, subnet)
    for holder in (subnet, interface) if direction == INBOUND else (interface, subnet):
        group_id = value_at(holder.properties, "networkSecurityGroup.id") if holder else None
        group = attempt.cloud.get(str(group_id)) if group_id else None
        if holder is None or group is None:
            continue
        rule = _deciding_rule(attempt.cloud, group, direction, connection, networks)
        said = f"{group.name} of {holder.name}: {direction.lower()} rule {rule['name']}"
        if rule.get("access") != "Allow":
            attempt.drop(Control.SECURITY_GROUP, f"{said} denies {describe(connection)}")
        attempt.passed(Control.SECURITY_GROUP, f"{said} allows {describe(connection)}")


def check_azure_dns(attempt: Attempt, subnet: StoredResource, interface: StoredResource | None) -> None:
    """Apply the security groups to a DNS query to Azure's DNS server: only rules that name its service tag count."""
    for holder in (interface, subnet):
        group_id = value_at(holder.properties, "networkSecurityGroup.id") if holder else None
        group = attempt.cloud.get(str(group_id)) if group_id else None
        if holder is None or group is None:
            continue
        named = [
            rule
            for rule in _rules(attempt.cloud, group, OUTBOUND)
            if AZURE_DNS_TAG in map(str.lower, _texts(rule, "destinationAddressPrefix"))
        ]
        if named and named[0].get("access") != "Allow":
            said = f"{group.name} of {holder.name}: outbound rule {named[0]['name']}"
            attempt.drop(Control.SECURITY_GROUP, f"{said} denies Azure's DNS server")


def describe(connection: Connection) -> str:
    """Return a connection in words."""
    return f"{connection.source.address} to {connection.destination.address} port {connection.port}"


def _deciding_rule(
    cloud: Cloud, group: StoredResource, direction: str, connection: Connection, networks: list[IPv4Network]
) -> Mapping[str, Json]:
    ordered = _rules(cloud, group, direction)
    return next(rule for rule in ordered if _matches(rule, connection, networks))  # the default rules match everything


def _rules(cloud: Cloud, group: StoredResource, direction: str) -> list[Mapping[str, Json]]:
    """Return the rules of a group in one direction, by priority."""
    rules: list[Mapping[str, Json]] = [
        *values_at(group.properties, "securityRules[*]"),
        *values_at(group.properties, "defaultSecurityRules[*]"),
        *({"name": rule.name, **rule.properties} for rule in cloud.children(group.id, SECURITY_RULE)),
    ]
    return sorted((rule for rule in rules if rule.get("direction") == direction), key=lambda rule: rule["priority"])


def _matches(rule: Mapping[str, Json], connection: Connection, networks: list[IPv4Network]) -> bool:
    if rule.get("sourceApplicationSecurityGroups") or rule.get("destinationApplicationSecurityGroups"):
        not_known("application security groups")
    ends = (("source", connection.source), ("destination", connection.destination))
    return (
        str(rule.get("protocol")).lower() in ("*", connection.protocol.lower())
        and port_matches(_texts(rule, "destinationPortRange"), connection.port)
        and all(matches(_texts(rule, f"{end}AddressPrefix"), peer, networks) for end, peer in ends)
    )


def _texts(rule: Mapping[str, Json], name: str) -> list[str]:
    """Return the values of a property that has a singular and a plural form."""
    plural = f"{name}es" if name.endswith("x") else f"{name}s"
    return [str(text) for text in (rule.get(name), *(rule.get(plural) or ())) if text]
