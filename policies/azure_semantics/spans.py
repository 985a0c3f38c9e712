"""Comparisons of address spans, for texts that name service tags or large ranges.

The addresses of a service tag are not in a plan. So each comparison tells if two spans may, or certainly do, have
addresses in common.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Network, collapse_addresses

from formats.egress import MIN_PREFIX_LENGTH
from policies.azure_semantics.addresses import NON_SERVICE_TAGS, PRIVATE_RANGES, Network, Span, inside, overlap, span

IPV4, IPV4_BITS = 4, 32
SHORT = 4
"""Up to as many spans are compared one by one, which is faster than an index."""
MAX_HOSTS = 1 << (32 - MIN_PREFIX_LENGTH)
"""The number of addresses of a /28. A larger public range counts as the Internet."""
TAGS_WITHOUT_STORAGE = (
    "azureplatformimds",
    "azureplatformlkm",
    "gatewaymanager",
)
"""Service tags of services in which no other tenant can store data. Entra's is none: Microsoft Graph has its addresses,
and stores files of every tenant (docs/azure-facts.md#addresses-of-entra)."""
ANY_PUBLIC_ADDRESS = span("Internet")
"""Any public address."""


def is_internet(span_: Span) -> bool:
    """True if an outsider could receive data at one of these addresses."""
    if span_.tag:
        return span_.tag not in (*NON_SERVICE_TAGS, *TAGS_WITHOUT_STORAGE)
    return any(network.num_addresses > MAX_HOSTS and _is_public(network) for network in span_.networks)


def is_wide(span_: Span) -> bool:
    """True if a network outside the estate could have some of these addresses."""
    return (
        is_internet(span_) or span_.tag == "virtualnetwork" or any(n.num_addresses > MAX_HOSTS for n in span_.networks)
    )


def may_intersect(span_: Span, to: Span) -> bool:
    """True if two spans may have an address in common."""
    ranges = any(overlap(one, other) for one in span_.networks for other in to.networks)
    return ranges or may_contain(span_, to) or may_contain(to, span_)


class SpanIndex:
    """Spans that are compared with many others, such as the hundreds of addresses that one rule names."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._all, self._is_short = spans, len(spans) <= SHORT

    def may_intersect(self, to: Span) -> bool:
        """True if one of the spans may have an address in common with another."""
        if self._is_short or to.tag or any(network.version != IPV4 for network in to.networks):
            return any(may_intersect(span_, to) for span_ in self._all)
        return any(map(self._meets, to.networks)) or any(may_intersect(span_, to) for span_ in self._others)

    def may_contain(self, to: Span) -> bool:
        """True if one of the spans may contain every address of another. Only a tag or a large range contains a tag."""
        if self._is_short:
            return any(may_contain(span_, to) for span_ in self._all)
        if any(may_contain(span_, to) for span_ in self._wide):
            return True
        return not to.tag and any(map(self._holds, to.networks))

    def overlaps(self, network: Network) -> bool:
        """True if one of the spans may have an address in common with a network."""
        if self._is_short:
            return any(span_.overlaps(network) for span_ in self._all)
        is_met = network.version == IPV4 and self._meets(network)
        return is_met or any(span_.overlaps(network) for span_ in self._others)

    def _meets(self, network: Network) -> bool:
        """True if a range of the spans without tags has an address in common with an IPv4 network."""
        first, last = self._bounds
        at = bisect_right(first, int(network.broadcast_address))
        return at > 0 and last[at - 1] >= int(network.network_address)

    def _holds(self, network: Network) -> bool:
        """True if a range of the spans without tags contains a network."""
        first, length = int(network.network_address), network.prefixlen
        return network.version == IPV4 and any(
            start <= length and first >> (IPV4_BITS - start) << (IPV4_BITS - start) in found
            for start, found in self._starts.items()
        )

    @cached_property
    def _others(self) -> list[Span]:
        """The spans of tags, and those with other ranges than of IPv4."""
        return [s for s in self._all if s.tag or any(n.version != IPV4 for n in s.networks)]

    @cached_property
    def _wide(self) -> list[Span]:
        """The same, and those that may contain the addresses of a tag."""
        return [s for s in self._all if s in self._others or s.everywhere or is_internet(s)]

    @cached_property
    def _ranges(self) -> frozenset[IPv4Network]:
        plain = (s for s in self._all if s not in self._others)
        return frozenset(n for s in plain for n in s.networks if isinstance(n, IPv4Network))

    @cached_property
    def _bounds(self) -> tuple[list[int], list[int]]:
        """The first and the last address of each range, merged and sorted."""
        merged = sorted(collapse_addresses(self._ranges))
        return [int(n.network_address) for n in merged], [int(n.broadcast_address) for n in merged]

    @cached_property
    def _starts(self) -> Mapping[int, set[int]]:
        """The first address of each range, by the length of its prefix."""
        starts: dict[int, set[int]] = {}
        for one in self._ranges:
            starts.setdefault(one.prefixlen, set()).add(int(one.network_address))
        return starts


def contains(one: Span, other: Span) -> bool:
    """True if the first span certainly contains every address of the second."""
    if one.everywhere or one.tag == other.tag != "":
        return True
    if other.tag:
        return one.tag == ANY_PUBLIC_ADDRESS.tag and other.tag not in NON_SERVICE_TAGS
    return bool(other.networks) and all(one.covers(network) for network in other.networks)


def may_contain(span_: Span, to: Span) -> bool:
    """True if the first span may contain every address of the second.

    With a user-defined default route, `VirtualNetwork` contains every address. A service tag's addresses are unknown.
    """
    if span_.everywhere or span_.tag == "virtualnetwork":
        return True
    if to.tag == ANY_PUBLIC_ADDRESS.tag:
        return span_.internet
    if to.tag:
        is_wide_ = span_.internet or span_.tag == "azurecloud" or (not span_.tag and is_internet(span_))
        return span_.tag == to.tag or (is_wide_ and to.tag not in NON_SERVICE_TAGS)
    if span_.tag:
        return span_.tag not in NON_SERVICE_TAGS and to.public
    return any(inside(one, other) for one in to.networks for other in span_.networks)


def _is_public(network: Network) -> bool:
    return not any(inside(network, private) for private in PRIVATE_RANGES)
