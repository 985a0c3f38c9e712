from __future__ import annotations

from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.addresses import (
    AZURE_KEEPS,
    CELL_PREFIXES,
    CellRange,
    HubRange,
    HubSeat,
    TenancyKind,
    TenancyRange,
    TenancySeat,
    ZoneName,
    ZoneRange,
    ZoneSeat,
    parse_cell,
    parse_space,
    part,
    refuse_overlaps,
)
from infra.errors import BadInput

SPACE = IPv4Network("10.64.0.0/10")
cells = st.sampled_from(CELL_PREFIXES).flatmap(
    lambda prefix: st.integers(0, (1 << (prefix - 8)) - 1).map(lambda n: part(IPv4Network("10.0.0.0/8"), prefix, n))
)


def disjoint(networks: list[IPv4Network]) -> bool:
    ordered = sorted(networks)
    return not any(a.overlaps(b) for a, b in pairwise(ordered))


@settings(max_examples=60, deadline=None)
@given(cells)
def test_nothing_in_a_cell_overlaps(network: IPv4Network) -> None:
    cell = CellRange(network)
    tenancies = [cell.tenancy(kind, slot).whole for kind in TenancyKind for slot in range(cell.slots(kind))]
    whole = [cell.hub.whole, *(cell.zone(name).whole for name in ZoneName), *tenancies]
    assert disjoint(whole)
    assert all(n.subnet_of(network) for n in whole)
    assert disjoint([cell.hub.whole, cell.zone_range, *(cell.tenancies(kind) for kind in TenancyKind)])
    assert all(cell.zone(name).whole.subnet_of(cell.zone_range) for name in ZoneName)


@settings(max_examples=60, deadline=None)
@given(cells, st.sampled_from(TenancyKind), st.data())
def test_a_slot_alone_says_the_range(network: IPv4Network, kind: TenancyKind, data: st.DataObject) -> None:
    cell = CellRange(network)
    slot = data.draw(st.integers(0, cell.slots(kind) - 1))
    first = int(cell.tenancies(kind).network_address)
    assert int(cell.tenancy(kind, slot).whole.network_address) == first + slot * 256


@pytest.mark.parametrize("kind", TenancyKind)
def test_beyond_the_last_slot_is_nothing(kind: TenancyKind) -> None:
    cell = CellRange(IPv4Network("10.64.0.0/15"))
    assert cell.slots(TenancyKind.BESPOKE) == 256
    for slot in (-1, cell.slots(kind)):
        with pytest.raises(IndexError):
            cell.tenancy(kind, slot)


def test_a_hub_is_cut_into_subnets_as_large_as_azure_asks() -> None:
    hub = HubRange(IPv4Network("10.64.0.0/22"))
    parts = [hub.firewall, hub.firewall_management, hub.bastion, hub.gateway, hub.endpoints, hub.monitoring, hub.agents]
    assert disjoint(parts)
    assert all(p.subnet_of(hub.whole) and p.prefixlen <= 26 for p in parts)


@pytest.mark.parametrize("kind", [ZoneRange, TenancyRange])
def test_zones_and_tenancies_are_cut_without_overlap(kind: type[ZoneRange | TenancyRange]) -> None:
    whole = IPv4Network("10.65.3.0/24")
    cut = kind(whole)
    parts = [cut.endpoints, cut.compute] if isinstance(cut, ZoneRange) else [cut.endpoints, cut.services, cut.desks]
    assert disjoint(parts)
    assert all(p.subnet_of(whole) for p in parts)


@pytest.mark.parametrize(
    ("plan", "seats"),
    [
        (HubRange(IPv4Network("10.64.0.0/22")), HubSeat),
        (ZoneRange(IPv4Network("10.64.8.0/24")), ZoneSeat),
        (TenancyRange(IPv4Network("10.65.3.0/24")), TenancySeat),
    ],
)
def test_each_endpoint_has_an_address_of_its_own_that_azure_does_not_keep(plan: Any, seats: type[Any]) -> None:
    addresses = [plan.address(seat) for seat in seats]
    usable = list(plan.endpoints)[AZURE_KEEPS:-1]
    assert addresses == usable[: len(addresses)]


@pytest.mark.parametrize(
    ("text", "says"),
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
def test_a_space_that_cannot_be_used_is_refused(text: object, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        parse_space(text, file="estate.yaml", key="addresses")
    assert (caught.value.file, caught.value.key) == ("estate.yaml", "addresses")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.64.0.0/13", "too large"),
        ("10.64.0.0/19", "too small"),
        ("10.0.0.0/15", "outside"),
        ("10.65.0.0/15", "first"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse_cell(text, SPACE, file="estate.yaml", key="cells[0].addresses")


def test_overlaps_are_refused_by_both_keys() -> None:
    ranges = [
        ("a", IPv4Network("10.64.0.0/15")),
        ("b", IPv4Network("10.68.0.0/15")),
        ("c", IPv4Network("10.65.0.0/16")),
    ]
    with pytest.raises(BadInput, match=r"that of a, 10\.64\.0\.0/15") as caught:
        refuse_overlaps(ranges, file="estate.yaml")
    assert caught.value.key == "c"
    refuse_overlaps(ranges[:2], file="estate.yaml")
