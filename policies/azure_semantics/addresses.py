"""Address spans and port ranges: parse the texts of rules, with ranges, service tags, `*`, single and joined forms.

Source: learn.microsoft.com, "Network security groups overview", "Virtual network service tags".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import TypeAlias

from formats.addresses import PRIVATE

Network: TypeAlias = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
PRIVATE_RANGES: tuple[Network, ...] = (*PRIVATE, IPv6Network("fc00::/7"))
"""RFC 1918 and RFC 4193."""
ANY = ("*", "any")
INTERNET = "internet"
NEAR = ("virtualnetwork", "azureloadbalancer")
"""Service tags that are no service: the virtual network with all that is peered with it or routed from it, and Azure's
health probes. With a default route of its own, `VirtualNetwork` includes every address."""
ENTRA = "azureactivedirectory"
"""The service tag of Entra, the only one that a rule may allow outside of the estate: desks need it for sign-in."""
MIN_PREFIX_LENGTH = 28
"""The largest IPv4 range that an egress rule may name: 16 addresses. A larger one is a network, not a host."""
ALL_PORTS = (0, 65535)
HTTPS, HTTP = (443, 443), (80, 80)
_TAG = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")


@dataclass(frozen=True)
class Span:
    """The addresses of one text: networks, or a service tag in lower case."""

    text: str
    networks: tuple[Network, ...] = ()
    tag: str = ""

    @property
    def everywhere(self) -> bool:
        """True if it has all addresses of a family."""
        return any(network.prefixlen == 0 for network in self.networks)

    @property
    def internet(self) -> bool:
        """True if it has every public address: everything, or the tag `Internet`."""
        return self.everywhere or self.tag == INTERNET

    @property
    def public(self) -> bool:
        """True if any address of it is public: those of a service tag are, and so is a range that is not wholly
        private."""
        if self.tag:
            return self.tag not in NEAR
        return not all(is_private(network) for network in self.networks)

    @property
    def few_hosts(self) -> bool:
        """True if it is a single host, or a few neighbours, as the egress rules of an estate may name."""
        return bool(self.networks) and all(n.version == 4 and n.prefixlen >= MIN_PREFIX_LENGTH for n in self.networks)

    def named(self, ports: Sequence[tuple[int, int]]) -> bool:
        """True if a rule may lead there outside the estate: Entra's sign-in, or a few hosts named in the estate's
        egress, and for the web alone."""
        if self.tag:
            return self.tag == ENTRA and tuple(ports) == (HTTPS,)
        return self.few_hosts and bool(ports) and set(ports) <= {HTTPS, HTTP}

    @property
    def private(self) -> bool:
        """True if all its ranges are private."""
        return bool(self.networks) and not self.public

    def overlaps(self, other: Network) -> bool:
        """True if it may share an address with a network."""
        if self.tag == "virtualnetwork":
            return True
        if self.tag:
            return self.tag == "azureloadbalancer" or not is_private(other)
        return any(_meet(network, other) for network in self.networks)

    def covers(self, other: Network) -> bool:
        """True if it certainly has every address of a network. The addresses of a service tag are unknown, so it covers
        nothing."""
        if self.tag == INTERNET:
            return not any(_meet(private, other) for private in PRIVATE_RANGES)
        return any(_inside(other, network) for network in self.networks)


def span(text: object) -> Span:
    """Return the span of a text. `ValueError` for a text that is neither a range nor could be a tag."""
    return _span(str(text).strip())


@lru_cache(maxsize=4096)
def _span(said: str) -> Span:
    if said.lower() in ANY:
        return Span(said, EVERYWHERE)
    if _TAG.match(said):
        return Span(said, tag=said.lower().partition(".")[0])
    first, dash, last = said.partition("-")
    if dash:
        return Span(said, tuple(_between(first, last)))
    return Span(said, (ip_network(said, strict=False),))


def _between(first: str, last: str) -> Iterable[Network]:
    low, high = ip_address(first.strip()), ip_address(last.strip())
    return list(summarize_address_range(low, high))


def is_private(network: Network) -> bool:
    """True if a network is wholly inside the ranges that are not routed on the Internet (RFC 1918, RFC 4193)."""
    return any(_inside(network, private) for private in PRIVATE_RANGES)


def ports(text: object) -> tuple[int, int]:
    """Return the first and last port of a text. `ValueError` for a text that is no port."""
    said = str(text).strip().lower()
    if said in ANY:
        return ALL_PORTS
    first, _, last = said.partition("-")
    low, high = int(first), int(last or first)
    if not 0 <= low <= high <= ALL_PORTS[1]:
        raise ValueError("no port range")
    return low, high


def _meet(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)
