"""Rules for networks: subnets, network security groups, routes, peerings and flow logs, in every notation."""

from __future__ import annotations

from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import PolicyContext, Resource, Verdict
from policies.rules import load
from policies.runner import evaluate
from tests.policies.rules.cases import GONE, TODAY, World, changed, findings, made, verdict, without
from tests.policies.rules.sample_estate import (
    HUB,
    RECORDS,
    ROOM,
    TAGGED,
    below,
    denials,
    peering,
    record,
    ref,
    room_rules,
    rule,
    site,
)
from tests.policies.rules.weakening import REMOVED, cases, family, unknowns

ELSEWHERE = "/subscriptions/e15e/resourceGroups/rg/providers/Microsoft.Network/x/y"
PUBLIC = ("*", "Internet", "INTERNET", "0.0.0.0/0", "0.0.0.0/1", "8.8.8.0/24", "10.0.0.0/7", "AzureCloud",
          "Storage.UKSouth", "2001:db8::/32", "Any")  # fmt: skip
WEAK = cases({
    "NW1": [
        ("fw-address<firewall", REMOVED, ()),
        ("fw-address", "sku.name", ("Basic", GONE)),
        ("fw-address", "natGateway", ({"id": ELSEWHERE},)),
        ("card", "ipConfigurations[0].publicIPAddress", ({"id": ELSEWHERE}, UNKNOWN)),
    ],
    "NW2": [
        ("desks", "networkSecurityGroup", (GONE, {"id": ELSEWHERE})),
        ("hub-bastion", "networkSecurityGroup", (GONE,)),
        ("card", "ipConfigurations[0].subnet.id", (ELSEWHERE, below(f"{HUB}/subnets/AzureFirewallSubnet"))),
    ],
    "NW3": [
        ("desks", "routeTable", (GONE, {"id": ELSEWHERE})),
        ("table", "disableBgpRoutePropagation", (False, GONE)),
        ("desks<table", "routes", ([], GONE)),
        ("desks<table", "routes[0].addressPrefix", ("0.0.0.0/1", "10.0.0.0/8", "Internet")),
        ("desks<table", "routes[0].nextHopType", ("Internet", "VirtualNetworkGateway", "None", GONE)),
        ("desks<table", "routes[0].nextHopIpAddress", ("10.65.0.200", GONE)),
        ("desks<room", "dhcpOptions.dnsServers", (["10.64.0.9"], [])),
    ],
    "NW4": [("desks", "defaultOutboundAccess", (True, GONE))],
    "NW5": [
        ("guard", "securityRules[1].destinationAddressPrefix", (*PUBLIC, GONE)),
        ("guard", "securityRules[1].destinationAddressPrefixes", (["10.65.0.0/26", "Internet"],)),
        ("guard", "securityRules[3].access", ("Allow",)),
        ("guard", "securityRules[3].destinationPortRange", ("443",)),
        ("guard", "securityRules", (GONE, [], denials()[:1])),
        ("bastion-guard", "securityRules[6].destinationPortRange", ("443", "*")),
        ("bastion-guard", "securityRules[5].protocol", ("*",)),
    ],
    "NW6": [
        ("guard", "securityRules[0].sourceAddressPrefix", (*PUBLIC, GONE)),
        ("guard", "securityRules[0].sourceAddressPrefixes", (["10.64.0.128/26", "0.0.0.0/1", "128.0.0.0/1"],)),
        ("guard", "securityRules[2].access", ("Allow",)),
        ("bastion-guard", "securityRules[0].destinationPortRange", ("22", "*", "0-65535")),
        ("bastion-guard<hub-bastion", "subnetName", ("snet-bastion",)),
    ],
    "NW7": [
        ("to-hub", "remoteVirtualNetwork.id", (ELSEWHERE, below("Microsoft.Network/virtualNetworks/vnet-zone"))),
        ("to-hub", "allowGatewayTransit", (True,)),
        ("from-hub", "useRemoteGateways", (True,)),
        ("to-hub<hub-firewall", REMOVED, ()),
        ("hub", "virtualNetworkPeerings", ([{"name": "x", "remoteVirtualNetwork": {"id": ELSEWHERE}}],)),
    ],
    "NW8": [
        ("room<room-record", REMOVED, ()),
        ("room<room-record", "enabled", (False, GONE)),
        ("room<room-record", "targetResourceId", (below(HUB),)),
        ("room-record", "enabled", (False, GONE)),
        ("room-record", "retentionPolicy", ({"enabled": True, "days": 90}, {"enabled": True})),
        ("room-record", "storageId", (ELSEWHERE,)),
        ("room-record", "enabledFilteringCriteria", ("dstPort=443",)),
    ],
    "NW9": [("room", "encryption", (GONE, {"enabled": False})), ("room", "encryption.enforcement", ("Never",))],
    "NW10": [("card", "enableIPForwarding", (True,))],
    "NW11": [("guard", "securityRules", ([], GONE, denials()[:1], denials()[1:])),
             ("guard", "securityRules[2].protocol", ("Tcp",)),
             ("guard", "securityRules[2].sourceAddressPrefix", ("10.0.0.0/8",)),
             ("guard", "securityRules[3].destinationPortRange", ("1-1024",)),
             ("guard", "securityRules[4].destinationAddressPrefix", ("*", "Internet", "168.63.129.16", GONE)),
             ("guard", "securityRules[4].protocol", ("Udp", "Tcp")),
             ("guard", "securityRules[4].destinationPortRange", ("53", "54-65535")),
             ("guard", "securityRules[4].sourceAddressPrefix", ("10.65.0.128/26",)),
             ("guard", "securityRules[4].access", ("Allow",)),
             ("guard", "securityRules[4].direction", ("Inbound",)),
             *(("guard", "securityRules", ([*room_rules(), rule("dns", "Outbound", "Allow", 4009, protocol="Udp",
                                                                destinationAddressPrefix=name)],))
               for name in ("AzurePlatformDNS", "168.63.129.16", "168.0.0.0/8"))],
    "NW12": [
        ("guard", "securityRules[0].destinationPortRange", ("*", "0-65535", "1-1024")),
        ("guard", "securityRules[0].sourceAddressPrefix", ("VirtualNetwork", "virtualnetwork", "10.0.0.0/8")),
        ("guard", "securityRules[1].destinationPortRanges", (["443", "1000-2000"],)),
    ],
    "NW13": [("table", "routes[0].nextHopIpAddress", ("10.64.0.5", GONE)),
             ("room", "dhcpOptions.dnsServers", (["10.64.0.5"],)),
             ("table<firewall", REMOVED, ())],
    "NW14": [("desks", "serviceEndpoints", ([{"service": "Microsoft.Storage"}],))],
    "NW15": [("desks", "privateEndpointNetworkPolicies", ("Disabled", "RouteTableEnabled", GONE))],
    "NW16": [
        ("table", "routes[0].nextHopType", ("Internet", "VirtualNetworkGateway", GONE)),
        ("table", "routes[0].nextHopIpAddress", ("8.8.8.8", GONE)),
    ],
    "NW17": [("from-hub", "allowForwardedTraffic", (True,)),
             ("room", "addressSpace.addressPrefixes", (["8.8.0.0/16"], []))],
    "NW18": [("desks", "natGateway", ({"id": ELSEWHERE},))],
    "NW19": [("card", "networkSecurityGroup", (GONE, {"id": ELSEWHERE},
                                               ref("Microsoft.Network/networkSecurityGroups/nsg-room")))],
    "NW20": [
        ("guard", "securityRules[1].destinationAddressPrefix",
         ("10.65.0.128/28", "10.65.0.0/26", "10.65.0.0/24", "10.65.0.132-10.65.0.133", "*", GONE)),
        ("guard", "securityRules[1].destinationAddressPrefixes", (["10.65.0.132/32", "10.65.0.132/31"],)),
        ("guard", "securityRules[0].destinationPortRanges", (["22", "443"],)),
        ("guard", "securityRules[0].destinationPortRange", ("400-500",)),
    ],
})  # fmt: skip
UNKNOWNS = unknowns({
    "NW1": [("fw-address", "sku.name"), ("card", "ipConfigurations")],
    "NW2": [("desks", "networkSecurityGroup.id"), ("card", "ipConfigurations[0].subnet.id")],
    "NW3": [("desks", "routeTable"), ("table", "disableBgpRoutePropagation"), ("desks<table", "routes"),
            ("desks<table", "routes[0].nextHopIpAddress"), ("desks<room", "dhcpOptions")],
    "NW4": [("desks", "defaultOutboundAccess")],
    "NW5": [("guard", "securityRules"), ("guard", "securityRules[1].destinationAddressPrefix"),
            ("guard", "securityRules[1].access")],
    "NW6": [("guard", "securityRules"), ("guard", "securityRules[0].sourceAddressPrefix")],
    "NW7": [("to-hub", "remoteVirtualNetwork"), ("to-hub", "allowGatewayTransit")],
    "NW8": [("room-record", "enabled"), ("room-record", "retentionPolicy.days"), ("room-record", "storageId")],
    "NW9": [("room", "encryption.enabled")],
    "NW10": [("card", "enableIPForwarding")],
    "NW11": [("guard", "securityRules"), ("guard", "securityRules[2].protocol")],
    "NW12": [("guard", "securityRules[0].destinationPortRange")],
    "NW13": [("table", "routes[0].nextHopIpAddress"), ("room", "dhcpOptions.dnsServers")],
    "NW14": [("desks", "serviceEndpoints")],
    "NW15": [("desks", "privateEndpointNetworkPolicies")],
    "NW16": [("table", "routes"), ("table", "routes[0].nextHopType")],
    "NW17": [("from-hub", "allowForwardedTraffic"), ("room", "addressSpace")],
    "NW18": [("desks", "natGateway.id")],
    "NW19": [("card", "networkSecurityGroup.id"), ("card", "ipConfigurations[0].subnet.id")],
    "NW20": [("guard", "securityRules"), ("guard", "securityRules[1].destinationAddressPrefix"),
             ("guard", "securityRules[1].destinationPortRange")],
})  # fmt: skip


def inline() -> World:
    """Return a network with separate security rules and routes, in another notation."""
    net = {"name": "desks", "addressPrefixes": ["10.65.0.128/25"], "defaultOutboundAccess": False,
           "privateEndpointNetworkPolicies": "Enabled",
           "networkSecurityGroup": ref("Microsoft.Network/networkSecurityGroups/nsg-room"),
           "routeTable": ref("Microsoft.Network/routeTables/rt-room")}  # fmt: skip
    world = changed(without(site(), "desks"), "room", "subnets", [net])
    route = made("network:Route", "route", "Microsoft.Network/routeTables/rt-room/routes/all",
                 **world["table"].inputs["routes"][0])  # fmt: skip
    return changed(world, "table", "routes", []) | {"route": route}


@pytest.mark.parametrize("policy", family("NW"))
def test_another_notation_passes(policy: str) -> None:
    assert not any(f.verdict.blocks for f in findings(inline(), policy))


INLINE = [
    ("NW2", "networkSecurityGroup"), ("NW3", "routeTable"), ("NW4", "defaultOutboundAccess"),
    ("NW15", "privateEndpointNetworkPolicies"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "property_"), INLINE, ids=[p for p, _ in INLINE])
def test_an_inline_subnet_is_checked_like_a_separate_one(policy: str, property_: str) -> None:
    world = inline()
    assert verdict(world, policy, "room") is Verdict.PASS
    assert verdict(changed(world, "room", f"subnets[0].{property_}", GONE), policy, "room") is Verdict.FAIL
    assert verdict(changed(world, "room", f"subnets[0].{property_}", UNKNOWN), policy, "room") is Verdict.UNKNOWN


@pytest.mark.parametrize("hop", ["Internet", "VirtualNetworkGateway"])
def test_a_separate_route_is_checked_with_its_table_too(hop: str) -> None:
    world = changed(inline(), "route", "nextHopType", hop)
    assert verdict(world, "NW16", "route") is Verdict.FAIL
    assert verdict(world, "NW3", "room") is Verdict.FAIL


def test_a_narrower_route_past_the_firewall_is_refused() -> None:
    site_ = site()
    routes = [*site_["table"].inputs["routes"],
              {"name": "side", "addressPrefix": "20.0.0.0/8", "nextHopType": "Internet"}]  # fmt: skip
    assert verdict(changed(site_, "table", "routes", routes), "NW16", "table") is Verdict.FAIL
    hole = {"name": "hole", "addressPrefix": "20.0.0.0/8", "nextHopType": "None"}
    assert verdict(changed(site_, "table", "routes", [routes[0], hole]), "NW16", "table") is Verdict.PASS
    other = {"name": "hop", "addressPrefix": "10.64.8.0/21", "nextHopType": "VirtualAppliance",
             "nextHopIpAddress": "10.65.0.130"}  # fmt: skip
    assert verdict(changed(site_, "table", "routes", [routes[0], other]), "NW16", "table") is Verdict.FAIL


SIDE_DOORS: list[tuple[str, dict[str, Any]]] = [
    ("NW6", rule("in", "Inbound", "Allow", 300, sourceAddressPrefix="Internet", destinationPortRange="22")),
    ("NW5", rule("out", "Outbound", "Allow", 300, destinationAddressPrefix="Storage", destinationPortRange="443")),
    ("NW12", rule("wide", "Inbound", "Allow", 300, sourceAddressPrefix="10.65.0.0/24")),
]


@pytest.mark.parametrize(("policy", "door"), SIDE_DOORS, ids=[p for p, _ in SIDE_DOORS])
def test_a_separate_security_rule_is_checked_like_an_inline_one(policy: str, door: dict[str, Any]) -> None:
    own = made(
        "network:SecurityRule", "door", "Microsoft.Network/networkSecurityGroups/nsg-room/securityRules/door", **door
    )
    assert verdict(site() | {"door": own}, policy, "door") is Verdict.FAIL
    inlined = [*site()["guard"].inputs["securityRules"], door]
    assert verdict(changed(site(), "guard", "securityRules", inlined), policy, "guard") is Verdict.FAIL


def test_separate_denials_count_for_their_group() -> None:
    world = changed(site(), "guard", "securityRules", site()["guard"].inputs["securityRules"][:2])
    own = {f"deny{n}": made("network:SecurityRule", f"deny{n}",
                            f"Microsoft.Network/networkSecurityGroups/nsg-room/securityRules/deny{n}", **r)
           for n, r in enumerate(denials())}  # fmt: skip
    assert verdict(world, "NW11", "guard") is Verdict.FAIL
    assert verdict(world | own, "NW11", "guard") is Verdict.PASS
    assert verdict(world | own, "NW5", "guard") is Verdict.PASS


def test_no_service_is_allowed_and_entra_is_none() -> None:
    door = {"protocol": "Tcp", "destinationPortRange": "443", "destinationAddressPrefix": "AzureActiveDirectory"}
    rules = [*site()["guard"].inputs["securityRules"], rule("sign-in", "Outbound", "Allow", 300, **door)]
    assert verdict(changed(site(), "guard", "securityRules", rules), "NW5", "guard") is Verdict.FAIL
    rules[-1] = {**rules[-1], "destinationAddressPrefix": "192.0.2.1/32"}
    assert verdict(changed(site(), "guard", "securityRules", rules), "NW5", "guard") is Verdict.PASS


MIRROR = {"protocol": "Tcp", "destinationPortRange": "443", "destinationAddressPrefix": "203.0.113.16/29"}
EGRESS = [
    ({}, Verdict.PASS),
    ({"destinationPortRange": None, "destinationPortRanges": ["80", "443"]}, Verdict.PASS),
    ({"destinationAddressPrefix": None, "destinationAddressPrefixes": ["203.0.113.16/28", "8.8.8.8"]}, Verdict.PASS),
    ({"destinationAddressPrefix": "203.0.113.0/27"}, Verdict.FAIL),
    ({"destinationAddressPrefix": None, "destinationAddressPrefixes": ["203.0.113.16/28", "0.0.0.0/1"]}, Verdict.FAIL),
    ({"destinationAddressPrefix": "2001:db8::1/128"}, Verdict.FAIL),
    ({"destinationPortRange": "22"}, Verdict.FAIL),
    ({"destinationPortRange": "*"}, Verdict.FAIL),
    ({"protocol": "*"}, Verdict.FAIL),
]


@pytest.mark.parametrize(("more", "said"), EGRESS, ids=[str(more) for more, _ in EGRESS])
def test_hosts_of_the_estates_egress_are_allowed_on_web_ports(more: dict[str, Any], said: Verdict) -> None:
    rules = [*site()["guard"].inputs["securityRules"], rule("mirror", "Outbound", "Allow", 300, **MIRROR | more)]
    assert verdict(changed(site(), "guard", "securityRules", rules), "NW5", "guard") is said


def test_an_inline_interface_needs_a_security_group() -> None:
    card: dict[str, Any] = {"name": "c", "ipConfigurations": [{"subnet": ref(f"{ROOM}/subnets/desks")}]}
    group = {"networkSecurityGroup": ref("Microsoft.Network/networkSecurityGroups/nsg-card")}
    for more, said in (({}, Verdict.FAIL), (group, Verdict.PASS)):
        desk = made("compute:VirtualMachine", "desk", "Microsoft.Compute/virtualMachines/vm",
                    networkProfile={"networkInterfaceConfigurations": [card | more]})  # fmt: skip
        assert verdict(site() | {"desk": desk}, "NW19", "desk") is said


def test_a_single_stack_may_have_one_foreign_hub() -> None:
    """A workspace with its hub in another stack: one foreign end passes, a second is refused."""
    room = {name: site()[name] for name in ("room", "to-hub", "from-hub")}

    def blocks(world: World) -> bool:
        return evaluate(PolicyContext(world.values(), today=TODAY), {"NW7": load()["NW7"]}, today=TODAY).blocks

    assert not blocks(room)
    side = peering("side", ROOM, "Microsoft.Network/virtualNetworks/other", forwarded=False)
    assert blocks(room | {"side": side})


@pytest.mark.parametrize("type_", ["network:NatGateway", "network:VirtualNetworkGateway", "network:PrivateLinkService"])
def test_types_that_bypass_the_firewall_are_refused(type_: str) -> None:
    way = made(type_, "way", "Microsoft.Network/ways/way", **TAGGED)
    assert verdict(site() | {"way": way}, "NW18", "way") is Verdict.FAIL


def test_a_public_prefix_and_a_load_balancer_are_refused() -> None:
    prefix = made("network:PublicIPPrefix", "prefix", "Microsoft.Network/publicIPPrefixes/p", sku={"name": "Standard"})
    balancer = made("network:LoadBalancer", "lb", "Microsoft.Network/loadBalancers/lb",
                    frontendIPConfigurations=[{"publicIPAddress": {"id": ELSEWHERE}}])  # fmt: skip
    world = site() | {"prefix": prefix, "lb": balancer}
    assert verdict(world, "NW1", "prefix") is Verdict.FAIL
    assert verdict(world, "NW1", "lb") is Verdict.FAIL


def test_an_inline_interface_may_have_no_public_address() -> None:
    card = {
        "name": "c",
        "enableIPForwarding": True,
        "ipConfigurations": [{"publicIPAddressConfiguration": {"name": "p"}}],
    }
    desk = made("compute:VirtualMachine", "desk", "Microsoft.Compute/virtualMachines/vm",
                networkProfile={"networkInterfaceConfigurations": [card]})  # fmt: skip
    assert verdict(site() | {"desk": desk}, "NW1", "desk") is Verdict.FAIL
    assert verdict(site() | {"desk": desk}, "NW10", "desk") is Verdict.FAIL


def test_flow_log_retention_follows_the_data_class() -> None:
    world = changed(site(), "room-record", "retentionPolicy.days", 200)
    assert verdict(world, "NW8", "room-record") is Verdict.FAIL
    for class_, days in (("de-identified", 180), ("synthetic", 90)):
        less = changed(world, "room-record", "retentionPolicy.days", days)
        for name in ("group", "room-record"):
            less = changed(less, name, 'tags["data-class"]', class_)
        assert verdict(less, "NW8", "room-record") is Verdict.PASS
        assert (
            verdict(changed(less, "room-record", "retentionPolicy.days", days - 1), "NW8", "room-record")
            is Verdict.FAIL
        )


def deleting(days: object, **filters: object) -> Resource:
    """Return a lifecycle policy of the store of the flow logs, with one rule that deletes after some days."""
    actions = {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": days}}}
    rule = {"name": "old", "definition": {"filters": {"blobTypes": ["blockBlob"], **filters}, "actions": actions}}
    return made("storage:ManagementPolicy", "lifecycle", f"{RECORDS}/managementPolicies/default",
                policy={"rules": [rule]})  # fmt: skip


@pytest.mark.parametrize(("lifecycle", "wanted"), [
    (deleting(365), Verdict.PASS), (deleting(364), Verdict.FAIL), (deleting(UNKNOWN), Verdict.UNKNOWN),
    (deleting(1, prefixMatch=["insights-logs-flow"]), Verdict.FAIL),
    (deleting(1, prefixMatch=["insights-logs-flowlogflowevent/resourceId="]), Verdict.FAIL),
    (deleting(1, prefixMatch=["other/"]), Verdict.PASS),
])  # fmt: skip
@pytest.mark.parametrize("retention", [{"enabled": False, "days": 0}, GONE])
def test_records_without_retention_follow_the_lifecycle(
    lifecycle: Resource, wanted: Verdict, retention: object
) -> None:
    world = changed(site(), "room-record", "retentionPolicy", retention) | {"lifecycle": lifecycle}
    assert verdict(world, "NW8", "room-record") is wanted


def test_a_flow_log_of_a_subnet_does_not_cover_its_network() -> None:
    world = without(site(), "room-record") | {"part": record("part", f"{ROOM}/subnets/desks")}
    assert verdict(world, "NW8", "room") is Verdict.FAIL
