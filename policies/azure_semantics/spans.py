"""Comparisons of address spans, for texts that name service tags or large ranges.

Azure does not publish in a plan which addresses a service tag has. So each comparison says whether two spans may, or
certainly do, share addresses.
"""

from __future__ import annotations

from formats.egress import MIN_PREFIX_LENGTH
from policies.azure_semantics.addresses import NEAR, PRIVATE_RANGES, Network, Span, span

MAX_HOSTS = 1 << (32 - MIN_PREFIX_LENGTH)
"""The most addresses (a /28) that count as one named destination. More count as the Internet."""
HARMLESS = ("azureactivedirectory", "azureplatformdns", "azureplatformimds", "azureplatformlkm", "gatewaymanager")
"""Service tags of services that keep nothing for another tenant: no store, site or computer."""
ANYWHERE = span("Internet")
"""Any public address."""


def is_internet(far: Span) -> bool:
    """True if an outsider could keep what is sent to these addresses."""
    if far.tag:
        return far.tag not in (*NEAR, *HARMLESS)
    return any(network.num_addresses > MAX_HOSTS and _is_public(network) for network in far.networks)


def is_wide(far: Span) -> bool:
    """True if a network outside the estate could have some of these addresses."""
    return is_internet(far) or far.tag == "virtualnetwork" or any(n.num_addresses > MAX_HOSTS for n in far.networks)


def may_intersect(far: Span, to: Span) -> bool:
    """True if two spans may have an address in common."""
    ranges = any(_overlap(one, other) for one in far.networks for other in to.networks)
    return ranges or may_contain(far, to) or may_contain(to, far)


def contains(one: Span, other: Span) -> bool:
    """True if every address of the second span certainly is in the first."""
    if one.everywhere or one.tag == other.tag != "":
        return True
    if other.tag:
        return one.tag == ANYWHERE.tag and other.tag not in NEAR
    return bool(other.networks) and all(one.covers(network) for network in other.networks)


def may_contain(far: Span, to: Span) -> bool:
    """True if every address of the second span may be in the first.

    `VirtualNetwork` includes every address beside a default route; the addresses of a service tag are unknown.
    """
    if far.everywhere or far.tag == "virtualnetwork":
        return True
    if to.tag == ANYWHERE.tag:
        return far.internet
    if to.tag:
        wide = far.internet or far.tag == "azurecloud" or (not far.tag and is_internet(far))
        return far.tag == to.tag or (wide and to.tag not in NEAR)
    if far.tag:
        return far.tag not in NEAR and to.public
    return any(_inside(one, other) for one in to.networks for other in far.networks)


def _is_public(network: Network) -> bool:
    return not any(_inside(network, private) for private in PRIVATE_RANGES)


def _inside(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
