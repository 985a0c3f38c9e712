from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused

NETWORK: dict[str, Any] = {
    "ruleType": "NetworkRule",
    "name": "dns",
    "ipProtocols": ["UDP"],
    "sourceAddresses": ["10.0.0.0/8"],
    "destinationAddresses": ["10.0.0.4"],
    "destinationPorts": ["53"],
}
WEB: dict[str, Any] = {
    "ruleType": "ApplicationRule",
    "name": "web",
    "protocols": [{"protocolType": "Https", "port": 443}],
    "sourceAddresses": ["10.0.0.0/8"],
    "targetFqdns": ["packages.example.org"],
}
NAT: dict[str, Any] = {
    "ruleType": "NatRule",
    "name": "in",
    "ipProtocols": ["TCP"],
    "sourceAddresses": ["*"],
    "destinationAddresses": ["203.0.113.4"],
    "destinationPorts": ["443"],
    "translatedAddress": "10.0.0.9",
    "translatedPort": "443",
}


def policy(world: World, name: str = "afwp", tier: str = "Premium", **more: Any) -> str:
    return world.make("network:FirewallPolicy", firewallPolicyName=name, sku={"tier": tier}, **more)


def collection(*rules: dict[str, Any], name: str = "c1", priority: int = 200, kind: str = "Filter") -> dict[str, Any]:
    action = "Allow" if kind == "Filter" else "DNAT"
    return {
        "ruleCollectionType": f"FirewallPolicy{kind}RuleCollection",
        "name": name,
        "priority": priority,
        "action": {"type": action},
        "rules": list(rules),
    }


def rules(world: World, *collections: dict[str, Any], name: str = "group-1", priority: int = 200) -> str:
    return world.make(
        "network:FirewallPolicyRuleCollectionGroup",
        firewallPolicyName="afwp",
        ruleCollectionGroupName=name,
        priority=priority,
        ruleCollections=list(collections),
    )


def firewall(world: World, subnet: str, name: str = "afw", tier: str = "Premium", **more: Any) -> str:
    config: dict[str, Any] = {"name": "ip", "subnet": {"id": subnet}}
    if more.pop("public", True):
        config["publicIPAddress"] = {"id": world.address(f"pip-{name}", location=more.get("location", "uksouth"))}
    sku = {"name": "AZFW_VNet", "tier": tier}
    return world.make("network:AzureFirewall", azureFirewallName=name, sku=sku, ipConfigurations=[config], **more)


def own_subnet(world: World, prefix: str = "10.0.8.0/26") -> str:
    world.vnet()
    return world.subnet("AzureFirewallSubnet", prefix)


def test_it_has_its_subnets_first_address(world: World) -> None:
    found = world.read(firewall(world, own_subnet(world)))
    assert found["ipConfigurations"][0]["privateIPAddress"] == "10.0.8.4"


def test_it_stands_in_its_own_subnet(world: World) -> None:
    world.vnet()
    with refused("AzureFirewallInvalidSubnetName"):
        firewall(world, world.subnet())


def test_its_subnet_is_a_26_or_wider(world: World) -> None:
    with refused("AzureFirewallSubnetInvalidPrefixLength"):
        firewall(world, own_subnet(world, "10.0.8.0/27"))


def test_it_has_a_public_address(world: World) -> None:
    with refused("AzureFirewallIPConfigurationPublicIPMissing"):
        firewall(world, own_subnet(world), public=False)


def test_one_configuration_names_the_subnet(world: World) -> None:
    with refused("AzureFirewallIPConfigurationSubnetMissing"):
        world.make("network:AzureFirewall", azureFirewallName="afw", ipConfigurations=[{"name": "ip"}])
    with refused("LocalAzureNotImplemented"):
        world.make("network:AzureFirewall", azureFirewallName="afw", sku={"name": "AZFW_Hub", "tier": "Premium"})


def test_a_network_has_one(world: World) -> None:
    subnet = own_subnet(world)
    firewall(world, subnet)
    with refused("AzureFirewallSubnetInUse"):
        firewall(world, subnet, name="second")


def test_its_policy_fits_its_tier(world: World) -> None:
    subnet = own_subnet(world)
    premium, standard = {"id": policy(world)}, {"id": policy(world, "plain", "Standard")}
    with refused("AzureFirewallPolicyAndFirewallSkuTierMismatch"):
        firewall(world, subnet, tier="Standard", firewallPolicy=premium)
    firewall(world, subnet, name="good", firewallPolicy=standard)


def test_basic_needs_a_management_address(world: World) -> None:
    with refused("AzureFirewallBasicRequiresManagementIP"):
        firewall(world, own_subnet(world), tier="Basic")


def test_zones_are_where_the_region_has_them(world: World) -> None:
    world.vnet("west", "10.2.0.0/16", location="ukwest")
    subnet = world.subnet("AzureFirewallSubnet", "10.2.0.0/26", vnet="west")
    with refused("AvailabilityZoneNotSupported"):
        firewall(world, subnet, zones=["1"], location="ukwest")


def test_higher_tiers_keep_their_features(world: World) -> None:
    with refused("FirewallPolicyHigherTierOnlyProperties"):
        policy(world, tier="Standard", intrusionDetection={"mode": "Off"})
    policy(world, intrusionDetection={"mode": "Deny"})


def test_a_used_policy_is_not_deleted(world: World) -> None:
    held = policy(world)
    wall = firewall(world, own_subnet(world), firewallPolicy={"id": held})
    with refused("FirewallPolicyInUse"):
        world.remove(held)
    world.remove(wall)
    world.remove(held)


@pytest.mark.parametrize("priority", [99, 65001])
def test_priorities_are_in_range(world: World, priority: int) -> None:
    policy(world)
    with refused("FirewallPolicyRuleCollectionGroupInvalidPriority"):
        rules(world, collection(NETWORK), priority=priority)
    with refused("FirewallPolicyRuleCollectionGroupInvalidPriority"):
        rules(world, collection(NETWORK, priority=priority))


def test_priorities_are_unique_among_groups_and_collections(world: World) -> None:
    policy(world)
    rules(world, collection(NETWORK))
    with refused("FirewallPolicyRuleCollectionGroupPriorityConflict"):
        rules(world, collection(NETWORK), name="group-2")
    with refused("FirewallPolicyRuleCollectionGroupInvalidPriorityOrName"):
        rules(world, collection(NETWORK), collection(WEB, name="c2"), name="group-2", priority=300)


def test_rules_match_their_collection(world: World) -> None:
    policy(world)
    with refused("FirewallPolicyRuleTypeNotAllowed"):
        rules(world, collection(NAT))
    with refused("FirewallPolicyRuleTypeNotAllowed"):
        rules(world, collection(NETWORK, kind="Nat"))
    with refused("FirewallPolicyRuleTypeNotAllowed"):
        rules(world, collection(NETWORK, WEB))
    rules(world, collection(NAT, kind="Nat"), collection(WEB, name="c2", priority=300))


@pytest.mark.parametrize("missing", ["sourceAddresses", "destinationAddresses", "destinationPorts"])
def test_rules_are_whole(world: World, missing: str) -> None:
    policy(world)
    with refused("FirewallPolicyRuleMissingRequiredField"):
        rules(world, collection({key: value for key, value in NETWORK.items() if key != missing}))


def test_ports_and_translations_are_sound(world: World) -> None:
    policy(world)
    with refused("FirewallPolicyRuleInvalidPort"):
        rules(world, collection(NETWORK | {"destinationPorts": ["0"]}))
    with refused("FirewallPolicyNatRuleInvalid"):
        rules(world, collection(NAT | {"translatedFqdn": "a.example.org"}, kind="Nat"))


def test_names_in_network_rules_need_the_proxy(world: World) -> None:
    held = policy(world)
    named = {**NETWORK, "destinationFqdns": ["a.example.org"]}
    with refused("FirewallPolicyRuleFqdnRequiresDnsProxy"):
        rules(world, collection(named))
    world.change(held, dnsSettings={"enableProxy": True})
    rules(world, collection(named))


def test_premium_rules_need_a_premium_policy(world: World) -> None:
    policy(world, tier="Standard")
    with refused("FirewallPolicyHigherTierOnlyProperties"):
        rules(world, collection(WEB | {"webCategories": ["Hacking"]}))


def test_ip_groups_hold_addresses_and_stay_while_used(world: World) -> None:
    policy(world)
    with refused("InvalidCIDRNotation"):
        world.make("network:IpGroup", ipGroupsName="bad", ipAddresses=["10.0.0.1/8"])
    group = world.make("network:IpGroup", ipGroupsName="spokes", ipAddresses=["10.1.0.0/24", "10.2.0.4-10.2.0.9"])
    rules(world, collection({**NETWORK, "sourceIpGroups": [group]}))
    with refused("IpGroupInUse"):
        world.remove(group)
