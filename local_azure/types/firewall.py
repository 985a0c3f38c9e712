"""Microsoft.Network: firewalls, their IP groups. Sources: azure-facts 1.1, 1.2, 2.5, 3, 4."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.addresses import first_usable, parse, prefixes
from local_azure.types.common import (
    WORD_DOT,
    WORD_DOT_SHAPE,
    etag,
    every,
    in_same_region,
    last,
    one,
    refuse,
    refuse_while_used,
    same,
    word_dot,
    zones_exist,
)
from local_azure.types.firewall_policy import IP_GROUP, POLICY
from local_azure.types.firewall_policy import TYPES as POLICY_TYPES
from local_azure.types.public_ip import PUBLIC_IP
from local_azure.types.subnet import SUBNET

FIREWALL = "azure-native:network:AzureFirewall"

DATA_SUBNET, MANAGEMENT_SUBNET = "AzureFirewallSubnet", "AzureFirewallManagementSubnet"
TIERS = {"Basic": 0, "Standard": 1, "Premium": 2}


def _configurations(change: Change) -> list[tuple[Mapping[str, Json], str]]:
    """Each ip configuration that names a subnet, with the subnet name it must be in."""
    data = [(config, DATA_SUBNET) for config in every(change.new, "ipConfigurations[*]") if one(config, "subnet.id")]
    return data + [(config, MANAGEMENT_SUBNET) for config in every(change.new, "managementIpConfiguration")]


def _stands_in_its_subnet(change: Change) -> None:
    """The name is Azure's and the subnet at least a /26 (azure-facts 1.2)."""
    for config, name in _configurations(change):
        subnet_id = str(one(config, "subnet.id", ""))
        if last(subnet_id) != name:
            text = f"Azure Firewall {change.name} IP configuration must be in a subnet named {name}: {subnet_id}."
            refuse("AzureFirewallInvalidSubnetName", text, target=subnet_id)
        subnet = change.cloud.get(subnet_id)
        if subnet and any(range_.prefixlen > 26 for range_ in prefixes(subnet.properties)):
            text = f"Subnet {name} of Azure Firewall {change.name} must have a prefix of /26 or larger."
            refuse("AzureFirewallSubnetInvalidPrefixLength", text, target=subnet_id)


def _one_configuration_names_the_subnet(change: Change) -> None:
    if one(change.new, "sku.name") == "AZFW_Hub":
        refuse("LocalAzureNotImplemented", "sku.name AZFW_Hub needs virtual hubs, which are not known here.")
    found = [config for config in every(change.new, "ipConfigurations[*]") if one(config, "subnet.id")]
    if len(found) != 1:
        text = f"Azure Firewall {change.name} must have exactly one IP configuration that references a subnet."
        refuse("AzureFirewallIPConfigurationSubnetMissing", text)


def _has_public_addresses(change: Change) -> None:
    """Standard and static, and there, unless a management configuration stands in (azure-facts 2.5)."""
    forced_tunnel = bool(change.new.get("managementIpConfiguration"))
    for config in every(change.new, "ipConfigurations[*]") + every(change.new, "managementIpConfiguration"):
        address = one(config, "publicIPAddress.id")
        needed = not forced_tunnel or same(one(config, "name"), one(change.new, "managementIpConfiguration.name"))
        if not address and needed:
            text = f"Azure Firewall {change.name} IP configuration {one(config, 'name')} must have a public IP address."
            refuse("AzureFirewallIPConfigurationPublicIPMissing", text)
        stored = change.cloud.get(address) if address else None
        if stored and one(stored.properties, "sku.name") != "Standard":
            refuse("AzureFirewallPublicIPNotStandard", f"Public IP address {address} must be of sku Standard.")


def _configuration_names_differ(change: Change) -> None:
    names = every(change.new, "ipConfigurations[*].name") + every(change.new, "managementIpConfiguration.name")
    if len(names) != len({str(name).lower() for name in names}):
        refuse(
            "InvalidResourceName", f"IP configurations of Azure Firewall {change.name} must have names of their own."
        )


def _one_for_a_network(change: Change) -> None:
    """One firewall stands in a virtual network (azure-facts 4)."""
    for config, _ in _configurations(change):
        subnet_id = str(one(config, "subnet.id", ""))
        for user in change.cloud.users(subnet_id):
            if user.token == FIREWALL and not same(user.id, change.id):
                text = f"Subnet {subnet_id} is already used by Azure Firewall {user.id}."
                refuse("AzureFirewallSubnetInUse", text, target=subnet_id)


def _basic_has_a_management_address(change: Change) -> None:
    if one(change.new, "sku.tier") == "Basic" and not change.new.get("managementIpConfiguration"):
        refuse("AzureFirewallBasicRequiresManagementIP", "A Basic firewall needs a managementIpConfiguration.")


def _policy_fits_the_tier(change: Change) -> None:
    """Premium policies only on Premium, Basic firewalls only with Basic ones (azure-facts 2.5)."""
    policy = change.cloud.get(str(one(change.new, "firewallPolicy.id", "")))
    if policy is None:
        return
    tier, wanted = one(change.new, "sku.tier", "Standard"), one(policy.properties, "sku.tier", "Standard")
    if TIERS[wanted] > TIERS[tier] or (tier == "Basic") != (wanted == "Basic"):
        refuse(
            "AzureFirewallPolicyAndFirewallSkuTierMismatch",
            f"Firewall policy {policy.id} of tier {wanted} cannot be attached to {change.name} of tier {tier}.",
            target=policy.id,
        )


def _policy_or_classic_rules(change: Change) -> None:
    classic = ("applicationRuleCollections", "natRuleCollections", "networkRuleCollections")
    if one(change.new, "firewallPolicy.id") and any(change.new.get(path) for path in classic):
        text = f"Azure Firewall {change.name} cannot hold rule collections of its own with a firewall policy."
        refuse("AzureFirewallRuleCollectionsNotAllowedWithPolicy", text)


def _outputs(change: Change) -> Mapping[str, Json]:
    """A firewall's private address is the first usable one of its subnet."""
    filled = []
    for config in every(change.new, "ipConfigurations[*]"):
        subnet = change.cloud.get(str(one(config, "subnet.id", "")))
        address = {"privateIPAddress": first_usable(prefixes(subnet.properties)[0])} if subnet else {}
        config_id = f"{change.id}/azureFirewallIpConfigurations/{one(config, 'name', 'default')}"
        filled.append({**config, "id": config_id, "etag": etag(change), "provisioningState": "Succeeded", **address})
    return {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "ipConfigurations": filled,
        "ipGroups": [],
        "threatIntelMode": change.new.get("threatIntelMode", "Alert"),
    }


# IP groups -----------------------------------------------------------------------------------------------------------


def _group_addresses_are_addresses(change: Change) -> None:
    """Addresses, ranges and prefixes, 5,000 at most (azure-facts 4)."""
    given = every(change.new, "ipAddresses[*]")
    if len(given) > 5000:
        refuse(
            "IpGroupAddressCountLimitReached", f"IP group {change.name} holds {len(given)} addresses; 5000 are allowed."
        )
    for text in given:
        for end in str(text).split("-"):
            parse(end)


def _ip_group_outputs(change: Change) -> Mapping[str, Json]:
    return {"etag": etag(change), "provisioningState": "Succeeded", "firewalls": [], "firewallPolicies": []}


TYPES = (
    AzureType(
        token=FIREWALL,
        # AVM allows 56 alone, as the portal does (azure-facts 1.1).
        name=Name(WORD_DOT % (1, 56), WORD_DOT_SHAPE % (1, 56)),
        references={
            "firewallPolicy.id": (POLICY,),
            "ipConfigurations[*].subnet.id": (SUBNET,),
            "ipConfigurations[*].publicIPAddress.id": (PUBLIC_IP,),
            "managementIpConfiguration.subnet.id": (SUBNET,),
            "managementIpConfiguration.publicIPAddress.id": (PUBLIC_IP,),
        },
        defaults={"sku.name": "AZFW_VNet", "sku.tier": "Standard"},
        fixed=("sku.name", "zones", "managementIpConfiguration", "ipConfigurations[*].subnet.id"),
        computed=_outputs,
        rules=(
            _one_configuration_names_the_subnet,
            _stands_in_its_subnet,
            _has_public_addresses,
            _configuration_names_differ,
            _one_for_a_network,
            _basic_has_a_management_address,
            _policy_fits_the_tier,
            _policy_or_classic_rules,
            in_same_region("ipConfigurations[*].subnet.id", "ipConfigurations[*].publicIPAddress.id"),
            zones_exist,
        ),
    ),
    AzureType(
        token=IP_GROUP,
        name=word_dot(),
        computed=_ip_group_outputs,
        rules=(_group_addresses_are_addresses,),
        delete_rules=(refuse_while_used("IpGroupInUse", "IP group {name} is in use by {user} and cannot be deleted."),),
    ),
    *POLICY_TYPES,
)
