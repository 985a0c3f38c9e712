"""Address spans and port ranges: parsing and comparison."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.azure_semantics.addresses import ALL_PORTS, PRIVATE_RANGES, is_private, ports, span
from policies.azure_semantics.security_group import covers_ports

NETWORKS = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda pair: IPv4Network((pair[0] >> (32 - pair[1]) << (32 - pair[1]), pair[1]))
)
SHARED = IPv4Network("10.65.0.0/24")
OUTSIDE = IPv4Network("20.1.2.0/24")


@pytest.mark.parametrize("text", ["*", "any", "ANY", "0.0.0.0/0", "::/0", "0.0.0.0-255.255.255.255"])
def test_every_spelling_of_all_addresses_is_parsed(text: str) -> None:
    assert span(text).everywhere
    assert span(text).public
    assert span(text).internet


@pytest.mark.parametrize("text", ["Internet", "INTERNET", "AzureCloud", "Storage.UKSouth", "0.0.0.0/1", "10.0.0.0/7",
                                  "168.63.129.16", "100.64.0.0/10", "10.0.0.0-11.0.0.0", "2001:db8::/32"])  # fmt: skip
def test_a_span_with_public_addresses_is_public(text: str) -> None:
    assert span(text).public
    assert not span(text).private


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.65.0.7", "192.168.1.1-192.168.1.9", "fd00::/8"])
def test_a_span_of_private_ranges_is_private(text: str) -> None:
    assert span(text).private


@pytest.mark.parametrize("text", ["VirtualNetwork", "virtualnetwork", "AzureLoadBalancer"])
def test_tags_of_the_network_itself_are_neither(text: str) -> None:
    assert not span(text).public
    assert not span(text).private


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.0/33", "[secret]", "10.0.0.9-10.0.0.1"])
def test_a_text_that_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        span(text)


@pytest.mark.parametrize(("text", "whole"), [("*", ALL_PORTS), ("443", (443, 443)), ("1-1024", (1, 1024))])
def test_ports_are_parsed(text: str, whole: tuple[int, int]) -> None:
    assert ports(text) == whole


@pytest.mark.parametrize("text", ["", "-1", "70000", "9-1", "http"])
def test_a_text_that_is_no_port_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        ports(text)


def test_several_ranges_can_cover_all_ports() -> None:
    assert covers_ports([(0, 80), (81, 65535)], ALL_PORTS)
    assert covers_ports([(1, 65535)], ALL_PORTS)
    assert not covers_ports([(0, 80), (82, 65535)], ALL_PORTS)
    assert not covers_ports([], (443, 443))


@given(NETWORKS, NETWORKS)
def test_a_covering_span_also_overlaps(one: IPv4Network, other: IPv4Network) -> None:
    whole = span(str(one))
    assert not whole.covers(other) or whole.overlaps(other)
    assert whole.overlaps(other) == one.overlaps(other)


@given(NETWORKS)
def test_private_and_public_are_opposites(network: IPv4Network) -> None:
    assert span(str(network)).private != span(str(network)).public
    assert is_private(network) == any(isinstance(p, IPv4Network) and network.subnet_of(p) for p in PRIVATE_RANGES)


def test_a_tag_covers_certain_addresses_alone() -> None:
    assert span("Internet").covers(OUTSIDE)
    assert not span("Internet").overlaps(SHARED)
    assert not span("Storage").covers(OUTSIDE)
    assert span("Storage").overlaps(OUTSIDE)
    assert not span("VirtualNetwork").covers(SHARED)
    assert span("VirtualNetwork").overlaps(OUTSIDE)
