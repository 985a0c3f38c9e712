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
    endpoint_subnet_id = resource.at("subnet.id")
    found = []
    for path in entries(resource, "ipConfigurations"):
        subnet_id = endpoint_subnet_id if endpoint_subnet_id is not MISSING else resource.at(f"{path}.subnet.id")
        address = resource.at(f"{path}.privateIPAddress")
        if address not in (MISSING, ""):
            found.append((ids.plain(subnet_id), frozenset([int(IPv4Address(str(address)))])))
    return found


class RangesInRules:
    """The address ranges in rules, sorted."""

    def __init__(self, ranges: Iterable[Network]) -> None:
        self.ranges = sorted({n for n in ranges if isinstance(n, IPv4Network)})
        self._starts = [int(n.network_address) for n in self.ranges]

    def inside(self, subnet: IPv4Network) -> list[IPv4Network]:
        """Return the ranges inside a subnet that are smaller than it."""
        first, last = int(subnet.network_address), int(subnet.broadcast_address)
        starting_inside = self.ranges[bisect_left(self._starts, first) : bisect_right(self._starts, last)]
        return [range_ for range_ in starting_inside if range_.prefixlen > subnet.prefixlen]


def free_addresses(subnet: IPv4Network, used: frozenset[int], in_rules: RangesInRules) -> tuple[IPv4Network, ...]:
    """Return one free address of a subnet for each combination of ranges that contain a free address."""
    ranges = in_rules.inside(subnet)
    first, last = int(subnet.network_address) + RESERVED_FIRST, int(subnet.broadcast_address) - RESERVED_LAST
    address_by_ranges: dict[tuple[bool, ...], int] = {}
    for start, end in _intervals(first, last, ranges):
        free = next((address for address in range(start, end + 1) if address not in used), None)
        if free is not None:
            containing = tuple(int(r.network_address) <= free <= int(r.broadcast_address) for r in ranges)
            address_by_ranges.setdefault(containing, free)
    return tuple(IPv4Network((address, 32)) for address in address_by_ranges.values())


def _intervals(first: int, last: int, ranges: Sequence[IPv4Network]) -> Iterator[tuple[int, int]]:
    """Yield the intervals, as first and last address, into which the bounds of the ranges divide a subnet."""
    bounds = {int(r.network_address) for r in ranges} | {int(r.broadcast_address) + 1 for r in ranges}
    starts = sorted(bound for bound in {first} | bounds if first <= bound <= last)
    ends = [*(start - 1 for start in starts[1:]), last]
    yield from zip(starts, ends, strict=True)
