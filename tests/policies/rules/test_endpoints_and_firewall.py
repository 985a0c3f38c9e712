"""Rules for private endpoints, DNS, the firewall, Bastion and virtual desktops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import Verdict
from policies.rules.compute.virtual_desktop_redirection import REDIRECTIONS
from tests.policies.rules.cases import GONE, World, changed, made, verdict, without
from tests.policies.rules.sample_estate import ROOM, TAGGED, below, collection, name_rule, ref, site, zone_rule
from tests.policies.rules.weakening import REMOVED, cases, unknowns

ELSEWHERE = "/subscriptions/e15e/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x"
ZONES = "Microsoft.Network/privateDnsZones"
CONNECTION = "privateLinkServiceConnections[0]"
NAMES, ZONE_RULES = "ruleCollections[0].rules[0]", "ruleCollections[1].rules[0]"
NAT = {"name": "n", "priority": 100, "ruleCollectionType": "FirewallPolicyNatRuleCollection", "action": {"type": "x"},
       "rules": [{"ruleType": "NatRule", "name": "in", "translatedAddress": "10.65.0.130"}]}  # fmt: skip
SHUT = ";".join(f"{name}:{kind}:{value}" for name, (kind, value, _) in REDIRECTIONS.items())

WEAK = cases({
    "PE1": [
        ("store<store-endpoint", REMOVED, ()),
        ("vault<vault-endpoint", CONNECTION, ({"groupIds": ["vault"]},)),
        ("scope<scope-endpoint", f"{CONNECTION}.privateLinkServiceId", (ELSEWHERE,)),
    ],
    "PE2": [
        ("store-endpoint<store-names", REMOVED, ()),
        ("store-endpoint<store-names", "privateDnsZoneConfigs", ([], GONE)),
        ("store-endpoint<store-names", "privateDnsZoneConfigs[0].privateDnsZoneId",
         (below(f"{ZONES}/privatelink.vaultcore.azure.net"), below(f"{ZONES}/blob.core.windows.net"))),
        ("scope-endpoint<scope-names", "privateDnsZoneConfigs[0].privateDnsZoneId", (ELSEWHERE,)),
        ("store-endpoint", f"{CONNECTION}.groupIds", (["table"], ["nothing-known"], [], GONE)),
        ("privatelink.blob.core.windows.net-link", "registrationEnabled", (True,)),
        ("privatelink.blob.core.windows.net-link", "resolutionPolicy", ("Default", GONE)),
        ("privatelink.blob.core.windows.net-link", "virtualNetwork.id",
         (below("Microsoft.Network/virtualNetworks/vnet-room"), ELSEWHERE)),
    ],
    "PE3": [
        ("store-endpoint", f"{CONNECTION}.privateLinkServiceId", (ELSEWHERE, GONE)),
        ("store-endpoint", "manualPrivateLinkServiceConnections", ([{"privateLinkServiceId": ELSEWHERE}],)),
        ("store-endpoint", "subnet", ({"id": ELSEWHERE}, GONE)),
    ],
    "PE4": [
        ("store-names<privatelink.blob.core.windows.net", REMOVED, ()),
        ("store-names<privatelink.blob.core.windows.net-link", REMOVED, ()),
        ("store-names<privatelink.blob.core.windows.net-link", "virtualNetwork.id",
         (below("Microsoft.Network/virtualNetworks/vnet-room"),)),
    ],
    "PE6": [
        ("store-endpoint", "ipConfigurations", (GONE, [], [{"groupId": "blob", "memberName": "blob"}])),
        ("store-endpoint", "ipConfigurations[0].privateIPAddress", (GONE, "10.65.0.135", "10.64.0.9", "8.8.8.8")),
    ],
    "FW1": [
        ("policy", "sku.tier", ("Standard", "Basic", GONE)),
        ("policy", "threatIntelMode", ("Alert", "Off", GONE)),
        ("policy", "threatIntelWhitelist", ({"fqdns": ["evil.example"]}, {"ipAddresses": ["8.8.8.8"]})),
        ("policy", "basePolicy", ({"id": ELSEWHERE},)),
        ("firewall", "sku", ({"tier": "Standard"}, GONE)),
        ("firewall", "firewallPolicy", ({"id": ELSEWHERE}, GONE)),
        ("firewall", "networkRuleCollections", ([{"name": "classic"}],)),
        ("firewall", "natRuleCollections", ([{"name": "classic"}],)),
    ],
    "FW2": [
        ("policy", "intrusionDetection", (GONE, {"mode": "Alert"}, {"mode": "Off"})),
        ("policy", "intrusionDetection.configuration",
         ({"bypassTrafficSettings": [{"name": "x"}]}, {"signatureOverrides": [{"id": "1", "mode": "Off"}]},
          {"privateRanges": ["0.0.0.0/0"]})),
    ],
    "FW3": [
        ("rules", f"{NAMES}.targetFqdns", (["*"], ["*.com"], ["packages.example.org", "*"], ["a.*.org"], [])),
        ("rules", f"{NAMES}.fqdnTags", (["WindowsUpdate"],)),
        ("rules", f"{NAMES}.webCategories", (["Business"],)),
        ("rules", f"{NAMES}.protocols", ([], GONE)),
        ("rules", f"{ZONE_RULES}.destinationAddresses",
         (["*"], ["Internet"], ["0.0.0.0/0"], ["8.8.8.0/24"], ["Storage"], ["10.0.0.0/8"], [],
          ["10.65.0.0/16", "AzureCloud"])),
        ("rules", f"{ZONE_RULES}.destinationPorts", (["*"], ["0-65535"], ["1-1024"], [])),
        ("rules", f"{ZONE_RULES}.ipProtocols", (["Any"], [])),
    ],
    "FW4": [
        ("policy", "dnsSettings", (GONE, {"enableProxy": False}, {"enableProxy": True, "servers": ["8.8.8.8"]})),
        ("room", "dhcpOptions", (GONE, {"dnsServers": []}, {"dnsServers": ["8.8.8.8"]},
                                 {"dnsServers": ["10.64.0.4", "168.63.129.16"]})),
        ("hub", "dhcpOptions", ({"dnsServers": ["8.8.8.8"]}, {"dnsServers": ["168.63.129.16"]})),
        ("hub<card", "ipConfigurations[0].subnet.id",
         (below("Microsoft.Network/virtualNetworks/vnet-hub/subnets/snet-any"),)),
        ("hub<hub-firewall", REMOVED, ()),
        ("card", "dnsSettings", ({"dnsServers": ["8.8.8.8"]},)),
    ],
    "FW5": [
        ("rules", f"{NAMES}.targetFqdns",
         (["*.blob.core.windows.net"], ["*.core.windows.net"], ["*.amazonaws.com"], ["*.windows.net"], ["github.com"],
          ["*.github.com"], ["pastebin.com"], ["*.s3.eu-west-2.amazonaws.com"])),
        ("rules", f"{NAMES}.targetUrls", (["https://github.com/anybody"],)),
        ("rules", NAMES, (name_rule(targetFqdns=["*.python.org"], protocols=[{"protocolType": "Http", "port": 80}]),)),
    ],
    "FW6": [
        ("rules", f"{NAMES}.sourceAddresses", (["*"], ["0.0.0.0/0"], ["8.8.8.0/24"], ["10.0.0.0/8"], [], GONE)),
        ("rules", f"{ZONE_RULES}.sourceAddresses", (["10.0.0.0-10.255.255.255"], ["10.64.8.0/21", "*"])),
    ],
    "FW7": [("rules", "ruleCollections", ([NAT],))],
    "FW8": [
        ("rules", f"{ZONE_RULES}.sourceAddresses", (["10.65.0.0/16"], ["10.64.8.0/21", "10.65.0.0/24"],
                                                    ["10.99.0.0/16"])),
    ],
    "FW9": [("policy", "explicitProxy", ({"enableExplicitProxy": True, "httpPort": 8080},))],
    "FW10": [
        ("rules", f"{ZONE_RULES}.destinationAddresses",
         (["10.65.0.0/24"], ["10.65.0.134", "10.65.0.128/28"], ["10.65.0.132-10.65.0.134"], ["*"])),
    ],
    "FW11": [
        ("policy<denial", REMOVED, ()),
        ("policy<denial", "ruleCollections[0].action", ({"type": "Allow"}, GONE)),
        ("policy<denial", f"{NAMES}.targetFqdns", (["*.com"], [], GONE)),
        ("policy<denial", f"{NAMES}.sourceAddresses", (["10.65.0.0/16"], [], GONE)),
        ("policy<denial", f"{NAMES}.destinationAddresses", (["203.0.113.7"],)),
        ("policy<denial", f"{NAMES}.protocols", ([{"protocolType": "Https", "port": 443}], [])),
        ("policy<denial", f"{NAMES}.protocols[0].port", (8443, GONE)),
        ("policy<rules", f"{NAMES}.protocols", (
            [{"protocolType": "Https", "port": 8443}], [{"protocolType": "Mssql", "port": 1433}],
            [{"protocolType": "Http", "port": 443}], [],
        )),
        ("policy<rules", f"{NAMES}.targetFqdns", (
            ["graph.microsoft.com"], ["login.microsoftonline.com", "graph.microsoft.com"], ["*.microsoftonline.com"],
            ["*"], ["packages.example.org"], [], GONE,
        )),
        ("policy<rules", f"{NAMES}.fqdnTags", (["WindowsUpdate"],)),
        ("policy<rules", f"{NAMES}.webCategories", (["business"],)),
        ("policy<rules", f"{NAMES}.targetUrls", (["login.microsoftonline.com/*"],)),
        ("policy<rules", f"{NAMES}.destinationAddresses", (["20.190.128.0/18"],)),
        ("policy<rules", f"{NAMES}.sourceAddresses", (["*"], ["8.8.8.0/24"], [], GONE)),
        ("policy<rules", "ruleCollections[0].rules", ([name_rule(), name_rule(name="again")],)),
    ],
    "FW16": [
        ("policy", "transportSecurity", ({"certificateAuthority": {"keyVaultSecretId": ELSEWHERE, "name": "ca"}},)),
        ("policy<rules", f"{NAMES}.terminateTLS", (True,)),
        ("policy<rules", f"{NAMES}.httpHeadersToInsert", ([{"headerName": "X-Data", "headerValue": "x"}],)),
        ("policy<denial", f"{NAMES}.terminateTLS", (True,)),
    ],
    "FW15": [
        ("policy<denial-lock", REMOVED, ()),
        ("policy<denial-lock", "level", ("CanNotDelete", "NotSpecified", GONE)),
        ("policy<denial-lock", "scope", (ELSEWHERE,)),
        ("policy<denial", "priority", (101, 300)),
        ("policy<rules", "priority", (99,)),
    ],
    "FW12": [
        ("rules", f"{ZONE_RULES}.destinationFqdns", (["evil.example"], ["ok.example", "*"])),
    ],
    "PE7": [
        ("privatelink.blob.core.windows.net", "privateZoneName", (
            "login.microsoftonline.com", "blob.core.windows.net", "vault.azure.net", "ubuntu.mirror.example",
            "evil.privatelink.blob.core.windows.net", "",
        )),
    ],
    "PE8": [
        ("privatelink.blob.core.windows.net-link", "virtualNetwork.id", (ELSEWHERE, below(ROOM), GONE)),
        ("privatelink.blob.core.windows.net-link", "registrationEnabled", (True,)),
    ],
    "BA1": [
        ("bastion", "sku", ({"name": "Basic"}, {"name": "Developer"}, GONE)),
        ("bastion", "disableCopyPaste", (False, GONE)),
        *(("bastion", name, (True,)) for name in
          ("enableFileCopy", "enableTunneling", "enableShareableLink", "enableIpConnect")),
    ],
    "BA2": [
        ("bastion", "ipConfigurations[0].subnet.id",
         (below("Microsoft.Network/virtualNetworks/vnet-room/subnets/desks"),
                                                      ELSEWHERE)),
        ("bastion", "virtualNetwork", (ref("Microsoft.Network/virtualNetworks/vnet-room"),)),
        ("bastion", "ipConfigurations", ([], GONE)),
    ],
})  # fmt: skip
UNKNOWNS = unknowns({
    "PE1": [("store<store-endpoint", f"{CONNECTION}.privateLinkServiceId")],
    "PE2": [("store-endpoint<store-names", "privateDnsZoneConfigs"), ("store-endpoint", f"{CONNECTION}.groupIds"),
            ("privatelink.blob.core.windows.net-link", "registrationEnabled"),
            ("privatelink.blob.core.windows.net-link", "resolutionPolicy"),
            ("privatelink.blob.core.windows.net-link", "virtualNetwork")],
    "PE3": [("store-endpoint", f"{CONNECTION}.privateLinkServiceId"), ("store-endpoint", "subnet")],
    "PE4": [("store-names", "privateDnsZoneConfigs"),
            ("store-names<privatelink.blob.core.windows.net-link", "virtualNetwork")],
    "PE6": [("store-endpoint", "ipConfigurations"), ("store-endpoint", "ipConfigurations[0].privateIPAddress"),
            ("store-endpoint", "subnet")],
    "FW1": [("policy", "threatIntelMode"), ("firewall", "firewallPolicy.id")],
    "FW2": [("policy", "intrusionDetection.mode")],
    "FW3": [("rules", "ruleCollections"), ("rules", f"{NAMES}.targetFqdns[0]"),
            ("rules", f"{ZONE_RULES}.destinationPorts")],
    "FW4": [("policy", "dnsSettings.enableProxy"), ("room", "dhcpOptions.dnsServers[0]"), ("card", "dnsSettings")],
    "FW5": [("rules", f"{NAMES}.targetFqdns")],
    "FW6": [("rules", f"{NAMES}.sourceAddresses")],
    "FW7": [("rules", "ruleCollections[0].rules")],
    "FW8": [("rules", f"{ZONE_RULES}.sourceAddresses[0]")],
    "FW9": [("policy", "explicitProxy"), ("policy", "explicitProxy.enableExplicitProxy")],
    "FW10": [("rules", f"{ZONE_RULES}.destinationAddresses"), ("rules", f"{ZONE_RULES}.destinationAddresses[0]")],
    "FW11": [("policy<denial", "ruleCollections"), ("policy<denial", f"{NAMES}.targetFqdns"),
             ("policy<denial", f"{NAMES}.sourceAddresses[0]")],
    "FW12": [("rules", f"{ZONE_RULES}.destinationFqdns")],
    "FW16": [("policy<rules", f"{NAMES}.terminateTLS"), ("policy", "transportSecurity")],
    "FW15": [("policy<denial", "priority"), ("policy<denial-lock", "level")],
    "PE7": [("privatelink.blob.core.windows.net", "privateZoneName")],
    "PE8": [("privatelink.blob.core.windows.net-link", "virtualNetwork.id"),
            ("privatelink.blob.core.windows.net-link", "registrationEnabled")],
    "BA1": [("bastion", "disableCopyPaste"), ("bastion", "enableTunneling")],
    "BA2": [("bastion", "ipConfigurations[0].subnet.id")],
})  # fmt: skip


def test_an_endpoint_of_another_stacks_service_is_refused() -> None:
    world = site()
    world["store"] = replace(world["store"], stack="tre-lungs")
    assert verdict(world, "PE3", "store-endpoint") is Verdict.FAIL


def test_a_service_in_a_subnet_of_its_own_needs_no_endpoint() -> None:
    server = made("dbforpostgresql:Server", "server", "Microsoft.DBforPostgreSQL/flexibleServers/pg")
    assert verdict(site() | {"server": server}, "PE1", "server") is Verdict.FAIL
    inside = replace(server, inputs={"network": {"delegatedSubnetResourceId": below("x/y/z")}})
    assert verdict(site() | {"server": inside}, "PE1", "server") is Verdict.PASS


@pytest.mark.parametrize(("zone", "said"), [
    ("privatelink.blob.core.windows.net", Verdict.FAIL), ("PRIVATELINK.vaultcore.azure.net", Verdict.FAIL),
    (GONE, Verdict.FAIL), (UNKNOWN, Verdict.UNKNOWN), ("heart.internal", Verdict.FAIL),
])  # fmt: skip
def test_records_in_private_zones_are_refused(zone: Any, said: Verdict) -> None:
    inputs = {} if zone is GONE else {"privateZoneName": zone}
    records = made("privatedns:PrivateRecordSet", "records", f"{ZONES}/z/A/stheart", **inputs)
    assert verdict(site() | {"records": records}, "PE5", "records") is said


def test_addresses_of_an_ip_group_count_as_the_rules_own() -> None:
    group = made("network:IpGroup", "everyone", "Microsoft.Network/ipGroups/everyone", ipAddresses=["0.0.0.0/0"])
    rule = name_rule(sourceIpGroups=[group.id])
    world = changed(site(), "rules", "ruleCollections", [collection("names", rule)])
    assert verdict(world | {"everyone": group}, "FW6", "rules") is Verdict.FAIL
    assert verdict(world, "FW6", "rules") is Verdict.UNKNOWN


def test_a_rule_that_denies_may_be_wide() -> None:
    denied = {
        **collection("no", zone_rule(destinationAddresses=["*"], sourceAddresses=["*"])),
        "action": {"type": "Deny"},
    }
    world = changed(site(), "rules", "ruleCollections", [denied])
    for policy in ("FW3", "FW5", "FW6", "FW8"):
        assert verdict(world, policy, "rules") is Verdict.PASS


@pytest.mark.parametrize(("address", "ports", "said"), [
    ("203.0.113.16/29", ["443"], Verdict.PASS), ("203.0.113.16/29", ["443", "80"], Verdict.PASS),
    ("203.0.113.16/29", ["22"], Verdict.FAIL), ("203.0.113.0/27", ["443"], Verdict.FAIL),
    ("AzureActiveDirectory", ["443"], Verdict.FAIL),
])  # fmt: skip
def test_a_tenancy_may_reach_a_few_hosts_and_no_service(address: str, ports: list[str], said: Verdict) -> None:
    rule = zone_rule(sourceAddresses=["10.65.0.0/16"], destinationAddresses=[address], destinationPorts=ports)
    world = changed(site(), "rules", ZONE_RULES, rule)
    assert verdict(world, "FW3", "rules") is said
    assert verdict(world, "FW8", "rules") is Verdict.PASS


@pytest.mark.parametrize(("address", "said"), [
    ("10.200.0.7", Verdict.PASS), ("192.168.40.8", Verdict.PASS),
    ("10.65.77.7", Verdict.FAIL), ("10.64.8.4", Verdict.FAIL), ("10.64.1.4", Verdict.FAIL),
])  # fmt: skip
def test_a_tenancys_destinations_are_outside_its_cell(address: str, said: Verdict) -> None:
    """The cell contains the hub and the sources of all rules, so networks of other stacks count too."""
    rule = zone_rule(sourceAddresses=["10.65.0.0/16"], destinationAddresses=[address])
    assert verdict(changed(site(), "rules", ZONE_RULES, rule), "FW8", "rules") is said


def test_a_cell_without_zones_may_have_their_rules() -> None:
    elsewhere = changed(without(site(), "zone", "zone-record", "zone-setting"), "rules", ZONE_RULES,
                        zone_rule(sourceAddresses=["10.64.8.0/21"]))  # fmt: skip
    assert verdict(elsewhere, "FW8", "rules") is Verdict.PASS
    for source in ("10.64.0.0/20", "10.64.16.0/21", "10.70.8.0/21"):
        world = changed(elsewhere, "rules", f"{ZONE_RULES}.sourceAddresses", [source])
        assert verdict(world, "FW8", "rules") is Verdict.FAIL


def test_a_rule_of_an_unknown_kind_does_not_pass() -> None:
    world = changed(site(), "rules", f"{NAMES}.ruleType", "SurpriseRule")
    assert verdict(world, "FW3", "rules") is Verdict.UNKNOWN


def pool(text: Any = SHUT, public: Any = "Disabled") -> World:
    inputs = {"customRdpProperty": text, "publicNetworkAccess": public}
    kept = {name: value for name, value in inputs.items() if value is not GONE}
    return {"pool": made("desktopvirtualization:HostPool", "pool", "Microsoft.DesktopVirtualization/hostPools/hp",
                         **TAGGED, **kept)}  # fmt: skip


def test_a_secure_pool_passes_in_any_order_and_case() -> None:
    assert verdict(pool(), "AV1", "pool") is Verdict.PASS
    shuffled = " ; ".join(reversed(SHUT.upper().split(";"))) + ";targetisaadjoined:i:1"
    assert verdict(pool(shuffled), "AV1", "pool") is Verdict.PASS


@pytest.mark.parametrize("name", REDIRECTIONS)
def test_each_redirection_must_be_disabled_explicitly(name: str) -> None:
    kind, value, _ = REDIRECTIONS[name]
    left_out = ";".join(entry for entry in SHUT.split(";") if not entry.startswith(name))
    on = "1" if kind == "i" else "*"
    for text in (left_out, SHUT.replace(f"{name}:{kind}:{value}", f"{name}:{kind}:{on}"), f"{SHUT};{name}:{kind}:{on}"):
        assert verdict(pool(text), "AV1", "pool") is Verdict.FAIL


@pytest.mark.parametrize("public", ["Enabled", "EnabledForClientsOnly", GONE])
def test_a_public_pool_or_workspace_is_refused(public: object) -> None:
    assert verdict(pool(public=public), "AV1", "pool") is Verdict.FAIL
    inputs = {} if public is GONE else {"publicNetworkAccess": public}
    feed = made("desktopvirtualization:Workspace", "feed", "Microsoft.DesktopVirtualization/workspaces/ws", **inputs)
    assert verdict({"feed": feed}, "AV1", "feed") is Verdict.FAIL


def test_an_unknown_pool_does_not_pass() -> None:
    assert verdict(pool(UNKNOWN), "AV1", "pool") is Verdict.UNKNOWN
    assert verdict(pool(GONE), "AV1", "pool") is Verdict.FAIL
    assert without(pool(), "pool") == {}
