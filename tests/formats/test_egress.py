"""Egress rules, as in the estate and in a stack's configuration."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from formats.egress import FORBIDDEN_RANGES, MIN_PREFIX_LENGTH, Egress, EgressRule, refuse_internal_addresses
from formats.errors import InputError
from formats.validation import InvalidValue, validated

RULE: dict[str, Any] = {"name": "mirror", "addresses": ["203.0.113.16/29"]}


def rule(**more: Any) -> EgressRule:
    return validated(EgressRule, RULE | more, file="estate.yaml")


@pytest.mark.parametrize(
    "addresses",
    [["203.0.113.16/29"], ["203.0.113.20"], ["192.168.40.16/28"], ["8.8.8.8", "8.8.4.4"],
     [f"203.0.113.{n}" for n in range(16)]],
)  # fmt: skip
def test_hosts_and_small_ranges_are_allowed(addresses: list[str]) -> None:
    assert [str(one).removesuffix("/32") for one in rule(addresses=addresses).addresses] == addresses


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        ([], "at least 1"),
        ([f"203.0.113.{n}" for n in range(17)], "at most 16"),
        (["203.0.113.0/27"], "or narrower"),
        (["0.0.0.0/0"], "or narrower"),
        (["203.0.113.17/29"], "or narrower"),
        (["2001:db8::1"], "IPv4"),
        (["Internet"], "IPv4"),
        (["*"], "IPv4"),
        ([3405803792], "IPv4"),
        (["203.0.113.16/29", "203.0.113.20"], "share no address"),
        (["168.63.129.16"], "Azure's own"),
        (["168.63.129.16/28"], "Azure's own"),
        (["169.254.169.254"], "Azure's own"),
        (["192.0.2.0/30"], "that of sign-in"),
        (["127.0.0.1"], "the desk's own"),
        (["0.0.0.1"], "no host's"),
        (["224.0.0.1"], "multicast"),
        (["255.255.255.255"], "kept by IANA"),
    ],
)
def test_a_forbidden_address_is_refused(addresses: list[Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        rule(addresses=addresses)
    assert str(caught.value.key).startswith("addresses")
    assert message in f"{caught.value.allowed} {caught.value.fix}"


def test_a_rule_without_addresses_is_refused() -> None:
    with pytest.raises(InputError, match="missing") as caught:
        validated(EgressRule, {"name": RULE["name"]}, file="estate.yaml")
    assert caught.value.key == "addresses"


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_an_accepted_range_is_narrow_and_not_forbidden(address: int, prefix: int) -> None:
    text = f"{IPv4Network(address).network_address}/{prefix}"
    try:
        (network,) = EgressRule.model_validate(RULE | {"addresses": [text]}).addresses
    except ValidationError:
        return
    assert network.prefixlen >= MIN_PREFIX_LENGTH
    assert not any(network.overlaps(forbidden) for forbidden, _ in FORBIDDEN_RANGES)


def test_private_destinations_are_single_addresses() -> None:
    named = rule(addresses=["203.0.113.16/29", "192.168.40.8/30"]).destinations
    assert named == ("203.0.113.16/29", "192.168.40.8/32", "192.168.40.9/32", "192.168.40.10/32", "192.168.40.11/32")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"pip": "http://a.mirror.example/simple"}, "Write https://"),
        ({"pip": "http://a.mirror.example/simple", "plain_http": True}, "Write https://"),
        ({"apt": "http://a.mirror.example/ubuntu"}, "plain_http"),
        ({"apt": "https://me:secret@a.mirror.example/ubuntu"}, "https://, a host"),
        ({"apt": "https://a.mirror.example:8443/ubuntu"}, "https://, a host"),
        ({"apt": "https://a.mirror.example/ubuntu\nruncmd: [reboot]"}, "https://, a host"),
        ({"apt": "file:///etc/shadow"}, "https://, a host"),
        ({"pip": "https://a.mirror.example/simple?token=1"}, "https://, a host"),
    ],
)
def test_package_archives_need_https(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        rule(**more)
    assert message in f"{caught.value.allowed} {caught.value.fix}"


def test_a_signed_archive_may_use_http_if_allowed() -> None:
    assert rule(apt="http://a.mirror.example/ubuntu", plain_http=True).apt
    assert rule(pip="https://pypi.python.example/simple").pip


def test_two_archives_of_one_kind_are_refused() -> None:
    twice = [RULE | {"name": name, "apt": "https://a.mirror.example/ubuntu"} for name in ("one", "two")]
    with pytest.raises(ValidationError, match="one and two have it"):
        TypeAdapter(Egress).validate_python(twice)


def test_addresses_inside_the_estate_are_refused() -> None:
    inside = rule(addresses=["10.65.3.4"])
    with pytest.raises(InvalidValue, match=r"10\.65\.0\.0/16"):
        refuse_internal_addresses([inside], [IPv4Network("10.64.0.0/16"), IPv4Network("10.65.0.0/16")])
    refuse_internal_addresses([inside], [IPv4Network("10.64.0.0/16")])
