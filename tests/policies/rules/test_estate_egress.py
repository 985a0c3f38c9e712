"""Rules to public addresses are the egress rules that the estate names (FW13, NW21)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from formats.addresses import TenancyKind
from formats.plan import UNKNOWN
from policies.model import Resource
from tests.policies import shipped
from tests.policies.rules.shipped_cases import blocking, having, names, one, resources

TENANCY = "tre-hcm-progression"
GROUP, NSG = "network:FirewallPolicyRuleCollectionGroup", "network:NetworkSecurityGroup"


def with_rule(group: Resource, rule: dict[str, Any], path: str, like: str) -> Resource:
    """Return a group with one more rule, like the one of that name."""
    rules = copy.deepcopy(group.at(path))
    sample = next(r for r in rules if r["name"] == like)
    return having(group, path, [*rules, {**sample, "name": "more", **rule}])


def firewall_rule(**rule: Any) -> Resource:
    group = one("platform", GROUP, "firewall-bespoke")
    index = next(
        i for i, c in enumerate(group.at("ruleCollections")) if any(r["name"] == "packages" for r in c["rules"])
    )
    return with_rule(group, rule, f"ruleCollections[{index}].rules", "packages")


def group_rule(**rule: Any) -> Resource:
    group = next(r for r in resources() if r.stack == TENANCY and r.type == NSG
                 and any(rule["name"] == "packages-egress" for rule in r.at("securityRules")))  # fmt: skip
    return with_rule(group, {"priority": 399, **rule}, "securityRules", "packages-egress")


@pytest.mark.parametrize("policy", ["FW13", "NW21"])
def test_the_shipped_estate_passes(policy: str) -> None:
    assert blocking(policy) == []


@pytest.mark.parametrize("rule", [
    {"destinationAddresses": ["198.51.100.16/28"]}, {"destinationAddresses": ["203.0.113.24"]},
    {"destinationAddresses": ["203.0.113.0/24"]}, {"destinationAddresses": ["203.0.113.17", "8.8.8.8"]},
    {"destinationPorts": ["80"]}, {"destinationPorts": ["443", "8443"]}, {"destinationPorts": ["*"]},
    {"sourceAddresses": ["10.64.0.0/16"]}, {"sourceAddresses": ["*"]}, {"destinationAddresses": UNKNOWN},
])  # fmt: skip
def test_a_firewall_rule_that_the_estate_does_not_name_is_refused(rule: dict[str, Any]) -> None:
    assert names(blocking("FW13", firewall_rule(**rule))) == {"firewall-bespoke"}


@pytest.mark.parametrize("rule", [
    {"destinationAddressPrefix": "198.51.100.16/28"}, {"destinationAddressPrefix": "203.0.113.0/28"},
    {"destinationPortRange": "80"}, {"destinationPortRange": "443-444"}, {"destinationAddressPrefix": "*"},
    {"destinationAddressPrefix": UNKNOWN},
])  # fmt: skip
def test_a_group_rule_that_the_estate_does_not_name_is_refused(rule: dict[str, Any]) -> None:
    changed = group_rule(**rule)
    assert {f.urn for f in blocking("NW21", changed)} == {changed.urn}


def test_a_part_of_a_named_range_passes() -> None:
    assert blocking("FW13", firewall_rule(destinationAddresses=["203.0.113.17"])) == []
    assert blocking("NW21", group_rule(destinationAddressPrefix="203.0.113.17")) == []


def test_a_rule_that_the_estate_no_longer_names_is_refused() -> None:
    configs = dict(shipped.configs())
    configs["platform"] = configs["platform"].model_copy(update={"egress": {TenancyKind.BESPOKE: ()}})
    configs[TENANCY] = configs[TENANCY].model_copy(update={"egress": ()})
    assert names(blocking("FW13", configs=configs)) == {"firewall-bespoke"}
    assert {f.stack for f in blocking("NW21", configs=configs)} == {TENANCY}
