"""IP address ranges of virtual networks: containment, overlaps, used and free addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

from local_azure.model import Cloud, Json
from local_azure.types.common import refuse, same, values_at

Range = IPv4Network | IPv6Network
RFC_1918 = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""The private ranges."""
RESERVED_AT_START = 4
"""The number of addresses that Azure reserves at the start of a subnet; it also reserves the last
(docs/azure-facts.md#subnet-sizes)."""


def parse(prefix: str) -> Range:
    """Parse a prefix without host bits (docs/azure-facts.md#address-spaces-and-prefixes)."""
    try:
        return ip_network(prefix)
    except ValueError:
        refuse("InvalidCIDRNotation", f"The address prefix {prefix} is not a correctly formatted CIDR notation.")


def subnet_ranges(subnet: Mapping[str, Json]) -> list[Range]:
    """Return a subnet's ranges, from `addressPrefixes` or `addressPrefix`."""
    return [parse(text) for text in values_at(subnet, "addressPrefixes[*]") or values_at(subnet, "addressPrefix")]


def address_space(vnet: Mapping[str, Json]) -> list[Range]:
    return [parse(text) for text in values_at(vnet, "addressSpace.addressPrefixes[*]")]


def first_overlap(left: Iterable[Range], right: Iterable[Range]) -> tuple[Range, Range] | None:
    """Return the first two overlapping ranges, or None."""
    rights = list(right)
    pairs = ((one, other) for one in left for other in rights)
    return next((pair for pair in pairs if pair[0].version == pair[1].version and pair[0].overlaps(pair[1])), None)


def is_inside(inner: Range, outer: Iterable[Range]) -> bool:
    """Return True if `inner` is within one of the outer ranges."""
    return any(
        inner.version == other.version
        and int(inner.network_address) >= int(other.network_address)
        and int(inner.broadcast_address) <= int(other.broadcast_address)
        for other in outer
    )


def used_addresses(cloud: Cloud, subnet_id: str, *, excluding: str = "") -> set[str]:
    """Return the private addresses that network interfaces, private endpoints and firewalls have in a subnet.

    `excluding`: the id of a resource whose addresses do not count.
    """
    used: set[str] = set()
    for user in cloud.referencing(subnet_id):
        if same(user.id, excluding):
            continue
        if same(next(iter(values_at(user.properties, "subnet.id")), None), subnet_id):
            used.update(values_at(user.properties, "customDnsConfigs[*].ipAddresses[*]"))
        for config in values_at(user.properties, "ipConfigurations[*]"):
            if same(next(iter(values_at(config, "subnet.id")), None), subnet_id):
                used.update(values_at(config, "privateIPAddress"))
    return used


def first_usable_address(range_: Range) -> str:
    return str(range_[RESERVED_AT_START])


def lowest_free_address(range_: Range, used: set[str]) -> str:
    """Return the lowest free address, or refuse if there is none (docs/azure-facts.md#private-addresses)."""
    for number in range(int(range_.network_address) + RESERVED_AT_START, int(range_.broadcast_address)):
        if str(ip_address(number)) not in used:
            return str(ip_address(number))
    refuse("SubnetIsFull", f"Subnet with address prefix {range_} does not have enough capacity for 1 IP addresses.")


def require_free_address(address: str, ranges: list[Range], used: set[str]) -> None:
    """Refuse a static address that is not in the subnet, that Azure reserves, or that is in use.

    Source: docs/azure-facts.md#private-addresses.
    """
    try:
        chosen = ip_address(address)
    except ValueError:
        refuse("InvalidIPAddressFormat", f"Private static IP address {address} is not an IP address.")
    found = next((range_ for range_ in ranges if chosen in range_), None)
    if found is None:
        text = f"Private static IP address {address} does not belong to the range of subnet prefix "
        refuse("PrivateIPAddressNotInSubnet", text + f"{', '.join(map(str, ranges))}.")
    if isinstance(chosen, IPv4Address) and (
        int(chosen) < int(found.network_address) + RESERVED_AT_START or chosen == found.broadcast_address
    ):
        text = f"Private static IP address {address} falls within reserved IP range of subnet prefix {found}."
        refuse("PrivateIPAddressInReservedRange", text)
    if address in used:
        refuse("PrivateIPAddressIsAllocated", f"IP address {address} is already allocated to another resource.")
