"""Parse the addresses and ports of rules: single values, ranges, service tags and `*`.

Source: learn.microsoft.com, "Network security groups overview", "Virtual network service tags".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import TypeAlias

from formats.addresses import PRIVATE

Network: TypeAlias = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
PRIVATE_RANGES: tuple[Network, ...] = (*PRIVATE, IPv6Network("fc00::/7"))
"""RFC 1918 and RFC 4193."""
ANY = ("*", "any")
INTERNET = "internet"
NON_SERVICE_TAGS = ("virtualnetwork", "azureloadbalancer")
"""Service tags that are not services: the virtual network with its peers and routed ranges, and Azure's health probes.
With a user-defined default route, `VirtualNetwork` includes every address."""
MIN_PREFIX_LENGTH = 28
"""The largest IPv4 range that an egress rule may name: 16 addresses. A larger one is a network, not a host."""
ALL_PORTS = (0, 65535)
HTTPS, HTTP = (443, 443), (80, 80)
_TAG = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")


@dataclass(frozen=True)
class Span:
    """The addresses that one text in a rule means: networks, or a service tag in lower case."""

    text: str
    networks: tuple[Network, ...] = ()
    tag: str = ""

    @cached_property
    def everywhere(self) -> bool:
        """True if it contains all addresses of an address family."""
        return any(network.prefixlen == 0 for network in self.networks)

    @cached_property
    def internet(self) -> bool:
        """True if it contains every public address."""
        return self.everywhere or self.tag == INTERNET

    @cached_property
    def public(self) -> bool:
        """True if it may contain a public address. The addresses of a service count as public."""
        if self.tag:
            return self.tag not in NON_SERVICE_TAGS
        return not all(is_private(network) for network in self.networks)

    @property
    def is_few_hosts(self) -> bool:
        """True if each range is small enough for an egress rule (`MIN_PREFIX_LENGTH`)."""
        return bool(self.networks) and all(n.version == 4 and n.prefixlen >= MIN_PREFIX_LENGTH for n in self.networks)

    def is_permitted_egress(self, ports: Sequence[tuple[int, int]]) -> bool:
        """True if an egress rule may allow these addresses with these ports: a few hosts over HTTPS and HTTP, and no
        service tag."""
        return self.is_few_hosts and bool(ports) and set(ports) <= {HTTPS, HTTP}

    @property
    def private(self) -> bool:
        """True if all its ranges are private."""
        return bool(self.networks) and not self.public

    def overlaps(self, other: Network) -> bool:
        """True if it may have an address in common with a network."""
        if self.tag == "virtualnetwork":
            return True
        if self.tag:
            return self.tag == "azureloadbalancer" or not is_private(other)
        return any(overlap(network, other) for network in self.networks)

    def covers(self, other: Network) -> bool:
        """True if it certainly contains every address of a network. A service tag's addresses are unknown."""
        if self.tag == INTERNET:
            return not any(overlap(private, other) for private in PRIVATE_RANGES)
        return any(inside(other, network) for network in self.networks)


def span(text: object) -> Span:
    """Return the span of a text. Raises `ValueError` for a text that is neither a range nor a possible tag."""
    return _span(str(text).strip())


@lru_cache(maxsize=4096)
def _span(text_: str) -> Span:
    if text_.lower() in ANY:
        return Span(text_, EVERYWHERE)
    if _TAG.match(text_):
        return Span(text_, tag=text_.lower().partition(".")[0])
    first, dash, last = text_.partition("-")
    if dash:
        return Span(text_, tuple(_summarized(first, last)))
    return Span(text_, (ip_network(text_, strict=False),))


def _summarized(first: str, last: str) -> Iterable[Network]:
    low, high = ip_address(first.strip()), ip_address(last.strip())
    return list(summarize_address_range(low, high))


def is_private(network: Network) -> bool:
    """True if a network is wholly inside the ranges that are not routed on the Internet (RFC 1918, RFC 4193)."""
    return any(inside(network, private) for private in PRIVATE_RANGES)


def ports(text: object) -> tuple[int, int]:
    """Return the first and last port of a text. Raises `ValueError` for a text that is not a port or a range."""
    text_ = str(text).strip().lower()
    if text_ in ANY:
        return ALL_PORTS
    first, _, last = text_.partition("-")
    low, high = int(first), int(last or first)
    if not 0 <= low <= high <= ALL_PORTS[1]:
        raise ValueError("no port range")
    return low, high


def overlap(one: Network, other: Network) -> bool:
    """True if two networks have an address in common. (`overlaps` of `ipaddress` compares far more slowly.)"""
    return one.version == other.version and _same_bits(one, other, min(one.prefixlen, other.prefixlen))


def inside(inner: Network, outer: Network) -> bool:
    """True if a network has no address outside of another."""
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return _same_bits(inner, outer, outer.prefixlen)


def _same_bits(one: Network, other: Network, length: int) -> bool:
    """True if two networks of one version begin with the same bits."""
    return not (int(one.network_address) ^ int(other.network_address)) >> (one.max_prefixlen - length)


def common_range(networks: Sequence[IPv4Network]) -> IPv4Network:
    """Return the smallest range that contains all of these networks, which are one or more."""
    first = min(int(network.network_address) for network in networks)
    last = max(int(network.broadcast_address) for network in networks)
    length = 32 - (first ^ last).bit_length()
    return IPv4Network((first >> (32 - length) << (32 - length), length))
