"""The network path of a request: names, routes, security groups, firewall, private endpoint, public address."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest

from local_azure.data_plane.answers import Answer, Control
from local_azure.data_plane.blobs import Operation
from local_azure.data_plane.places import AtSite, PublicAddress, place_of, subnet_place
from local_azure.model import AzureError
from tests.local_azure.data_plane.world import ACCOUNT, NETWORKS, World, allow, deny, network_rule, nsg_rule

OUTSIDE = PublicAddress(IPv4Address("198.51.100.7"))
ENDPOINTS = f"{NETWORKS}/virtualNetworks/data/subnets/endpoints"
DESKS = f"{NETWORKS}/virtualNetworks/spoke/subnets/desks"
ZONE = f"{NETWORKS}/privateDnsZones/privatelink.blob.core.windows.net"
STORE = network_rule("store", "10.0.1.0/24", "10.0.2.4")
ENTRA = network_rule("entra", "10.0.1.0/24", "AzureActiveDirectory")
TIMED_OUT, NO_NAME, UNAUTHORIZED = (0, "ConnectionTimedOut"), (0, "NameResolutionFailed"), (403, "AuthorizationFailure")


def refusal(answer: Answer) -> tuple[tuple[int, str], Control]:
    assert answer.decided_by, answer.steps
    return (answer.status, answer.code), answer.decided_by.control


def test_a_request_passes_the_firewall_to_the_private_endpoint(world: World) -> None:
    answer = world.ask(Operation.LIST)
    assert answer.allowed, answer.decided_by
    passed = [step.detail for step in answer.steps]
    assert (
        "store.blob.core.windows.net is 10.0.2.4: the zone privatelink.blob.core.windows.net, linked to hub" in passed
    )
    assert any("rule store allows 10.0.1.62 to 10.0.2.4 port 443; its source is 10.0.0.62" in one for one in passed)


@pytest.mark.parametrize(
    "collections",
    [
        [allow(ENTRA)],
        [allow(network_rule("store", "10.0.9.0/24", "10.0.2.4"), ENTRA)],
        [allow(network_rule("store", "10.0.1.0/24", "10.0.2.5"), ENTRA)],
        [allow(network_rule("store", "10.0.1.0/24", "10.0.2.4", "80-442"), ENTRA)],
        [allow(network_rule("store", "10.0.1.0/24", "10.0.2.4", ipProtocols=["UDP"]), ENTRA)],
        [allow(STORE, ENTRA, priority=200), deny(STORE, priority=100)],
    ],
)
def test_the_firewall_drops_what_no_rule_allows_first(world: World, collections: list[dict[str, Any]]) -> None:
    world.rules(*collections)
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.FIREWALL)


def test_the_priority_of_a_group_comes_before_that_of_a_collection(world: World) -> None:
    world.rules(deny(STORE, priority=100), name="late", priority=900)
    assert world.ask(Operation.LIST).allowed
    world.rules(deny(STORE, priority=9000), name="early", priority=50)
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.FIREWALL)


def test_a_person_in_a_network_needs_the_way_to_entra(world: World) -> None:
    world.rules(allow(STORE))
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.FIREWALL)


def test_an_application_rule_admits_a_host_name_after_network_rules(world: World) -> None:
    rule = {
        "ruleType": "ApplicationRule",
        "name": "names",
        "sourceAddresses": ["*"],
        "targetFqdns": ["*.blob.core.windows.net"],
        "protocols": [{"protocolType": "Https", "port": 443}],
    }
    world.change(ACCOUNT, publicNetworkAccess="Enabled", networkRuleSet={"defaultAction": "Allow"})
    world.change(f"{ZONE}/virtualNetworkLinks/hub", virtualNetwork={"id": f"{NETWORKS}/virtualNetworks/data"})
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.FIREWALL)
    world.rules(allow(ENTRA), allow(rule, priority=200))
    assert world.ask(Operation.LIST).allowed


def test_without_translation_the_peering_must_accept_forwarded_traffic(world: World) -> None:
    world.change(f"{NETWORKS}/firewallPolicies/policy", snat={"privateRanges": ["IANAPrivateRanges"]})
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.ROUTE)
    world.peer("data", "hub", allowForwardedTraffic=True)
    answer = world.ask(Operation.LIST)
    assert answer.allowed
    assert any("its source is 10.0.1.62" in step.detail for step in answer.steps)


@pytest.mark.parametrize(
    ("rules", "admitted"),
    [
        ([nsg_rule("deny", 100, "Deny", sourceAddressPrefix="10.0.1.0/24")], True),  # not the desk's: translated
        ([nsg_rule("deny", 100, "Deny", sourceAddressPrefix="10.0.0.4")], True),  # not always this one
        ([nsg_rule("deny", 100, "Deny", sourceAddressPrefix="10.0.0.0/26")], False),
        ([nsg_rule("deny", 200, "Deny"), nsg_rule("allow", 100, sourceAddressPrefix="VirtualNetwork")], True),
        ([nsg_rule("deny", 200, "Deny"), nsg_rule("allow", 100, sourceAddressPrefix="Internet")], False),
        ([nsg_rule("deny", 200, "Deny"), nsg_rule("allow", 100, destinationPortRange="444-500")], False),
        ([nsg_rule("deny", 200, "Deny"), nsg_rule("allow", 100, protocol="Udp")], False),
        ([nsg_rule("deny", 200, "Deny"), nsg_rule("allow", 100, direction="Outbound")], False),
        ([nsg_rule("deny", 200, "Deny"), nsg_rule("allow", 100, sourceAddressPrefix=None,
                                                  sourceAddressPrefixes=["10.9.0.0/16", "10.0.0.0/24"])], True),
        ([], True),  # the default rules allow the network and its peers
    ],
)  # fmt: skip
def test_the_group_of_the_endpoints_decides_by_its_first_match(
    world: World, rules: list[dict[str, Any]], admitted: bool
) -> None:
    world.change(ENDPOINTS, networkSecurityGroup={"id": world.group("nsg", *rules)})
    answer = world.ask(Operation.LIST)
    assert answer.allowed is admitted
    if not admitted:
        assert refusal(answer) == (TIMED_OUT, Control.SECURITY_GROUP)


@pytest.mark.parametrize("policies", ["Disabled", "RouteTableEnabled"])
def test_a_group_without_network_policies_is_not_for_endpoints(world: World, policies: str) -> None:
    group = world.group("nsg", nsg_rule("deny", 100, "Deny"))
    world.change(ENDPOINTS, networkSecurityGroup={"id": group}, privateEndpointNetworkPolicies=policies)
    assert world.ask(Operation.LIST).allowed


def test_the_group_of_the_source_decides_too(world: World) -> None:
    out = nsg_rule("deny", 100, "Deny", direction="Outbound", destinationAddressPrefix="10.0.2.0/24")
    world.change(DESKS, networkSecurityGroup={"id": world.group("nsg", out)})
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.SECURITY_GROUP)


def test_application_security_groups_are_not_guessed(world: World) -> None:
    rule = nsg_rule("asg", 100, sourceAddressPrefix=None, sourceApplicationSecurityGroups=[{"id": "x"}])
    world.change(ENDPOINTS, networkSecurityGroup={"id": world.group("nsg", rule)})
    with pytest.raises(AzureError, match="application security groups"):
        world.ask(Operation.LIST)


def test_a_peering_of_one_side_is_no_way(world: World) -> None:
    world.store.remove(f"{NETWORKS}/virtualNetworks/data/virtualNetworkPeerings/hub")
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.ROUTE)


def test_spokes_without_a_firewall_between_them_do_not_connect(world: World) -> None:
    world.change(f"{NETWORKS}/routeTables/tunnel", routes=[])
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.ROUTE)


def test_a_default_route_does_not_override_the_route_to_an_endpoint(world: World) -> None:
    world.rules(allow(ENTRA))
    world.peer("spoke", "data")
    world.peer("data", "spoke")
    assert world.ask(Operation.LIST).allowed  # directly, past the firewall


def test_a_route_as_long_as_the_network_overrides_it_with_policies(world: World) -> None:
    world.rules(allow(ENTRA))
    world.peer("spoke", "data")
    world.peer("data", "spoke")
    to_firewall = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}
    prefixes = ("0.0.0.0/0", "10.0.2.0/24")
    world.change(f"{NETWORKS}/routeTables/tunnel", routes=[{"addressPrefix": one, **to_firewall} for one in prefixes])
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.FIREWALL)
    world.change(ENDPOINTS, privateEndpointNetworkPolicies="NetworkSecurityGroupEnabled")
    assert world.ask(Operation.LIST).allowed


def test_a_zone_without_the_record_knows_no_such_name(world: World) -> None:
    world.change(f"{NETWORKS}/privateEndpoints/pep/privateDnsZoneGroups/default", privateDnsZoneConfigs=[])
    assert refusal(world.ask(Operation.LIST)) == (NO_NAME, Control.NAMES)
    world.change(f"{ZONE}/virtualNetworkLinks/hub", resolutionPolicy="NxDomainRedirect")
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.FIREWALL)  # to the public address


def test_a_record_of_the_zone_itself_counts_too(world: World) -> None:
    world.change(f"{NETWORKS}/privateEndpoints/pep/privateDnsZoneGroups/default", privateDnsZoneConfigs=[])
    world.put(f"{ZONE}/A/store", "privatedns:PrivateRecordSet", aRecords=[{"ipv4Address": "10.0.2.4"}])
    assert world.ask(Operation.LIST).allowed
    world.put(f"{ZONE}/A/store", "privatedns:PrivateRecordSet", aRecords=[{"ipv4Address": "10.0.2.9"}])
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.ENDPOINT)


def test_a_firewall_without_the_proxy_answers_no_names(world: World) -> None:
    world.change(f"{NETWORKS}/firewallPolicies/policy", dnsSettings={"enableProxy": False})
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.NAMES)


@pytest.mark.parametrize("status", ["Pending", "Rejected", "Disconnected"])
def test_a_connection_that_is_not_approved_carries_nothing(world: World, status: str) -> None:
    connection = {"privateLinkServiceId": ACCOUNT, "privateLinkServiceConnectionState": {"status": status}}
    world.change(f"{NETWORKS}/privateEndpoints/pep", privateLinkServiceConnections=[connection])
    assert refusal(world.ask(Operation.LIST)) == (TIMED_OUT, Control.ENDPOINT)


def test_the_endpoint_of_another_organisation_waits_for_approval(world: World) -> None:
    endpoint = "/subscriptions/other/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/theirs"
    place = place_of(world.store, endpoint)
    assert refusal(world.ask(Operation.LIST, where=place)) == (TIMED_OUT, Control.ENDPOINT)
    for status, admitted in (("Pending", False), ("Approved", True), ("Rejected", False)):
        world.put(f"{ACCOUNT}/privateEndpointConnections/theirs.1", "storage:PrivateEndpointConnection",
                  privateEndpoint={"id": endpoint}, privateLinkServiceConnectionState={"status": status})  # fmt: skip
        assert world.ask(Operation.LIST, where=place).allowed is admitted, status


@pytest.mark.parametrize(
    ("access", "rules", "admitted"),
    [
        ("Disabled", {"defaultAction": "Allow"}, False),
        ("SecuredByPerimeter", {"defaultAction": "Allow"}, False),
        ("Enabled", {"defaultAction": "Allow"}, True),
        ("Enabled", {"defaultAction": "Deny"}, False),
        ("Enabled", {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "198.51.100.0/28"}]}, True),
        ("Enabled", {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "198.51.100.7"}]}, True),
        ("Enabled", {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "198.51.100.16/28"}]}, False),
    ],
)
def test_network_rules_decide_at_the_public_address(
    world: World, access: str, rules: dict[str, Any], admitted: bool
) -> None:
    world.change(ACCOUNT, publicNetworkAccess=access, networkRuleSet=rules)
    answer = world.ask(Operation.LIST, where=OUTSIDE)
    assert answer.allowed is admitted
    if not admitted:
        assert refusal(answer) == (UNAUTHORIZED, Control.NETWORK_RULES)


@pytest.mark.parametrize(
    ("tls", "code"),
    [("1.1", "TlsVersionNotPermitted"), ("1.2", "TlsVersionNotPermitted"), ("", "AccountRequiresHttps")],
)
def test_old_tls_and_http_are_refused(world: World, tls: str, code: str) -> None:
    world.change(ACCOUNT, minimumTlsVersion="TLS1_3")
    assert refusal(world.ask(Operation.LIST, tls=tls)) == ((400, code), Control.TLS)
    assert world.ask(Operation.LIST, tls="1.3").allowed


def connected(world: World, *ranges: str) -> None:
    """Connect a site with these ranges to a gateway in the hub."""
    subnet = world.subnet("hub", "GatewaySubnet", "10.0.0.64/26", routeTable={"id": f"{NETWORKS}/routeTables/site"})
    gateway = world.put(f"{NETWORKS}/virtualNetworkGateways/vgw", "network:VirtualNetworkGateway",
                        ipConfigurations=[{"subnet": {"id": subnet}}])  # fmt: skip
    site = world.put(f"{NETWORKS}/localNetworkGateways/lgw", "network:LocalNetworkGateway",
                     localNetworkAddressSpace={"addressPrefixes": list(ranges)})  # fmt: skip
    world.put(f"{NETWORKS}/connections/con", "network:VirtualNetworkGatewayConnection",
              virtualNetworkGateway1={"id": gateway}, localNetworkGateway2={"id": site})  # fmt: skip


def test_a_site_enters_by_the_gateway_that_names_its_address(world: World) -> None:
    place = place_of(world.store, "10.200.0.7")
    assert place == AtSite(IPv4Address("10.200.0.7"))
    assert refusal(world.ask(Operation.LIST, where=place)) == (TIMED_OUT, Control.SITE)
    connected(world, "10.200.0.8/29")
    assert refusal(world.ask(Operation.LIST, where=place)) == (TIMED_OUT, Control.SITE)
    connected(world, "10.200.0.0/28")
    assert world.ask(Operation.LIST, where=place).allowed


def test_routes_of_the_gateway_send_a_site_to_the_firewall(world: World) -> None:
    connected(world, "10.200.0.0/28")
    place = place_of(world.store, "10.200.0.7")
    to_firewall = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}
    world.put(f"{NETWORKS}/routeTables/site", "network:RouteTable",
              routes=[{"addressPrefix": "10.0.2.0/26", **to_firewall}])  # fmt: skip
    assert refusal(world.ask(Operation.LIST, where=place)) == (TIMED_OUT, Control.FIREWALL)
    world.rules(allow(network_rule("site", "10.200.0.0/28", "10.0.2.4")))
    assert world.ask(Operation.LIST, where=place).allowed


def test_a_place_that_does_not_exist_is_named_with_those_that_do(world: World) -> None:
    with pytest.raises(AzureError, match=r"There is no subnet of spoke nowhere\. There are: desks"):
        subnet_place(world.store, "spoke/nowhere")
    with pytest.raises(AzureError, match=r"There is no virtual machine vm\. There are: none"):
        place_of(world.store, "vm")
