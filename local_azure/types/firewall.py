"""Microsoft.Network: firewalls and IP groups.

Facts: docs/azure-facts.md#names-of-firewalls, #firewalls, #firewall-tiers, #reserved-subnets, #network-limits,
#fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.fixed_properties import ZONES_FIXED
from local_azure.ids import name_of
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.addresses import first_usable_address, parse, subnet_ranges
from local_azure.types.common import (
    NETWORK_NAME_DESCRIPTION,
    NETWORK_NAME_PATTERN,
    availability_zones_exist,
    etag,
    in_same_region,
    network_name,
    refuse,
    refuse_while_used,
    same,
    value_at,
    values_at,
)
from local_azure.types.firewall_policy import IP_GROUP, POLICY, TIERS
from local_azure.types.firewall_policy import TYPES as POLICY_TYPES
from local_azure.types.public_ip import PUBLIC_IP
from local_azure.types.subnet import SUBNET

FIREWALL = "azure-native:network:AzureFirewall"

DATA_SUBNET, MANAGEMENT_SUBNET = "AzureFirewallSubnet", "AzureFirewallManagementSubnet"


def _configurations(request: Request) -> list[tuple[Mapping[str, Json], str]]:
    """Return each IP configuration with a subnet, and the required name of that subnet."""
    data = [
        (config, DATA_SUBNET)
        for config in values_at(request.new, "ipConfigurations[*]")
        if value_at(config, "subnet.id")
    ]
    return data + [(config, MANAGEMENT_SUBNET) for config in values_at(request.new, "managementIpConfiguration")]


def _is_in_firewall_subnet(request: Request) -> None:
    """The subnet has the reserved name and is a /26 or larger."""
    for config, name in _configurations(request):
        subnet_id = str(value_at(config, "subnet.id", ""))
        if name_of(subnet_id) != name:
            text = f"Azure Firewall {request.name} IP configuration must be in a subnet named {name}: {subnet_id}."
            refuse("AzureFirewallInvalidSubnetName", text, target=subnet_id)
        subnet = request.cloud.get(subnet_id)
        if subnet and any(range_.prefixlen > 26 for range_ in subnet_ranges(subnet.properties)):
            text = f"Subnet {name} of Azure Firewall {request.name} must have a prefix of /26 or larger."
            refuse("AzureFirewallSubnetInvalidPrefixLength", text, target=subnet_id)


def _one_configuration_has_subnet(request: Request) -> None:
    if value_at(request.new, "sku.name") == "AZFW_Hub":
        refuse("LocalAzureNotImplemented", "sku.name AZFW_Hub needs virtual hubs, which are not supported here.")
    found = [config for config in values_at(request.new, "ipConfigurations[*]") if value_at(config, "subnet.id")]
    if len(found) != 1:
        text = f"Azure Firewall {request.name} must have exactly one IP configuration that references a subnet."
        refuse("AzureFirewallIPConfigurationSubnetMissing", text)


def _has_standard_public_ips(request: Request) -> None:
    """Public IP addresses are Standard, and required unless there is a management configuration."""
    forced_tunnel = bool(request.new.get("managementIpConfiguration"))
    for config in values_at(request.new, "ipConfigurations[*]") + values_at(request.new, "managementIpConfiguration"):
        address = value_at(config, "publicIPAddress.id")
        needed = not forced_tunnel or same(
            value_at(config, "name"), value_at(request.new, "managementIpConfiguration.name")
        )
        if not address and needed:
            name = value_at(config, "name")
            text = f"Azure Firewall {request.name} IP configuration {name} must have a public IP address."
            refuse("AzureFirewallIPConfigurationPublicIPMissing", text)
        stored = request.cloud.get(address) if address else None
        if stored and value_at(stored.properties, "sku.name") != "Standard":
            refuse("AzureFirewallPublicIPNotStandard", f"Public IP address {address} must be of sku Standard.")


def _configuration_names_are_unique(request: Request) -> None:
    names = values_at(request.new, "ipConfigurations[*].name") + values_at(
        request.new, "managementIpConfiguration.name"
    )
    if len(names) != len({str(name).lower() for name in names}):
        refuse(
            "InvalidResourceName", f"IP configurations of Azure Firewall {request.name} must have names of their own."
        )


def _one_firewall_per_network(request: Request) -> None:
    """One firewall in a virtual network."""
    for config, _ in _configurations(request):
        subnet_id = str(value_at(config, "subnet.id", ""))
        for user in request.cloud.referencing(subnet_id):
            if user.token == FIREWALL and not same(user.id, request.id):
                text = f"Subnet {subnet_id} is already used by Azure Firewall {user.id}."
                refuse("AzureFirewallSubnetInUse", text, target=subnet_id)


def _basic_has_management_ip(request: Request) -> None:
    if value_at(request.new, "sku.tier") == "Basic" and not request.new.get("managementIpConfiguration"):
        refuse("AzureFirewallBasicRequiresManagementIP", "A Basic firewall needs a managementIpConfiguration.")


def _policy_tier_fits(request: Request) -> None:
    """A firewall takes no policy of a higher tier, and a Basic firewall only a Basic policy."""
    policy = request.cloud.get(str(value_at(request.new, "firewallPolicy.id", "")))
    if policy is None:
        return
    tier, wanted = value_at(request.new, "sku.tier", "Standard"), value_at(policy.properties, "sku.tier", "Standard")
    if TIERS[wanted] > TIERS[tier] or (tier == "Basic") != (wanted == "Basic"):
        refuse(
            "AzureFirewallPolicyAndFirewallSkuTierMismatch",
            f"Firewall policy {policy.id} of tier {wanted} cannot be attached to {request.name} of tier {tier}.",
            target=policy.id,
        )


def _policy_or_classic_rules(request: Request) -> None:
    classic = ("applicationRuleCollections", "natRuleCollections", "networkRuleCollections")
    if value_at(request.new, "firewallPolicy.id") and any(request.new.get(path) for path in classic):
        text = f"Azure Firewall {request.name} cannot hold rule collections of its own with a firewall policy."
        refuse("AzureFirewallRuleCollectionsNotAllowedWithPolicy", text)


def _outputs(request: Request) -> Mapping[str, Json]:
    """Return the outputs. The private address is the first usable one of the subnet."""
    filled = []
    for config in values_at(request.new, "ipConfigurations[*]"):
        subnet = request.cloud.get(str(value_at(config, "subnet.id", "")))
        address = {"privateIPAddress": first_usable_address(subnet_ranges(subnet.properties)[0])} if subnet else {}
        config_id = f"{request.id}/azureFirewallIpConfigurations/{value_at(config, 'name', 'default')}"
        filled.append({**config, "id": config_id, "etag": etag(request), "provisioningState": "Succeeded", **address})
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "ipConfigurations": filled,
        "ipGroups": [],
        "threatIntelMode": request.new.get("threatIntelMode", "Alert"),
    }


# IP groups -----------------------------------------------------------------------------------------------------------


def _ip_group_addresses_are_valid(request: Request) -> None:
    """At most 5,000 addresses, ranges and prefixes."""
    given = values_at(request.new, "ipAddresses[*]")
    if len(given) > 5000:
        refuse(
            "IpGroupAddressCountLimitReached",
            f"IP group {request.name} holds {len(given)} addresses; 5000 are allowed.",
        )
    for text in given:
        for end in str(text).split("-"):
            parse(end)


def _ip_group_outputs(request: Request) -> Mapping[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded", "firewalls": [], "firewallPolicies": []}


TYPES = (
    AzureType(
        token=FIREWALL,
        name=NameRule(NETWORK_NAME_PATTERN % (1, 56), NETWORK_NAME_DESCRIPTION % (1, 56)),
        references={
            "firewallPolicy.id": (POLICY,),
            "ipConfigurations[*].subnet.id": (SUBNET,),
            "ipConfigurations[*].publicIPAddress.id": (PUBLIC_IP,),
            "managementIpConfiguration.subnet.id": (SUBNET,),
            "managementIpConfiguration.publicIPAddress.id": (PUBLIC_IP,),
        },
        defaults={"sku.name": "AZFW_VNet", "sku.tier": "Standard"},
        immutable={
            "zones": ZONES_FIXED,
            **dict.fromkeys(("sku.name", "managementIpConfiguration", "ipConfigurations[*].subnet.id"), "BadRequest"),
        },
        computed=_outputs,
        constraints=(
            _one_configuration_has_subnet,
            _is_in_firewall_subnet,
            _has_standard_public_ips,
            _configuration_names_are_unique,
            _one_firewall_per_network,
            _basic_has_management_ip,
            _policy_tier_fits,
            _policy_or_classic_rules,
            in_same_region("ipConfigurations[*].subnet.id", "ipConfigurations[*].publicIPAddress.id"),
            availability_zones_exist,
        ),
    ),
    AzureType(
        token=IP_GROUP,
        name=network_name(),
        computed=_ip_group_outputs,
        constraints=(_ip_group_addresses_are_valid,),
        delete_constraints=(
            refuse_while_used("IpGroupInUse", "IP group {name} is in use by {user} and cannot be deleted."),
        ),
    ),
    *POLICY_TYPES,
)
