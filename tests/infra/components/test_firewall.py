"""The firewall component."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise

import pytest

from formats.addresses import first_usable
from infra.stacks.programs import declare_stack
from tests.infra import samples
from tests.infra.mock_stack import MockStack, run


def test_the_first_usable_address_follows_azures_reserved_ones() -> None:
    assert first_usable(IPv4Network("10.64.0.0/26")) == IPv4Address("10.64.0.4")


def test_another_address_than_the_networks_use_stops_the_run() -> None:
    elsewhere = samples.platform(addresses="10.64.4.0/22")
    with pytest.raises(RuntimeError, match=r"the networks use 10\.64\.4\.4"):
        run(lambda: declare_stack(elsewhere))


def test_threats_are_denied_and_dns_proxy_is_on(platform: MockStack) -> None:
    (policy,) = platform.of("FirewallPolicy")
    assert policy.inputs["sku"] == {"tier": "Premium"}
    assert policy.inputs["threatIntelMode"] == "Deny"
    assert policy.inputs["intrusionDetection"]["mode"] == "Deny"
    assert policy.inputs["dnsSettings"]["enableProxy"] is True


def test_rule_groups_are_created_one_by_one_before_the_firewall(platform: MockStack) -> None:
    groups = platform.of("FirewallPolicyRuleCollectionGroup")
    for before, after in pairwise(groups):
        assert before.urn in after.depends_on
    assert groups[-1].urn in platform.of("AzureFirewall")[0].depends_on
