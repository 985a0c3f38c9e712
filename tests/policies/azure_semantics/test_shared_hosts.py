"""Hosts where anyone can open an account: the rule and the flow analysis take them for the same."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from policies.azure_semantics.firewall import rules_of
from policies.azure_semantics.shared_hosts import CUSTOMER_DOMAINS, MULTI_CUSTOMER_HOSTS
from policies.catalogue.fw5 import POLICY
from policies.model import Estate, Resource
from policies.reachability.control_sets import ALWAYS
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.topology import Firewall, Topology
from policies.reachability.view import AnalysedEstate
from tests.policies.catalogue.cases import made
from tests.policies.catalogue.site import collection, name_rule

SENDER = IPv4Network("10.65.0.128/25")


def _allowing(name: str) -> Resource:
    """A rule collection group with one application rule, for a name."""
    rule = {**name_rule(name="asked"), "sourceAddresses": ["*"], "targetFqdns": [name]}
    return made(POLICY.on[0], "rules", priority=200, ruleCollections=[collection("names", rule)])


def _is_refused(name: str) -> bool:
    """True if the rule FW5 finds fault with a name."""
    group = _allowing(name)
    return any(POLICY.judge(group, Estate([group])))


def _leads_to_the_internet(name: str) -> bool:
    """True if the flow analysis counts a name as a destination of an outsider's."""
    group = _allowing(name)
    rules = tuple(rules_of(group, Estate([group])))
    firewall = Firewall("/f", "/n", IPv4Network("10.64.0.0/26"), "10.64.0.4", "/p", rules, (), False)
    topology = Topology(AnalysedEstate(Estate([])), [])
    return FirewallEvaluator(firewall, topology).by_name(SENDER, "") == ALWAYS


@pytest.mark.parametrize("name", sorted({f"*.{domain}" for domain in CUSTOMER_DOMAINS} | MULTI_CUSTOMER_HOSTS))
def test_the_rule_and_the_flow_analysis_take_a_host_for_the_same(name: str) -> None:
    assert _is_refused(name)
    assert _leads_to_the_internet(name)


@pytest.mark.parametrize("domain", sorted(CUSTOMER_DOMAINS))
def test_the_flow_analysis_takes_one_customer_s_host_for_an_outsider_s(domain: str) -> None:
    assert _leads_to_the_internet(f"one-customer.{domain}")


def test_a_host_of_its_owner_s_alone_is_allowed() -> None:
    assert not _is_refused("packages.example.org")
    assert not _leads_to_the_internet("packages.example.org")
