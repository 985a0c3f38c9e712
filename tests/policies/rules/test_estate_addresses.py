"""Networks, subnets, private endpoints, routes and rules have the estate's addresses (NW22, FW13, NW21)."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import Resource
from tests.policies import shipped
from tests.policies.rules.shipped_cases import blocking, copied, having, names, one
from tests.policies.rules.test_estate_egress import TENANCY, firewall_rule, group_rule

NETWORK, SUBNET, ENDPOINT = "network:VirtualNetwork", "network:Subnet", "network:PrivateEndpoint"
SPACE = "addressSpace.addressPrefixes"


def test_the_shipped_estate_has_its_addresses() -> None:
    assert blocking("NW22") == []


@pytest.mark.parametrize(("stack", "name"), [("platform", "hub"), ("junction-zone", "junction"),
                                             ("safe-haven", "archive"), (TENANCY, "net")])  # fmt: skip
@pytest.mark.parametrize("space", [
    ["10.64.0.0/10"], ["10.64.9.0/24"], [], [UNKNOWN], ["fd00::/48"], ["192.168.0.0/24"],
])  # fmt: skip
def test_another_range_of_a_network_is_refused(stack: str, name: str, space: list[str]) -> None:
    assert name in names(blocking("NW22", having(one(stack, NETWORK, name), SPACE, space)))


def test_a_second_range_of_a_network_is_refused() -> None:
    network = one(TENANCY, NETWORK, "net")
    assert blocking("NW22", having(network, SPACE, [*network.at(SPACE), "10.65.1.0/24"]))


def test_a_network_that_the_estate_does_not_state_is_refused() -> None:
    assert names(blocking("NW22", copied(one(TENANCY, NETWORK, "net")))) == {"net-copy"}


@pytest.mark.parametrize(("name", "prefix"), [
    ("net-desks", "10.65.0.0/24"), ("net-desks", "10.65.0.32/27"), ("net-desks", "10.65.1.0/26"),
    ("net-endpoints", "10.65.0.0/25"), ("net-endpoints", UNKNOWN), ("net-desks", "fd00::/64"),
])  # fmt: skip
def test_a_subnet_across_ranges_of_the_plan_is_refused(name: str, prefix: str) -> None:
    changed = having(one(TENANCY, SUBNET, name), "addressPrefix", prefix)
    is_part = prefix == "10.65.0.32/27"  # of the endpoints' range
    assert names(blocking("NW22", changed)) == (set() if is_part else {name})


def test_a_subnet_with_ranges_of_two_others_is_refused() -> None:
    changed = having(one(TENANCY, SUBNET, "net-desks"), "addressPrefixes", ["10.65.0.0/26"])
    assert names(blocking("NW22", changed)) == {"net-desks"}


def test_an_inline_subnet_is_compared_too() -> None:
    inline = [{"name": "more", "addressPrefix": "10.66.0.0/24"}]
    assert {f.path for f in blocking("NW22", having(one(TENANCY, NETWORK, "net"), "subnets", inline))} == {
        "subnets[0].addressPrefix"
    }


@pytest.mark.parametrize(("name", "prefix"), [("hub-firewall", "10.64.0.64/26"), ("hub-bastion", "10.64.1.0/26")])
def test_a_subnet_of_a_service_has_its_own_range(name: str, prefix: str) -> None:
    assert names(blocking("NW22", having(one("platform", SUBNET, name), "addressPrefix", prefix))) == {name}


@pytest.mark.parametrize("address", ["10.65.0.9", "10.65.0.20", UNKNOWN])
def test_an_endpoint_has_its_address_of_the_plan(address: str) -> None:
    changed = having(one(TENANCY, ENDPOINT, "import-asked"), "ipConfigurations[0].privateIPAddress", address)
    assert names(blocking("NW22", changed)) == {"import-asked"}


@pytest.mark.parametrize(
    ("prefix", "is_refused"), [("10.65.0.0/24", False), ("10.64.0.0/22", True), ("10.0.0.0/8", True)]
)
def test_a_route_inside_the_network_is_for_its_own_range(prefix: str, is_refused: bool) -> None:
    table = one(TENANCY, "network:RouteTable", "net")
    local = {"name": "local", "addressPrefix": prefix, "nextHopType": "VnetLocal"}
    assert bool(blocking("NW22", having(table, "routes", [*table.at("routes"), local]))) is is_refused


PRIVATE_ELSEWHERE = "192.168.40.8"


def outbound(address: str) -> tuple[tuple[str, Resource], ...]:
    return (
        ("FW13", firewall_rule(destinationAddresses=[address])),
        ("NW21", group_rule(destinationAddressPrefix=address)),
    )


def test_a_private_address_outside_the_estate_is_no_destination() -> None:
    for policy, rule in outbound(PRIVATE_ELSEWHERE):
        assert names(blocking(policy, rule)) == {rule.name}
    for policy, rule in outbound("10.65.0.5"):
        assert blocking(policy, rule) == []


def test_a_private_address_that_an_egress_rule_names_is_a_destination() -> None:
    configs = dict(shipped.configs())
    for stack in ("platform", TENANCY):
        egress: Any = configs[stack].egress  # type: ignore[attr-defined]
        rules = egress if stack == TENANCY else next(iter(egress.values()))
        more = rules[0].model_copy(update={"addresses": (*rules[0].addresses, IPv4Network(f"{PRIVATE_ELSEWHERE}/32"))})
        new = (more,) if stack == TENANCY else {next(iter(egress)): (more,)}
        configs[stack] = configs[stack].model_copy(update={"egress": new})
    for policy, rule in outbound(PRIVATE_ELSEWHERE):
        assert blocking(policy, rule, configs=configs) == []


def test_a_private_address_outside_the_estate_is_no_source() -> None:
    inbound = group_rule(direction="Inbound", sourceAddressPrefix=PRIVATE_ELSEWHERE, destinationAddressPrefix="*")
    assert names(blocking("NW21", inbound)) == {inbound.name}
    assert names(blocking("FW13", firewall_rule(sourceAddresses=["192.168.0.0/16"]))) == {"firewall-bespoke"}
