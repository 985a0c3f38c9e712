"""The connections to sites that a hub may have, as the estate's files name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from formats.addresses import HubRange, first_usable
from formats.stack_config import PlatformConfig, Site, StackConfig

GATEWAY, REMOTE = "network:VirtualNetworkGateway", "network:LocalNetworkGateway"
CONNECTION = "network:VirtualNetworkGatewayConnection"
GATEWAY_TYPES = (GATEWAY, REMOTE, CONNECTION)
"""The types of a gateway and its connections."""
Selectors = frozenset[tuple[frozenset[str], frozenset[str]]]
"""Pairs of local and remote ranges."""


@dataclass(frozen=True)
class Device:
    """A VPN device and what its connection may lead to."""

    ranges: frozenset[str]
    """The ranges of the sites behind it."""
    selectors: Selectors
    """The inboxes of each site, and its ranges."""


def sites_of(config: StackConfig | None) -> tuple[Site, ...]:
    """Return the sites that a stack connects; none for a stack without a configuration."""
    return config.sites if isinstance(config, PlatformConfig) else ()


def ranges_of_sites(config: StackConfig | None) -> frozenset[IPv4Network]:
    """Return the ranges of the sites that a stack connects."""
    return frozenset(range_ for site in sites_of(config) for range_ in site.ranges)


def devices(config: StackConfig | None) -> Mapping[str, Device]:
    """Return the devices that a stack connects, by address."""
    found: dict[str, list[Site]] = {}
    for site in sites_of(config):
        found.setdefault(str(site.device), []).append(site)
    return {address: _device(sites) for address, sites in found.items()}


def _device(sites: Iterable[Site]) -> Device:
    pairs = [(frozenset(f"{one}/32" for one in site.inboxes), frozenset(map(str, site.ranges))) for site in sites]
    return Device(frozenset(range_ for _, ranges in pairs for range_ in ranges), frozenset(pairs))


def routes(config: StackConfig) -> Mapping[str, str]:
    """Return the routes of the gateway's subnet: the next hop, the firewall, by destination."""
    if not isinstance(config, PlatformConfig):
        return {}
    firewall = str(first_usable(HubRange(config.addresses).firewall))
    return {f"{inbox}/32": firewall for site in config.sites for inbox in site.inboxes}


def all_but(addresses: Iterable[IPv4Address]) -> tuple[IPv4Network, ...]:
    """Return the ranges that contain every address except these."""
    found = [IPv4Network("0.0.0.0/0")]
    for address in map(IPv4Network, addresses):
        around = next((one for one in found if address.subnet_of(one)), None)
        if around is not None:
            found.remove(around)
            found += around.address_exclude(address)
    return tuple(found)
