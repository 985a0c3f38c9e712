"""The gateway that connects sites: what a site reaches, and how."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from pydantic import ValidationError

from infra.stacks.programs import declare_stack
from tests.infra import samples
from tests.infra.mock_stack import MockStack, run

DEVICE = "203.0.113.9"
TRUST = {"name": "trust", "gateway": "vpn", "device": DEVICE, "ranges": ["192.168.60.16/28"], "inboxes": ["10.64.8.68"]}
PRACTICE = {**TRUST, "name": "practice", "ranges": ["192.168.61.4"], "inboxes": ["10.64.8.69"]}
FAR = {**TRUST, "name": "far", "device": "198.51.100.4", "ranges": ["192.168.62.4"], "inboxes": ["10.64.8.70"]}
TYPES = ("VirtualNetworkGateway", "LocalNetworkGateway", "VirtualNetworkGatewayConnection", "RandomBytes")


@pytest.fixture(scope="module")
def hub() -> MockStack:
    """A hub with three sites, two of them behind one device."""
    return run(lambda: declare_stack(samples.platform(sites=[TRUST, PRACTICE, FAR])), name="platform")


def _subnet_routes(hub: MockStack) -> list[dict[str, Any]]:
    subnet, table = hub.one("Subnet", "hub-gateway"), hub.one("RouteTable", "hub-gateway")
    assert subnet.inputs["routeTable"]["id"].endswith("/RouteTable/hub-gateway")
    assert table.inputs["disableBgpRoutePropagation"] is False, "a gateway does not work without"
    return list(table.inputs["routes"])


def test_a_hub_without_sites_has_no_gateway(platform: MockStack) -> None:
    assert not [one for type_ in TYPES for one in platform.of(type_)]
    assert "hub-gateway" not in {one.name for one in platform.of("Subnet")}


def test_the_gateways_subnet_leads_to_the_inboxes_through_the_firewall(hub: MockStack) -> None:
    subnet = hub.one("Subnet", "hub-gateway").inputs
    assert (subnet["subnetName"], subnet["addressPrefix"]) == ("GatewaySubnet", "10.64.0.192/26")
    assert "networkSecurityGroup" not in subnet
    assert {(r["addressPrefix"], r["nextHopType"], r["nextHopIpAddress"]) for r in _subnet_routes(hub)} == {
        (f"10.64.8.{n}/32", "VirtualAppliance", "10.64.0.4") for n in (68, 69, 70)
    }


def test_sites_behind_one_device_share_a_connection(hub: MockStack) -> None:
    remotes = {one.inputs["gatewayIpAddress"]: one.inputs for one in hub.of("LocalNetworkGateway")}
    assert {d: one["localNetworkAddressSpace"]["addressPrefixes"] for d, one in remotes.items()} == {
        DEVICE: ["192.168.60.16/28", "192.168.61.4/32"],
        "198.51.100.4": ["192.168.62.4/32"],
    }
    selectors = hub.one("VirtualNetworkGatewayConnection", "gateway-203-0-113-9").inputs["trafficSelectorPolicies"]
    assert [(s["localAddressRanges"], s["remoteAddressRanges"]) for s in selectors] == [
        (["10.64.8.68/32"], ["192.168.60.16/28"]),
        (["10.64.8.69/32"], ["192.168.61.4/32"]),
    ]


def test_each_connection_has_a_random_key_of_its_own(hub: MockStack) -> None:
    connections, keys = hub.of("VirtualNetworkGatewayConnection"), hub.of("RandomBytes")
    assert {one.name for one in connections} == {one.name for one in keys}
    assert all(one.inputs["length"] == 32 and not one.protect for one in keys), "a site can be closed"


def test_a_renewal_replaces_the_key_of_one_device() -> None:
    renewed = run(lambda: declare_stack(samples.platform(sites=[TRUST, {**PRACTICE, "key_renewals": 1}, FAR])))
    assert {one.name: one.inputs.get("keepers") for one in renewed.of("RandomBytes")} == {
        "gateway-203-0-113-9": {"practice": "1"}, "gateway-198-51-100-4": None
    }  # fmt: skip


def test_a_tunnel_has_strong_algorithms_and_no_routing_protocol(hub: MockStack) -> None:
    for connection in hub.of("VirtualNetworkGatewayConnection"):
        (policy,) = connection.inputs["ipsecPolicies"]
        assert {value for value in policy.values() if isinstance(value, str)} == {"GCMAES256", "SHA384", "ECP384"}
        assert (connection.inputs["connectionProtocol"], connection.inputs["enableBgp"]) == ("IKEv2", False)


def test_the_gateway_waits_for_the_firewall_and_bastion(hub: MockStack) -> None:
    (gateway,) = hub.of("VirtualNetworkGateway")
    names = {urn.rpartition("::")[2] for urn in gateway.depends_on}
    assert {"firewall", "bastion", "hub-gateway"} <= names


def _rules(hub: MockStack, group: str) -> dict[str, dict[str, Any]]:
    (collection,) = hub.one("FirewallPolicyRuleCollectionGroup", f"firewall-{group}").inputs["ruleCollections"]
    return {rule["name"]: rule for rule in collection["rules"]}


def test_a_site_reaches_its_inboxes_over_https_alone(hub: MockStack) -> None:
    allowed = {
        (rule["sourceAddresses"][0], rule["destinationAddresses"][0], *rule["destinationPorts"], *rule["ipProtocols"])
        for rule in _rules(hub, "sites").values()
    }
    assert allowed == {
        ("192.168.60.16/28", "10.64.8.68", "443", "TCP"),
        ("192.168.61.4/32", "10.64.8.69", "443", "TCP"),
        ("192.168.62.4/32", "10.64.8.70", "443", "TCP"),
    }


def test_a_site_is_denied_every_other_address_first(hub: MockStack) -> None:
    groups = {one.name: one.inputs["priority"] for one in hub.of("FirewallPolicyRuleCollectionGroup")}
    network_rules = {name: order for name, order in groups.items() if name not in ("firewall-names",)}
    assert min(network_rules, key=network_rules.__getitem__) == "firewall-site-limits"
    for rule, inbox in zip(
        _rules(hub, "site-limits").values(), ("10.64.8.68", "10.64.8.69", "10.64.8.70"), strict=True
    ):
        denied = [IPv4Network(one) for one in rule["destinationAddresses"]]
        assert sum(one.num_addresses for one in denied) == 2**32 - 1
        assert not any(IPv4Address(inbox) in one for one in denied)
        assert (rule["destinationPorts"], rule["ipProtocols"]) == (["*"], ["Any"])


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"inboxes": []}, "inboxes"),
        ({"ranges": ["10.64.9.0/28"]}, "outside 10.64.8.0/21"),
        ({"ranges": ["10.0.0.0/8"]}, "narrower"),
        ({"ranges": ["203.0.113.16/29"]}, "which an egress rule allows"),
        ({"device": None}, "device"),
        ({"gateway": "expressroute"}, "vpn"),
    ],
)  # fmt: skip
def test_a_configuration_with_another_kind_of_site_is_refused(edit: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        samples.platform(sites=[{**TRUST, **edit}])
