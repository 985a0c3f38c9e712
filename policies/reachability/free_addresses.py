"""The free addresses of a subnet that a new private endpoint could get, one for each set of rules that applies."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network
from policies.azure_semantics.properties import entries
from policies.model import MISSING, Resource

RESERVED_FIRST, RESERVED_LAST = 4, 1
"""The number of addresses that Azure reserves at the beginning and the end of a subnet (learn.microsoft.com, "Virtual
Network FAQ")."""


def fixed_addresses(resource: Resource) -> list[tuple[str, frozenset[int]]]:
    """Return the fixed addresses of a private endpoint or interface, each with the id of its subnet; none for dynamic
    addresses."""
    configurations = entries(resource, "ipConfigurations")
    inside = resource.at("subnet.id")
    found = []
    for path in configurations:
        subnet_id = inside if inside is not MISSING else resource.at(f"{path}.subnet.id")
        address = resource.at(f"{path}.privateIPAddress")
        if address not in (MISSING, ""):
            found.append((ids.plain(subnet_id), frozenset([int(IPv4Address(str(address)))])))
    return found


class RangesInRules:
    """The address ranges in rules, sorted."""

    def __init__(self, ranges: Iterable[Network]) -> None:
        self.ranges = sorted({n for n in ranges if isinstance(n, IPv4Network)})
        self._starts = [int(n.network_address) for n in self.ranges]

    def inside(self, whole: IPv4Network) -> list[IPv4Network]:
        """Return the ranges inside a range that are smaller than it."""
        low, high = int(whole.network_address), int(whole.broadcast_address)
        near = self.ranges[bisect_left(self._starts, low) : bisect_right(self._starts, high)]
        return [n for n in near if n.prefixlen > whole.prefixlen]


def free_addresses(whole: IPv4Network, used: frozenset[int], named: RangesInRules) -> tuple[IPv4Network, ...]:
    """Return one free address of a subnet for each combination of ranges that contain a free address."""
    inner = named.inside(whole)
    low, high = int(whole.network_address) + RESERVED_FIRST, int(whole.broadcast_address) - RESERVED_LAST
    first_by_ranges: dict[tuple[bool, ...], int] = {}
    for start, end in _intervals(low, high, inner):
        found = next((address for address in range(start, end + 1) if address not in used), None)
        if found is not None:
            first_by_ranges.setdefault(
                tuple(int(n.network_address) <= found <= int(n.broadcast_address) for n in inner), found
            )
    return tuple(IPv4Network((found, 32)) for found in first_by_ranges.values())


def _intervals(low: int, high: int, inner: Sequence[IPv4Network]) -> Iterator[tuple[int, int]]:
    """Yield the intervals into which the bounds of ranges divide a subnet."""
    edges = {low} | {e for n in inner for e in (int(n.network_address), int(n.broadcast_address) + 1)}
    starts = sorted(edge for edge in edges if low <= edge <= high)
    yield from zip(starts, [*(start - 1 for start in starts[1:]), high], strict=True)
