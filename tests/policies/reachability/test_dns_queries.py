"""DNS as a way out of a tenancy: each control that fails makes the flow shallower by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from policies.azure_semantics import ids
from policies.model import Resource
from policies.reachability.dns_queries import DnsQueries
from policies.reachability.egress import Egress
from policies.reachability.subnet_paths import SubnetPaths
from policies.reachability.topology import Topology
from tests.policies.reachability.sample_estates import TENANCY, added, changed, estate, named, seen

RULE, LIST = "dnsresolver:DnsSecurityRule", "dnsresolver:DnsResolverDomainList"
LINK, NSG = "dnsresolver:DnsResolverPolicyVirtualNetworkLink", "network:NetworkSecurityGroup"
SPOKE, HUB = (TENANCY, "net"), ("platform", "hub")


def _ways(resources: Sequence[Resource]) -> tuple[dict[str, int], list[str]]:
    """Return the number of controls of each way of a DNS query from the desk, and what is not known."""
    unknowns: list[str] = []
    topology = Topology(seen(resources), unknowns)
    egress = Egress(topology)
    desk = named(resources, TENANCY, "compute:VirtualMachine", "desk")
    (location,) = topology.locations_of(desk)
    queries = DnsQueries(topology, egress, SubnetPaths(topology, egress, [], {}))
    assert location.subnet
    ways = {
        "azure": queries._directly(location, location.subnet, 6),
        "proxy": queries._by_proxy(location, location.subnet, topology.firewalls[0], 6),
    }
    return {name: min((found.size for found in sets), default=9) for name, sets in ways.items()}, unknowns


def _with(resources: Sequence[Resource], of: tuple[str, str], type_: str, name: str, **inputs: Any) -> list[Resource]:
    resource = named(resources, of[0], type_, f"{of[1]}{name}")
    return changed(resources, ids.plain(resource.id), **inputs)


def _without(resources: Sequence[Resource], of: tuple[str, str], type_: str, name: str = "") -> list[Resource]:
    gone = named(resources, of[0], type_, f"{of[1]}{name}")
    return [one for one in resources if one is not gone]


def _nsg(resources: Sequence[Resource], name: str, *rules: dict[str, Any], without: str = "") -> list[Resource]:
    group = named(resources, TENANCY, NSG, name)
    kept = [rule for rule in group.inputs["securityRules"] if rule["name"] != without]
    return changed(resources, ids.plain(group.id), securityRules=[*kept, *rules])


def _allowing(protocol: str) -> dict[str, Any]:
    return {"name": "names", "priority": 150, "direction": "Outbound", "access": "Allow", "protocol": protocol,
            "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "10.64.0.4",
            "destinationPortRange": "53"}  # fmt: skip


def test_three_controls_are_on_each_way() -> None:
    assert _ways(estate(1)) == ({"azure": 3, "proxy": 3}, [])


@pytest.mark.parametrize(
    ("of", "type_", "name", "inputs"),
    [
        (SPOKE, LINK, "", None),
        (SPOKE, RULE, "-block", None),
        (SPOKE, RULE, "-block", {"dnsSecurityRuleState": "Disabled"}),
        (SPOKE, RULE, "-block", {"action": {"actionType": "Alert"}}),
        (SPOKE, LIST, "-block", {"domains": ["example.org."]}),
        (HUB, LINK, "", None),
        (HUB, RULE, "-block", None),
        (HUB, RULE, "-block", {"priority": 90, "dnsSecurityRuleState": "Disabled"}),
        (HUB, LIST, "-allow", {"domains": ["core.windows.net.", "*.example.org."]}),
        (HUB, LIST, "-allow", {"domains": ["trafficmanager.net."]}),
        (HUB, LIST, "-allow", {"domains": ["net."]}),
    ],
)
def test_a_weaker_policy_is_no_control(of: tuple[str, str], type_: str, name: str, inputs: Any) -> None:
    weaker = _without(estate(1), of, type_, name) if inputs is None else _with(estate(1), of, type_, name, **inputs)
    way = "azure" if of is SPOKE else "proxy"
    assert _ways(weaker)[0] == {"azure": 3, "proxy": 3} | {way: 2}


def test_a_list_that_is_not_known_is_no_control() -> None:
    ways, unknowns = _ways(_without(estate(1), HUB, LIST, "-allow"))
    assert ways == {"azure": 3, "proxy": 2}
    assert len(unknowns) == 1
    assert "vnet-wmsde-platform-hub" in unknowns[0]


def test_a_second_policy_of_a_network_is_no_control() -> None:
    policy = named(estate(1), "platform", "dnsresolver:DnsResolverPolicy", "hub")
    network = named(estate(1), TENANCY, "network:VirtualNetwork", "net")
    second = added(LINK, "second", f"{policy.id}/virtualNetworkLinks/second", virtualNetwork={"id": network.id})
    ways, unknowns = _ways([*estate(1), second])
    assert ways == {"azure": 2, "proxy": 3}
    assert len(unknowns) == 1


@pytest.mark.parametrize("name", ["net-desks", "desk-interface"])
def test_each_group_that_names_azures_dns_is_a_control(name: str) -> None:
    assert _ways(_nsg(estate(1), name, without="deny-azure-dns-out"))[0] == {"azure": 2, "proxy": 3}


@pytest.mark.parametrize("address", ["168.63.129.16", "168.63.128.0/20"])
def test_a_rule_for_the_address_of_azures_dns_comes_before_its_denial(address: str) -> None:
    rule = {**_allowing("Udp"), "destinationAddressPrefix": address}
    assert _ways(_nsg(estate(1), "desk-interface", rule))[0]["azure"] == 2


@pytest.mark.parametrize("protocol", ["Udp", "Tcp", "*"])
def test_a_rule_for_either_protocol_opens_the_proxy(protocol: str) -> None:
    assert _ways(_nsg(estate(1), "desk-interface", _allowing(protocol)))[0] == {"azure": 3, "proxy": 2}


def test_a_policy_elsewhere_does_not_answer_for_other_servers() -> None:
    policy = named(estate(1), "platform", "network:FirewallPolicy", "firewall")
    settings = {"enableProxy": True, "servers": ["10.99.0.4"]}
    assert _ways(changed(estate(1), ids.plain(policy.id), dnsSettings=settings))[0] == {"azure": 3, "proxy": 2}


def test_a_firewall_that_is_no_proxy_is_a_control_more() -> None:
    policy = named(estate(1), "platform", "network:FirewallPolicy", "firewall")
    assert _ways(changed(estate(1), ids.plain(policy.id), dnsSettings={"enableProxy": False}))[0]["proxy"] == 4
