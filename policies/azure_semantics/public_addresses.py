"""Public addresses in the network rules of storage accounts."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from policies.azure_semantics import addresses


def narrow_range(text: object) -> IPv4Network | None:
    """Return the range of an entry of `ipRules`; None for a network, or for anything else."""
    try:
        range_ = IPv4Network(str(text))
    except ValueError:
        return None
    return range_ if range_.prefixlen >= addresses.MIN_PREFIX_LENGTH else None


def overlap(one: Iterable[IPv4Network], other: Iterable[IPv4Network]) -> bool:
    """True if two lists of ranges have an address in common."""
    others = tuple(other)
    return any(addresses.overlap(first, second) for first in one for second in others)
