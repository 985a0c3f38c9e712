from __future__ import annotations

from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.addresses import (
    AZURE_RESERVED_ADDRESSES,
    CELL_PREFIXES,
    CellRange,
    HubEndpoint,
    HubRange,
    TenancyEndpoint,
    TenancyKind,
    TenancyRange,
    ZoneEndpoint,
    ZoneName,
    ZoneRange,
    cell_sized,
    private_range,
    refuse_misplaced_cells,
    space_for_cells,
    subnet_at,
)
from formats.validation import InvalidValue

SPACE = IPv4Network("10.64.0.0/10")
cells = st.sampled_from(CELL_PREFIXES).flatmap(
    lambda prefix: st.integers(0, (1 << (prefix - 8)) - 1).map(
        lambda n: subnet_at(IPv4Network("10.0.0.0/8"), prefix, n)
    )
)


def disjoint(networks: list[IPv4Network]) -> bool:
    ordered = sorted(networks)
    return not any(a.overlaps(b) for a, b in pairwise(ordered))


@settings(max_examples=60)
@given(cells)
def test_no_two_ranges_of_a_cell_overlap(network: IPv4Network) -> None:
    cell = CellRange(network)
    tenancies = [cell.tenancy(kind, slot).network for kind in TenancyKind for slot in range(cell.slots(kind))]
    ranges = [cell.hub.network, *(cell.zone(name).network for name in ZoneName), *tenancies]
    assert disjoint(ranges)
    assert all(n.subnet_of(network) for n in ranges)
    assert disjoint([cell.hub.network, cell.zone_range, *(cell.tenancies(kind) for kind in TenancyKind)])
    assert all(cell.zone(name).network.subnet_of(cell.zone_range) for name in ZoneName)


@settings(max_examples=60)
@given(cells, st.sampled_from(TenancyKind), st.data())
def test_a_tenancys_range_depends_on_its_slot_only(
    network: IPv4Network, kind: TenancyKind, data: st.DataObject
) -> None:
    cell = CellRange(network)
    slot = data.draw(st.integers(0, cell.slots(kind) - 1))
    first = int(cell.tenancies(kind).network_address)
    assert int(cell.tenancy(kind, slot).network.network_address) == first + slot * 256


@pytest.mark.parametrize("kind", TenancyKind)
def test_a_slot_outside_the_range_raises(kind: TenancyKind) -> None:
    cell = CellRange(IPv4Network("10.64.0.0/15"))
    assert cell.slots(TenancyKind.BESPOKE) == 256
    for slot in (-1, cell.slots(kind)):
        with pytest.raises(IndexError):
            cell.tenancy(kind, slot)


def test_hub_subnets_have_azures_minimum_sizes() -> None:
    hub = HubRange(IPv4Network("10.64.0.0/22"))
    parts = [hub.firewall, hub.firewall_management, hub.bastion, hub.gateway, hub.endpoints, hub.monitoring, hub.agents]
    assert disjoint(parts)
    assert all(p.subnet_of(hub.network) and p.prefixlen <= 26 for p in parts)


@pytest.mark.parametrize("kind", [ZoneRange, TenancyRange])
def test_subnets_of_zones_and_tenancies_do_not_overlap(kind: type[ZoneRange | TenancyRange]) -> None:
    network = IPv4Network("10.65.3.0/24")
    cut = kind(network)
    parts = [cut.endpoints, cut.compute] if isinstance(cut, ZoneRange) else [cut.endpoints, cut.services, cut.desks]
    assert disjoint(parts)
    assert all(p.subnet_of(network) for p in parts)


@pytest.mark.parametrize(
    ("plan", "endpoints"),
    [
        (HubRange(IPv4Network("10.64.0.0/22")), HubEndpoint),
        (ZoneRange(IPv4Network("10.64.8.0/24")), ZoneEndpoint),
        (TenancyRange(IPv4Network("10.65.3.0/24")), TenancyEndpoint),
    ],
)
def test_each_endpoint_has_its_own_unreserved_address(plan: Any, endpoints: type[Any]) -> None:
    addresses = [plan.address(endpoint) for endpoint in endpoints]
    usable = list(plan.endpoints)[AZURE_RESERVED_ADDRESSES:-1]
    assert addresses == usable[: len(addresses)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8.0.0.0/10", "private"),
        ("172.0.0.0/8", "private"),
        ("fd00::/10", "IPv6"),
        ("10.64.0.1/10", "first address"),
        ("10.64.0.0/19", "too small"),
        ("10.64.0.0/33", "not an address range"),
        ("ten", "not an address range"),
        ("", "not an address range"),
        (10, "not an address range"),
        (None, "not an address range"),
    ],
)
def test_an_unusable_address_space_is_refused(text: object, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        space_for_cells(private_range(text))
    assert message in caught.value.problem


@pytest.mark.parametrize(
    ("text", "message"), [("10.64.0.0/13", "too large"), ("10.64.0.0/19", "too small"), ("10.65.0.0/15", "first")]
)
def test_an_unusable_cell_range_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        cell_sized(private_range(text))
    assert message in caught.value.problem


@pytest.mark.parametrize(
    ("last", "message"),
    [("10.65.0.0/16", "overlaps that of cells[0].addresses, 10.64.0.0/15"), ("10.0.0.0/15", "outside the estate's")],
)
def test_a_misplaced_cell_is_named(last: str, message: str) -> None:
    cells = [IPv4Network("10.64.0.0/15"), IPv4Network("10.68.0.0/15")]
    refuse_misplaced_cells(cells, SPACE)
    with pytest.raises(InvalidValue) as caught:
        refuse_misplaced_cells([*cells, IPv4Network(last)], SPACE)
    assert message in caught.value.problem
    assert caught.value.at == (2, "addresses")
