"""The free addresses of a subnet that a new private endpoint could get, one for each set of rules that applies."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network
from policies.azure_semantics.properties import entries
from policies.model import MISSING, Resource

KEPT_FIRST, KEPT_LAST = 4, 1
"""The number of addresses that Azure reserves at the beginning and the end of a subnet (learn.microsoft.com, "Virtual
Network FAQ")."""


def fixed_addresses(resource: Resource) -> list[tuple[str, frozenset[int]]]:
    """Return the fixed addresses of a private endpoint or interface, each set with the id of its subnet. A resource
    without one gets any free address, and so reserves none."""
    configurations = entries(resource, "ipConfigurations")
    inside = resource.at("subnet.id")
    found = []
    for path in configurations:
        subnet_id = inside if inside is not MISSING else resource.at(f"{path}.subnet.id")
        address = resource.at(f"{path}.privateIPAddress")
        if address not in (MISSING, ""):
            found.append((ids.plain(subnet_id), frozenset([int(IPv4Address(str(address)))])))
    return found


class NamedRanges:
    """The ranges that rules name, in the order of their addresses."""

    def __init__(self, ranges: Iterable[Network]) -> None:
        self.ranges = sorted({n for n in ranges if isinstance(n, IPv4Network)})
        self._starts = [int(n.network_address) for n in self.ranges]

    def usable_subnets(self, whole: IPv4Network) -> list[IPv4Network]:
        """Return the named ranges inside a range that are smaller than it."""
        low, high = int(whole.network_address), int(whole.broadcast_address)
        near = self.ranges[bisect_left(self._starts, low) : bisect_right(self._starts, high)]
        return [n for n in near if n.prefixlen > whole.prefixlen]


def free_addresses(whole: IPv4Network, taken: frozenset[int], named: NamedRanges) -> tuple[IPv4Network, ...]:
    """Return one free address of a subnet for each set of named ranges that contain free addresses of it."""
    inner = named.usable_subnets(whole)
    low, high = int(whole.network_address) + KEPT_FIRST, int(whole.broadcast_address) - KEPT_LAST
    first_by_ranges: dict[tuple[bool, ...], int] = {}
    for start, end in _intervals(low, high, inner):
        found = next((at for at in range(start, end + 1) if at not in taken), None)
        if found is not None:
            first_by_ranges.setdefault(
                tuple(int(n.network_address) <= found <= int(n.broadcast_address) for n in inner), found
            )
    return tuple(IPv4Network((found, 32)) for found in first_by_ranges.values())


def _intervals(low: int, high: int, inner: Sequence[IPv4Network]) -> Iterator[tuple[int, int]]:
    """Yield the intervals of a subnet between the first and last addresses of the named ranges."""
    edges = {low} | {e for n in inner for e in (int(n.network_address), int(n.broadcast_address) + 1)}
    starts = sorted(edge for edge in edges if low <= edge <= high)
    yield from zip(starts, [*(start - 1 for start in starts[1:]), high], strict=True)
