"""Azure Firewall: whether its policy allows a connection, and the source address after it.

Facts: docs/azure-facts.md#processing-of-firewall-rules, #source-addresses-behind-a-firewall.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, ip_network

from local_azure.data_plane.addresses import NOT_INTERNET, PUBLIC_ADDRESS, Peer, matches, not_known, port_matches
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.networks import last_host
from local_azure.data_plane.security_groups import Connection, describe
from local_azure.model import Cloud, Json, StoredResource
from local_azure.types.common import value_at, values_at
from local_azure.types.firewall_policy import FIREWALL, RULE_COLLECTION_GROUP

UNREAD = ("sourceIpGroups", "destinationIpGroups", "destinationFqdns", "fqdnTags", "webCategories", "targetUrls")
"""Properties of rules with which the data plane cannot tell whether the rule matches."""


@dataclass(frozen=True)
class Firewall:
    """A firewall with its policy and its subnet."""

    resource: StoredResource
    policy: StoredResource
    subnet: StoredResource
    address: IPv4Address
    """The private address that routes name."""

    @property
    def answers_names(self) -> bool:
        """True if it is a DNS proxy."""
        return value_at(self.policy.properties, "dnsSettings.enableProxy") is True


def firewall_at(cloud: Cloud, address: str) -> Firewall | None:
    """Return the firewall with a private address."""
    for found in cloud.of_type(FIREWALL):
        for config in values_at(found.properties, "ipConfigurations[*]"):
            policy = cloud.get(str(value_at(found.properties, "firewallPolicy.id", "")))
            subnet = cloud.get(str(value_at(config, "subnet.id", "")))
            if config.get("privateIPAddress") == address and policy and subnet:
                return Firewall(found, policy, subnet, IPv4Address(address))
    return None


def pass_through(attempt: Attempt, firewall: Firewall, connection: Connection) -> Connection:
    """Return the connection behind a firewall, with its source address there. Drops it if no rule allows it.

    The first matching network rule decides; without one, the first matching application rule.
    """
    rules = list(_rules(attempt.cloud, firewall.policy))
    for kind in ("NetworkRule", "ApplicationRule"):
        for rule, allows in rules:
            if rule.get("ruleType") != kind or not _matches(rule, connection):
                continue
            said = f"{firewall.resource.name}: {'network' if kind == 'NetworkRule' else 'application'} rule"
            if not allows:
                attempt.drop(Control.FIREWALL, f"{said} {rule['name']} denies {describe(connection)}")
            source = _translated(attempt.cloud, firewall, connection)
            attempt.passed(
                Control.FIREWALL,
                f"{said} {rule['name']} allows {describe(connection)}; its source is {source.address} from here",
            )
            return replace(connection, source=source)
    attempt.drop(Control.FIREWALL, f"{firewall.resource.name}: no rule allows {describe(connection)}")


def _rules(cloud: Cloud, policy: StoredResource) -> Iterator[tuple[Mapping[str, Json], bool]]:
    """Yield the rules with True for those that allow, by the priorities of group and collection."""
    if value_at(policy.properties, "basePolicy.id"):
        not_known("parent policies of a firewall policy")
    collections = [
        (group.properties.get("priority", 0), collection.get("priority", 0), collection)
        for group in cloud.children(policy.id, RULE_COLLECTION_GROUP)
        for collection in values_at(group.properties, "ruleCollections[*]")
    ]
    for _, _, collection in sorted(collections, key=lambda found: found[:2]):
        allows = value_at(collection, "action.type") == "Allow"
        for rule in values_at(collection, "rules[*]"):
            yield rule, allows


def _matches(rule: Mapping[str, Json], connection: Connection) -> bool:
    is_network = rule.get("ruleType") == "NetworkRule"
    for name in UNREAD:
        if rule.get(name):
            not_known(f"{name} of firewall rules")
    if not matches(map(str, rule.get("sourceAddresses") or ()), connection.source, ()):
        return False
    if is_network:
        protocols = {str(text).lower() for text in rule.get("ipProtocols") or ()}
        return (
            bool(protocols & {"any", connection.protocol.lower()})
            and matches(map(str, rule.get("destinationAddresses") or ()), connection.destination, ())
            and port_matches(map(str, rule.get("destinationPorts") or ()), connection.port)
        )
    ports = {(str(one.get("protocolType")).lower(), one.get("port")) for one in rule.get("protocols") or ()}
    names = (str(text).lower() for text in rule.get("targetFqdns") or ())
    return ("https", connection.port) in ports and any(fnmatchcase(connection.host.lower(), name) for name in names)


def _translated(cloud: Cloud, firewall: Firewall, connection: Connection) -> Peer:
    """Return the source behind the firewall: one of its own addresses, unless the destination is a private range of the
    policy. To the Internet it is always its public address."""
    destination = connection.destination
    if not destination.is_private:
        address = cloud.get(str(value_at(firewall.resource.properties, "ipConfigurations[*].publicIPAddress.id", "")))
        return Peer(IPv4Address(str(address.properties["ipAddress"])) if address else PUBLIC_ADDRESS)
    listed = values_at(firewall.policy.properties, "snat.privateRanges[*]")
    kept = [ip_network(text, strict=False) for text in listed if text != "IANAPrivateRanges"]
    if not listed or "IANAPrivateRanges" in listed:
        kept += NOT_INTERNET
    return connection.source if any(destination.address in one for one in kept) else Peer(last_host(firewall.subnet))
