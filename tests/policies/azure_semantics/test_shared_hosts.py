"""Hosts where anyone can open an account: the rule and the flow analysis agree on them."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from policies.azure_semantics.firewall import rules_of
from policies.azure_semantics.shared_hosts import MULTI_CUSTOMER_DOMAINS, MULTI_CUSTOMER_HOSTS
from policies.estate_view import EstateView
from policies.model import PolicyContext, Resource
from policies.reachability.control_sets import ALWAYS
from policies.reachability.firewall import FirewallEvaluator
from policies.reachability.topology import Firewall, Topology
from policies.rules.firewall.shared_hosts import POLICY
from tests.policies.rules.cases import made
from tests.policies.rules.sample_estate import collection, name_rule

SENDER = IPv4Network("10.65.0.128/25")


def _allowing(name: str) -> Resource:
    """Return a rule collection group with one application rule, for a name."""
    rule = {**name_rule(name="asked"), "sourceAddresses": ["*"], "targetFqdns": [name]}
    return made(POLICY.resource_types[0], "rules", priority=200, ruleCollections=[collection("names", rule)])


def _is_refused(name: str) -> bool:
    """Return True if the rule FW5 refuses a name."""
    group = _allowing(name)
    return any(POLICY.check(group, PolicyContext([group])))


def _leads_to_the_internet(name: str) -> bool:
    """Return True if the flow analysis counts a name as an outsider's."""
    group = _allowing(name)
    rules = tuple(rules_of(group, PolicyContext([group])))
    firewall = Firewall("/f", "/n", IPv4Network("10.64.0.0/26"), "10.64.0.4", "/p", rules, (), False)
    topology = Topology(EstateView([]), [])
    return FirewallEvaluator(firewall, topology).by_name(SENDER, "") == ALWAYS


@pytest.mark.parametrize("name", sorted({f"*.{domain}" for domain in MULTI_CUSTOMER_DOMAINS} | MULTI_CUSTOMER_HOSTS))
def test_the_rule_and_the_flow_analysis_agree_on_a_shared_host(name: str) -> None:
    assert _is_refused(name)
    assert _leads_to_the_internet(name)


@pytest.mark.parametrize("domain", sorted(MULTI_CUSTOMER_DOMAINS))
def test_the_flow_analysis_counts_a_customer_s_host_as_shared(domain: str) -> None:
    assert _leads_to_the_internet(f"one-customer.{domain}")


def test_a_host_of_one_owner_is_allowed() -> None:
    assert not _is_refused("packages.example.org")
    assert not _leads_to_the_internet("packages.example.org")
