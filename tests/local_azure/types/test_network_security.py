from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused
from tests.local_azure.types.test_bastion import BASTION_RULES

RULE: dict[str, Any] = {
    "name": "web",
    "priority": 200,
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "sourceAddressPrefix": "10.0.0.0/8",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "443",
}


def group(world: World, *rules: dict[str, Any], name: str = "nsg") -> str:
    return world.make("network:NetworkSecurityGroup", networkSecurityGroupName=name, securityRules=list(rules))


def rule(world: World, name: str, **changes: Any) -> str:
    made = {key: value for key, value in (RULE | changes).items() if key != "name"}
    return world.make("network:SecurityRule", networkSecurityGroupName="nsg", securityRuleName=name, **made)


@pytest.mark.parametrize("priority", [99, 4097])
def test_priority_out_of_range_is_refused(world: World, priority: int) -> None:
    with refused("SecurityRuleInvalidPriority"):
        group(world, RULE | {"priority": priority})


def test_priorities_are_unique_in_each_direction(world: World) -> None:
    with refused("SecurityRuleConflict"):
        group(world, RULE, RULE | {"name": "again"})
    group(world, RULE, RULE | {"name": "out", "direction": "Outbound"})
    with refused("SecurityRuleConflict"):
        rule(world, "third")
    rule(world, "third", priority=201)
    with refused("SecurityRuleConflict"):
        rule(world, "fourth", priority=201)


def test_each_side_of_a_rule_has_one_form(world: World) -> None:
    with refused("SecurityRuleParameterContainsUnsupportedValue"):
        group(world, RULE | {"sourceAddressPrefixes": ["10.1.0.0/16"]})
    with refused("SecurityRuleParameterNotSpecified"):
        group(world, {key: value for key, value in RULE.items() if key != "destinationPortRange"})


@pytest.mark.parametrize("port", ["0-70000", "http", "90-80"])
def test_invalid_port_range_is_refused(world: World, port: str) -> None:
    with refused("SecurityRuleInvalidPortRange"):
        group(world, RULE | {"destinationPortRange": port})


def test_invalid_prefix_is_refused(world: World) -> None:
    with refused("InvalidCIDRNotation"):
        group(world, RULE | {"sourceAddressPrefix": "10.0.0.1/8"})
    group(world, RULE | {"sourceAddressPrefix": "Storage.UKSouth"})


def test_nsg_has_the_default_rules(world: World) -> None:
    found = world.read(group(world))
    assert [rule["name"] for rule in found["defaultSecurityRules"]][:1] == ["AllowVnetInBound"]


def test_nsg_and_route_table_in_use_cannot_be_deleted(world: World) -> None:
    world.vnet()
    nsg, table = group(world), world.make("network:RouteTable", routeTableName="rt")
    subnet = world.subnet(networkSecurityGroup={"id": nsg}, routeTable={"id": table})
    with refused("InUseNetworkSecurityGroupCannotBeDeleted"):
        world.remove(nsg)
    with refused("InUseRouteTableCannotBeDeleted"):
        world.remove(table)
    world.remove(subnet)
    world.remove(nsg)
    world.remove(table)


def test_next_hop_address_goes_with_an_appliance(world: World) -> None:
    world.make("network:RouteTable", routeTableName="rt")
    route = {"routeTableName": "rt", "addressPrefix": "0.0.0.0/0"}
    with refused("RouteNextHopIpAddressIsRequired"):
        world.make("network:Route", routeName="a", nextHopType="VirtualAppliance", **route)
    with refused("RouteNextHopIpAddressIsNotAllowed"):
        world.make("network:Route", routeName="a", nextHopType="Internet", nextHopIpAddress="10.0.0.4", **route)
    world.make("network:Route", routeName="a", nextHopType="VirtualAppliance", nextHopIpAddress="10.0.0.4", **route)
    with refused("RouteConflict"):
        world.make("network:Route", routeName="b", nextHopType="None", **route)


def test_bastion_rules_can_be_separate_resources(world: World) -> None:
    world.vnet()
    nsg = group(world)
    with refused("NetworkSecurityGroupNotCompliantForAzureBastionSubnet"):
        world.subnet("AzureBastionSubnet", "10.0.9.0/26", networkSecurityGroup={"id": nsg})
    for each in BASTION_RULES:
        rule(world, f"allow-{each['name']}", **{key: value for key, value in each.items() if key != "name"})
    world.subnet("AzureBastionSubnet", "10.0.9.0/26", networkSecurityGroup={"id": nsg})
