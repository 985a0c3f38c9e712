from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.conftest import WorldWith
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


AUTHORITY = "https://kv-pki.vault.azure.net/secrets/ca/0123456789abcdef0123456789abcdef"


def identity(world: World) -> dict[str, Any]:
    return {"type": "UserAssigned", "userAssignedIdentities": [world.identity()]}


def inspecting(world: World, url: str = AUTHORITY, **more: Any) -> str:
    """Create a policy with a certificate authority."""
    security = {"certificateAuthority": {"name": "ca", "keyVaultSecretId": url}}
    reader = more.pop("identity", None) or identity(world)
    return policy(world, identity=reader, transportSecurity=security, **more)


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
        config["publicIPAddress"] = {"id": world.public_ip(f"pip-{name}", location=more.get("location", "uksouth"))}
    sku = {"name": "AZFW_VNet", "tier": tier}
    return world.make("network:AzureFirewall", azureFirewallName=name, sku=sku, ipConfigurations=[config], **more)


def own_subnet(world: World, prefix: str = "10.0.8.0/26") -> str:
    world.vnet()
    return world.subnet("AzureFirewallSubnet", prefix)


def test_private_address_is_the_first_usable_one(world: World) -> None:
    found = world.read(firewall(world, own_subnet(world)))
    assert found["ipConfigurations"][0]["privateIPAddress"] == "10.0.8.4"


def test_firewall_needs_the_firewall_subnet(world: World) -> None:
    world.vnet()
    with refused("AzureFirewallInvalidSubnetName"):
        firewall(world, world.subnet())


def test_firewall_subnet_is_a_26_or_larger(world: World) -> None:
    with refused("AzureFirewallSubnetInvalidPrefixLength"):
        firewall(world, own_subnet(world, "10.0.8.0/27"))


def test_firewall_needs_a_public_ip(world: World) -> None:
    with refused("AzureFirewallIPConfigurationPublicIPMissing"):
        firewall(world, own_subnet(world), public=False)


def test_one_ip_configuration_has_the_subnet(world: World) -> None:
    with refused("AzureFirewallIPConfigurationSubnetMissing"):
        world.make("network:AzureFirewall", azureFirewallName="afw", ipConfigurations=[{"name": "ip"}])
    with refused("LocalAzureNotImplemented"):
        world.make("network:AzureFirewall", azureFirewallName="afw", sku={"name": "AZFW_Hub", "tier": "Premium"})


def test_one_firewall_per_network(world: World) -> None:
    subnet = own_subnet(world)
    firewall(world, subnet)
    with refused("AzureFirewallSubnetInUse"):
        firewall(world, subnet, name="second")


def test_policy_tier_fits_the_firewall(world: World) -> None:
    subnet = own_subnet(world)
    premium, standard = {"id": policy(world)}, {"id": policy(world, "plain", "Standard")}
    with refused("AzureFirewallPolicyAndFirewallSkuTierMismatch"):
        firewall(world, subnet, tier="Standard", firewallPolicy=premium)
    firewall(world, subnet, name="good", firewallPolicy=standard)


def test_basic_needs_a_management_ip(world: World) -> None:
    with refused("AzureFirewallBasicRequiresManagementIP"):
        firewall(world, own_subnet(world), tier="Basic")


def test_zones_need_a_region_with_zones(world: World) -> None:
    world.vnet("west", "10.2.0.0/16", location="ukwest")
    subnet = world.subnet("AzureFirewallSubnet", "10.2.0.0/26", vnet="west")
    with refused("AvailabilityZoneNotSupported"):
        firewall(world, subnet, zones=["1"], location="ukwest")


def test_premium_feature_needs_a_premium_policy(world: World) -> None:
    with refused("FirewallPolicyHigherTierOnlyProperties"):
        policy(world, tier="Standard", intrusionDetection={"mode": "Off"})
    policy(world, intrusionDetection={"mode": "Deny"})


def test_policy_in_use_cannot_be_deleted(world: World) -> None:
    existing = policy(world)
    attached = firewall(world, own_subnet(world), firewallPolicy={"id": existing})
    with refused("FirewallPolicyInUse"):
        world.remove(existing)
    world.remove(attached)
    world.remove(existing)


@pytest.mark.parametrize("priority", [99, 65001])
def test_priority_out_of_range_is_refused(world: World, priority: int) -> None:
    policy(world)
    with refused("FirewallPolicyRuleCollectionGroupInvalidPriority"):
        rules(world, collection(NETWORK), priority=priority)
    with refused("FirewallPolicyRuleCollectionGroupInvalidPriority"):
        rules(world, collection(NETWORK, priority=priority))


def test_priorities_of_groups_and_collections_are_unique(world: World) -> None:
    policy(world)
    rules(world, collection(NETWORK))
    with refused("FirewallPolicyRuleCollectionGroupPriorityConflict"):
        rules(world, collection(NETWORK), name="group-2")
    with refused("FirewallPolicyRuleCollectionGroupInvalidPriorityOrName"):
        rules(world, collection(NETWORK), collection(WEB, name="c2"), name="group-2", priority=300)


def test_rule_types_fit_their_collection(world: World) -> None:
    policy(world)
    with refused("FirewallPolicyRuleTypeNotAllowed"):
        rules(world, collection(NAT))
    with refused("FirewallPolicyRuleTypeNotAllowed"):
        rules(world, collection(NETWORK, kind="Nat"))
    with refused("FirewallPolicyRuleTypeNotAllowed"):
        rules(world, collection(NETWORK, WEB))
    rules(world, collection(NAT, kind="Nat"), collection(WEB, name="c2", priority=300))


@pytest.mark.parametrize("missing", ["sourceAddresses", "destinationAddresses", "destinationPorts"])
def test_incomplete_rule_is_refused(world: World, missing: str) -> None:
    policy(world)
    with refused("FirewallPolicyRuleMissingRequiredField"):
        rules(world, collection({key: value for key, value in NETWORK.items() if key != missing}))


def test_invalid_port_or_nat_rule_is_refused(world: World) -> None:
    policy(world)
    with refused("FirewallPolicyRuleInvalidPort"):
        rules(world, collection(NETWORK | {"destinationPorts": ["0"]}))
    with refused("FirewallPolicyNatRuleInvalid"):
        rules(world, collection(NAT | {"translatedFqdn": "a.example.org"}, kind="Nat"))


def test_fqdns_in_network_rules_need_the_dns_proxy(world: World) -> None:
    existing = policy(world)
    named = {**NETWORK, "destinationFqdns": ["a.example.org"]}
    with refused("FirewallPolicyRuleFqdnRequiresDnsProxy"):
        rules(world, collection(named))
    world.change(existing, dnsSettings={"enableProxy": True})
    rules(world, collection(named))


def test_premium_rule_needs_a_premium_policy(world: World) -> None:
    policy(world, tier="Standard")
    with refused("FirewallPolicyHigherTierOnlyProperties"):
        rules(world, collection(WEB | {"webCategories": ["Hacking"]}))


def test_ip_group_has_valid_addresses_and_cannot_be_deleted_in_use(world: World) -> None:
    policy(world)
    with refused("InvalidCIDRNotation"):
        world.make("network:IpGroup", ipGroupsName="bad", ipAddresses=["10.0.0.1/8"])
    group = world.make("network:IpGroup", ipGroupsName="spokes", ipAddresses=["10.1.0.0/24", "10.2.0.4-10.2.0.9"])
    rules(world, collection({**NETWORK, "sourceIpGroups": [group]}))
    with refused("IpGroupInUse"):
        world.remove(group)


def test_a_policy_with_a_certificate_authority_decrypts(world: World) -> None:
    inspecting(world)
    headers = [{"headerName": "Restrict-Access-To-Tenants", "headerValue": "contoso.com"}]
    assert rules(world, collection(WEB | {"terminateTLS": True, "httpHeadersToInsert": headers}))


def test_tls_inspection_needs_the_tier_the_identity_and_the_certificate(world: World) -> None:
    reader = world.identity()
    assigned = {"type": "UserAssigned", "userAssignedIdentities": [reader]}
    with refused("FirewallPolicyHigherTierOnlyProperties"):
        inspecting(world, tier="Standard", identity=assigned)
    with refused("FirewallPolicyIdentityMissing"):
        inspecting(world, identity={"type": "None"})
    with refused("InvalidResourceReference"):
        inspecting(world, identity={"type": "UserAssigned", "userAssignedIdentities": [f"{reader}-gone"]})
    policy(world)
    with refused("FirewallPolicyTransportSecurityMissing"):
        rules(world, collection(WEB | {"terminateTLS": True}))


@pytest.mark.parametrize("url", ["https://kv-pki.vault.azure.net/keys/ca", "https://example.org/secrets/ca", "ca"])
def test_a_certificate_authority_is_a_secret_of_a_vault(world: World, url: str) -> None:
    with refused("FirewallPolicyInvalidKeyVaultSecretId"):
        inspecting(world, url)


def test_a_secret_that_cannot_be_read_refuses_the_policy(world_with: WorldWith) -> None:
    world = world_with(unreadable_secrets=[AUTHORITY.upper()])
    assigned = identity(world)
    with refused("FirewallPolicyKeyVaultSecretNotAccessible"):
        inspecting(world, identity=assigned)
    assert inspecting(world, AUTHORITY.replace("/ca/", "/next/"), identity=assigned)


@pytest.mark.parametrize("header", [("", "x"), ("X" * 101, "x"), ("X-Long", "x" * 16_001), ("Cookie", "x"),
                                    ("x-forwarded-for", "10.0.0.1")])  # fmt: skip
def test_a_header_that_cannot_be_inserted_refuses_the_rule(world: World, header: tuple[str, str]) -> None:
    policy(world)
    inserted = [{"headerName": header[0], "headerValue": header[1]}]
    with refused("FirewallPolicyRuleInvalidHttpHeader"):
        rules(world, collection(WEB | {"httpHeadersToInsert": inserted}))


def test_the_headers_of_a_rule_have_16_kilobytes(world: World) -> None:
    policy(world)
    inserted = [{"headerName": f"X-{n}", "headerValue": "x" * 8_192} for n in range(2)]
    with refused("FirewallPolicyRuleInvalidHttpHeader"):
        rules(world, collection(WEB | {"httpHeadersToInsert": inserted}))
    assert rules(world, collection(WEB | {"httpHeadersToInsert": inserted[:1]}))
