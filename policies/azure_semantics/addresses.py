"""Which addresses and ports a text of a rule stands for: ranges, service tags, `*`, single and joined forms.

Source: learn.microsoft.com, "Network security groups overview", "Virtual network service tags".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import TypeAlias

from infra.addresses import PRIVATE
from infra.egress import MIN_PREFIX_LENGTH
from infra.network_services import ENTRA

Network: TypeAlias = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
PRIVATE_RANGES: tuple[Network, ...] = (*PRIVATE, IPv6Network("fc00::/7"))
"""RFC 1918 and RFC 4193."""
ANY = ("*", "any")
INTERNET = "internet"
NEAR = ("virtualnetwork", "azureloadbalancer")
"""Tags that stand for no service of Azure's: the network with all that is peered with or routed from it, and Azure's
health probes. Beside a default route of its own, `VirtualNetwork` stands for every address."""
ALL_PORTS = (0, 65535)
HTTPS, HTTP = (443, 443), (80, 80)
_TAG = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")


@dataclass(frozen=True)
class Span:
    """The addresses that one text stands for: networks, or a service tag in lower case."""

    text: str
    networks: tuple[Network, ...] = ()
    tag: str = ""

    @property
    def everywhere(self) -> bool:
        """Whether it stands for all addresses of a family."""
        return any(network.prefixlen == 0 for network in self.networks)

    @property
    def internet(self) -> bool:
        """Whether it stands for all that is public: everything, or the tag `Internet`."""
        return self.everywhere or self.tag == INTERNET

    @property
    def public(self) -> bool:
        """Whether any address of it is public: a service's tag is, and so is a range that is not wholly private."""
        if self.tag:
            return self.tag not in NEAR
        return not all(is_private(network) for network in self.networks)

    @property
    def few_hosts(self) -> bool:
        """Whether it names hosts one by one, or a few that are neighbours: as an estate's egress rules may."""
        return bool(self.networks) and all(n.version == 4 and n.prefixlen >= MIN_PREFIX_LENGTH for n in self.networks)

    def named(self, ports: Sequence[tuple[int, int]]) -> bool:
        """Whether it is where people sign in with Entra, or a few hosts that an estate's egress names; for the web
        alone. These are the only places outside the estate that a rule may lead to."""
        if self.tag:
            return self.tag == ENTRA.lower() and tuple(ports) == (HTTPS,)
        return self.few_hosts and bool(ports) and set(ports) <= {HTTPS, HTTP}

    @property
    def private(self) -> bool:
        """Whether all of it are ranges inside the private ones."""
        return bool(self.networks) and not self.public

    def overlaps(self, other: Network) -> bool:
        """Whether it may share an address with a network."""
        if self.tag == "virtualnetwork":
            return True
        if self.tag:
            return self.tag == "azureloadbalancer" or not is_private(other)
        return any(_meet(network, other) for network in self.networks)

    def covers(self, other: Network) -> bool:
        """Whether every address of a network surely is of it. A service's tag covers nothing that can be told."""
        if self.tag == INTERNET:
            return not any(_meet(private, other) for private in PRIVATE_RANGES)
        return any(_inside(other, network) for network in self.networks)


def span(text: object) -> Span:
    """What one text stands for. `ValueError` for what is neither a range nor could be a tag."""
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
    """Whether a network lies wholly inside the ranges that no Internet route leads to (RFC 1918, RFC 4193)."""
    return any(_inside(network, private) for private in PRIVATE_RANGES)


def ports(text: object) -> tuple[int, int]:
    """The first and last port that a text stands for. `ValueError` for what is no port."""
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
