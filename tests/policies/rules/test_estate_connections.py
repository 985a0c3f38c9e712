"""Security groups and the firewall allow only the connections that the estate names (NW23)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import Resource
from tests.policies import shipped
from tests.policies.rules.shipped_cases import blocking, copied, having, names, one
from tests.policies.rules.test_estate_egress import GROUP, NSG, TENANCY

STORE = {"destinationAddressPrefix": "10.65.0.5", "sourceAddressPrefix": "10.65.0.128/25"}
RULE = {"name": "more", "priority": 150, "direction": "Outbound", "access": "Allow", "protocol": "Tcp",
        "sourcePortRange": "*", "destinationPortRange": "443", **STORE}  # fmt: skip


def group_with(rule: dict[str, Any], stack: str = TENANCY, name: str = "net-desks") -> Resource:
    group = one(stack, NSG, name)
    return having(group, "securityRules", [{**RULE, **rule}, *group.at("securityRules")])


def firewall_with(**rule: Any) -> Resource:
    group = one("platform", GROUP, "firewall-zones")
    collections = copy.deepcopy(group.at("ruleCollections"))
    rules = collections[0]["rules"]
    rules.append({**rules[0], "name": "more", **rule})
    return having(group, "ruleCollections", collections)


def test_the_shipped_estate_allows_only_its_connections() -> None:
    assert blocking("NW23") == []


@pytest.mark.parametrize("rule", [
    {}, {"destinationAddressPrefix": "203.0.113.17"}, {"destinationAddressPrefix": "192.0.2.1"},
    {"access": "Deny", "destinationAddressPrefix": "*"}, {"sourceAddressPrefix": "10.65.0.130"},
    {"direction": "Inbound", "sourceAddressPrefix": "10.64.0.128/26", "destinationAddressPrefix": "10.65.0.128/25",
     "destinationPortRange": "22"},
])  # fmt: skip
def test_a_part_of_a_named_connection_passes(rule: dict[str, Any]) -> None:
    assert blocking("NW23", group_with(rule)) == []


@pytest.mark.parametrize(("address", "refused"), [
    ("10.65.0.4", True), ("10.65.0.5", True), *((f"10.65.0.{last}", False) for last in range(6, 10)),
])  # fmt: skip
def test_the_firewall_comes_to_airlocks_alone(address: str, *, refused: bool) -> None:
    """Not to the vault and the project's store."""
    rule = {"direction": "Inbound", "sourceAddressPrefix": "10.64.0.0/26", "destinationAddressPrefix": address}
    found = names(blocking("NW23", group_with(rule, name="net-endpoints")))
    assert found == ({"net-endpoints"} if refused else set())


@pytest.mark.parametrize("rule", [
    {"destinationAddressPrefix": "10.64.0.4", "destinationPortRange": "53", "protocol": "Udp"},
    {"destinationAddressPrefix": "10.64.10.4"}, {"destinationAddressPrefix": "10.65.0.128/25"},
    {"destinationAddressPrefix": "10.65.0.0/26"}, {"destinationPortRange": "445"}, {"destinationPortRange": "443-444"},
    {"protocol": "*"}, {"protocol": "Icmp"}, {"sourceAddressPrefix": "*"}, {"sourceAddressPrefix": "10.65.0.0/24"},
    {"destinationAddressPrefix": "AzureActiveDirectory"}, {"destinationAddressPrefix": "192.0.2.0/31"},
    {"destinationAddressPrefix": "192.0.2.1", "destinationPortRange": "80"},
    {"destinationAddressPrefix": "Storage"}, {"destinationAddressPrefix": UNKNOWN},
    {"destinationAddressPrefix": "VirtualNetwork"}, {"sourceAddressPrefix": "VirtualNetwork"},
    {"direction": "Inbound", "sourceAddressPrefix": "10.64.0.0/22", "destinationAddressPrefix": "10.65.0.128/25",
     "destinationPortRange": "22"},
    {"destinationApplicationSecurityGroups": [{"id": "x"}]},
    {"destinationAddressPrefix": "10.65.0.6"}, {"destinationAddressPrefix": "10.65.0.9"},
])  # fmt: skip
def test_another_connection_of_a_group_is_refused(rule: dict[str, Any]) -> None:
    assert names(blocking("NW23", group_with(rule))) == {"net-desks"}


def test_a_separate_rule_is_compared_too() -> None:
    group = one(TENANCY, NSG, "net-desks")
    separate = copied(group, **{**RULE, "destinationAddressPrefix": "10.64.10.4"})
    rule = Resource(
        separate.urn, "network:SecurityRule", "more", TENANCY, separate.inputs, f"{group.id}/securityRules/x"
    )
    assert names(blocking("NW23", rule)) == {"more"}


def test_each_zone_has_its_own_connections() -> None:
    of_landing = {"sourceAddressPrefix": "10.64.9.128/25", "destinationAddressPrefix": "10.64.8.4"}
    assert blocking("NW23", group_with(of_landing, "safe-haven", "landing-compute")) == []
    of_archive = {**of_landing, "sourceAddressPrefix": "10.64.12.128/25"}
    assert names(blocking("NW23", group_with(of_archive, "safe-haven", "archive-compute"))) == {"archive-compute"}


@pytest.mark.parametrize("rule", [
    {"destinationAddresses": ["10.65.0.5"]}, {"sourceAddresses": ["10.64.12.128/25"]}, {"sourceAddresses": ["*"]},
    {"ipProtocols": ["UDP"]}, {"ipProtocols": ["TCP", "ICMP"]}, {"destinationPorts": ["443", "445"]},
    {"destinationAddresses": ["10.64.8.4", "10.64.9.4"]}, {"destinationAddresses": ["Storage"]},
])  # fmt: skip
def test_another_connection_of_the_firewall_is_refused(rule: dict[str, Any]) -> None:
    assert names(blocking("NW23", firewall_with(**rule))) == {"firewall-zones"}


def test_a_stack_whose_platform_is_not_known_is_not_compared() -> None:
    configs = {TENANCY: shipped.configs()[TENANCY]}
    assert blocking("NW23", group_with({"destinationPortRange": "445"}), configs=configs) == []
