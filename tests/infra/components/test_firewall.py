"""The firewall's address, and what it makes sure of."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise

import pytest

from infra.addresses import first_usable
from infra.stacks.programs import bring_up
from tests.infra import samples
from tests.infra.world import World, run


def test_takes_the_first_address_that_azure_leaves() -> None:
    assert first_usable(IPv4Network("10.64.0.0/26")) == IPv4Address("10.64.0.4")


def test_another_address_than_the_networks_were_told_stops_the_run() -> None:
    elsewhere = samples.platform(addresses="10.64.4.0/22")
    with pytest.raises(RuntimeError, match=r"the networks were told 10\.64\.4\.4"):
        run(lambda: bring_up(elsewhere))


def test_denies_what_is_known_as_bad_and_speaks_for_names(platform: World) -> None:
    (policy,) = platform.of("FirewallPolicy")
    assert policy.inputs["sku"] == {"tier": "Premium"}
    assert policy.inputs["threatIntelMode"] == "Deny"
    assert policy.inputs["intrusionDetection"]["mode"] == "Deny"
    assert policy.inputs["dnsSettings"]["enableProxy"] is True


def test_rule_groups_are_written_one_after_the_other_and_before_the_firewall(platform: World) -> None:
    groups = platform.of("FirewallPolicyRuleCollectionGroup")
    for before, after in pairwise(groups):
        assert before.urn in after.depends_on
    assert groups[-1].urn in platform.of("AzureFirewall")[0].depends_on
