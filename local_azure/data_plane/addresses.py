"""Addresses as security groups and firewalls match them: ranges and service tags.

Facts: docs/azure-facts.md#service-tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import NoReturn

from local_azure.types.addresses import RFC_1918
from local_azure.types.common import refuse

PUBLIC_ADDRESS = IPv4Address("198.18.0.1")
"""Stands for the public address of a service or of Bastion, which Azure chooses (RFC 2544: no network
has it)."""
NOT_INTERNET = (*RFC_1918, IPv4Network("100.64.0.0/10"))
PLATFORM = frozenset({"azureloadbalancer", "gatewaymanager", "azureplatformdns", "azureplatformimds"})
"""The tags of Azure's own traffic, which no request here is."""
ANY = frozenset({"*", "any", "0.0.0.0/0"})


@dataclass(frozen=True)
class Peer:
    """One end of a connection: its address and, for a service of Azure, its service tags in lower case."""

    address: IPv4Address
    tags: frozenset[str] = frozenset()

    @property
    def is_private(self) -> bool:
        """True for an address of private networks (RFC 1918 and 6598)."""
        return any(self.address in range_ for range_ in NOT_INTERNET)


def range_of(text: str) -> IPv4Network | None:
    """Return a prefix or an address as a range; None for a service tag."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None


def matches(prefixes: Iterable[str], peer: Peer, networks: Iterable[IPv4Network]) -> bool:
    """Return True if one of these ranges or service tags contains a peer. `networks`: the tag VirtualNetwork."""
    inside = any(peer.address in network for network in networks)
    return any(_matches(text.lower(), peer, inside) for text in prefixes)


def _matches(text: str, peer: Peer, inside: bool) -> bool:
    if text in ANY:
        return True
    if (network := range_of(text)) is not None:
        return peer.address in network
    if text == "virtualnetwork":
        return inside
    if text == "internet":
        return not inside and not peer.is_private
    tag = text.partition(".")[0]  # Storage.UKSouth is a part of Storage
    return tag in peer.tags and tag not in PLATFORM


def port_matches(ranges: Iterable[str], port: int) -> bool:
    """Return True if one of these ports or ranges of ports contains a port."""
    for text in ranges:
        first, _, last = text.partition("-")
        if text == "*" or int(first) <= port <= int(last or first):
            return True
    return False


def not_known(what: str) -> NoReturn:
    """Refuse to decide what the local Azure does not know."""
    refuse("LocalAzureNotImplemented", f"The data plane of the local Azure does not know {what}.")
