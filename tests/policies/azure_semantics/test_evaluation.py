"""Evaluation of NSGs, route tables and firewall rules."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.azure_semantics.addresses import span
from policies.azure_semantics.firewall import rules_of_policy
from policies.azure_semantics.network import firewall_addresses, subnet_of, subnets_of
from policies.azure_semantics.routes import route_to, routes_in
from policies.azure_semantics.security_group import NsgRule, may_leave, may_pass, rules_of
from policies.model import PolicyContext, Unknown
from tests.policies.rules.cases import made
from tests.policies.rules.sample_estate import ROOM, below, collection, denials, name_rule, rule, site, zone_rule

DESKS, STORES = IPv4Network("10.65.0.128/25"), IPv4Network("10.65.0.0/26")
OUTSIDE = IPv4Network("20.1.2.0/24")


def rules(*written: dict[str, Any]) -> list[NsgRule]:
    group = made("network:NetworkSecurityGroup", "g", "Microsoft.Network/networkSecurityGroups/g",
                 securityRules=list(written))  # fmt: skip
    return rules_of(group, PolicyContext([group]))


def passes(*written: dict[str, Any], destination: IPv4Network = STORES) -> bool:
    return may_pass(rules(*written), inbound=False, source=DESKS, destination=destination, port=443)


def test_azure_s_own_rules_allow_the_network_and_all_egress() -> None:
    assert passes()
    assert passes(destination=OUTSIDE)
    assert may_leave([], DESKS, span("Internet"))


def test_the_lower_priority_decides_in_any_order() -> None:
    allow = rule("a", "Outbound", "Allow", 200, destinationPortRange="443")
    deny = rule("d", "Outbound", "Deny", 100)
    assert not passes(allow, deny)
    assert passes(allow, {**deny, "priority": 300})


def test_a_denial_of_a_part_denies_that_part_alone() -> None:
    half = rule("d", "Outbound", "Deny", 100, destinationAddressPrefix="10.65.0.0/27")
    assert passes(half)
    other = rule("e", "Outbound", "Deny", 110, destinationAddressPrefix="10.65.0.0/26", protocol="Udp")
    assert passes(other)
    assert not passes({**other, "protocol": "Tcp"})
    assert passes({**other, "protocol": "*", "sourcePortRange": "1024"})


def test_directions_do_not_mix() -> None:
    assert passes(rule("d", "Inbound", "Deny", 100))


def test_a_service_tag_never_certainly_denies() -> None:
    assert passes(rule("d", "Outbound", "Deny", 100, destinationAddressPrefix="Storage"), destination=OUTSIDE)
    assert not passes(rule("d", "Outbound", "Deny", 100, destinationAddressPrefix="Internet"), destination=OUTSIDE)


def test_application_security_groups_may_allow_and_never_deny() -> None:
    ends = {"destinationAddressPrefix": None, "destinationApplicationSecurityGroups": [{"id": "x"}]}
    assert passes(rule("a", "Outbound", "Allow", 100, **ends), *denials())
    assert passes(rule("d", "Outbound", "Deny", 100, **ends))


@pytest.mark.parametrize(("written", "to", "out"), [
    (denials(), "Internet", False),
    ([rule("d", "Outbound", "Deny", 100, destinationAddressPrefix="Internet")], "Internet", False),
    ([rule("a", "Outbound", "Allow", 90, destinationAddressPrefix="20.1.0.0/16"), *denials()], "20.1.0.0/16", True),
    ([rule("d", "Outbound", "Deny", 100, destinationPortRange="80")], "Internet", True),
    ([rule("d", "Outbound", "Deny", 100, sourceAddressPrefix="10.0.0.0/8")], "Internet", False),
    ([rule("d", "Outbound", "Deny", 100, sourceAddressPrefix="10.99.0.0/16")], "Internet", True),
])  # fmt: skip
def test_the_internet_is_reached_unless_all_of_it_is_denied(written: list[dict[str, Any]], to: str, out: bool) -> None:
    assert may_leave(rules(*written), DESKS, span(to)) is out


def test_an_unknown_rule_raises_unknown() -> None:
    with pytest.raises(Unknown):
        rules(rule("x", "Outbound", UNKNOWN, 100))


def test_the_most_specific_route_decides() -> None:
    table = made("network:RouteTable", "t", routes=[
        {"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance",
         "nextHopIpAddress": "10.64.0.4"},
        {"name": "hole", "addressPrefix": "20.0.0.0/8", "nextHopType": "Internet"},
    ])  # fmt: skip
    routes = routes_in(table)
    assert getattr(route_to(routes, OUTSIDE), "name", "") == "routes[1]"
    assert getattr(route_to(routes, IPv4Network("30.0.0.0/8")), "name", "") == "routes[0]"
    assert route_to([], OUTSIDE) is None


def test_firewall_rules_are_in_the_order_in_which_they_act() -> None:
    world = site()
    nat = {"name": "n", "priority": 900, "ruleCollectionType": "FirewallPolicyNatRuleCollection",
           "rules": [{"ruleType": "NatRule", "name": "in"}]}  # fmt: skip
    collections = [collection("names", name_rule(name="late"), priority=300),
                   collection("first", name_rule(name="soon")),
                   collection("zones", zone_rule(), priority=800), nat]  # fmt: skip
    world["rules"] = replace(world["rules"], inputs={"priority": 200, "ruleCollections": collections})
    found = rules_of_policy(world["policy"], PolicyContext(world.values()))
    assert [r.name for r in found] == ["in", "zones", "every-name", "soon", "late"]
    assert found[3].names == ("login.microsoftonline.com", "pas.windows.net")


def test_subnets_are_found_inline_and_on_their_own() -> None:
    world = site()
    room = replace(
        world["room"], inputs={**world["room"].inputs, "subnets": [{"name": "Side", "addressPrefix": "10.65.0.0/26"}]}
    )
    estate = PolicyContext((world | {"room": room}).values())
    assert sorted(s.name for s in subnets_of(room, estate)) == ["desks", "side"]
    found = subnet_of(below(f"{ROOM}/subnets/SIDE"), estate)
    assert found is not None and found.prefixes == [IPv4Network("10.65.0.0/26")]
    assert subnet_of(below(f"{ROOM}/subnets/none"), estate) is None


def test_the_firewall_has_the_first_address_that_azure_gives() -> None:
    assert list(firewall_addresses(PolicyContext(site().values()))) == ["10.64.0.4"]
