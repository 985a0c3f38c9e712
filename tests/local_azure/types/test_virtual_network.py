from __future__ import annotations

import pytest

from tests.local_azure.types.support import World, refused


def peer(world: World, near: str, far: str, **more: object) -> str:
    group = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg"
    remote = f"{group}/providers/Microsoft.Network/virtualNetworks/{far}"
    name = str(more.pop("name", f"{near}-{far}"))
    return world.make(
        "network:VirtualNetworkPeering",
        virtualNetworkName=near,
        virtualNetworkPeeringName=name,
        remoteVirtualNetwork={"id": remote},
        **more,
    )


def test_invalid_address_space_is_refused(world: World) -> None:
    with refused("InvalidRequestFormat"):
        world.vnet(addressSpace={"addressPrefixes": []})
    with refused("InvalidCIDRNotation"):
        world.vnet(space="10.0.0.1/16")
    with refused("NetcfgAddressSpaceOverlap"):
        world.vnet(addressSpace={"addressPrefixes": ["10.0.0.0/16", "10.0.1.0/24"]})
    found = world.read(world.vnet())
    assert found["provisioningState"] == "Succeeded"
    assert found["enableDdosProtection"] is False


def test_inline_subnets_are_refused(world: World) -> None:
    with refused("LocalAzureNotImplemented"):
        world.vnet(subnets=[{"name": "one", "addressPrefix": "10.0.1.0/24"}])


def test_address_space_in_use_cannot_be_removed(world: World) -> None:
    vnet = world.vnet()
    world.subnet()
    with refused("NetcfgInvalidSubnet"):
        world.change(vnet, addressSpace={"addressPrefixes": ["10.0.2.0/24"]})
    world.change(vnet, addressSpace={"addressPrefixes": ["10.0.0.0/16", "10.1.0.0/16"]})


def test_network_has_at_most_20_dns_servers(world: World) -> None:
    with refused("DnsServerCountLimitReached"):
        world.vnet(dhcpOptions={"dnsServers": [f"10.0.0.{n}" for n in range(4, 25)]})


def test_peers_must_not_overlap(world: World) -> None:
    world.vnet("hub")
    world.vnet("near", "10.0.5.0/24")
    with refused("VnetAddressSpacesOverlap"):
        peer(world, "hub", "near")


def test_two_peers_of_one_network_must_not_overlap(world: World) -> None:
    for name, space in (("hub", "10.0.0.0/16"), ("one", "10.1.0.0/24"), ("two", "10.1.0.0/25")):
        world.vnet(name, space)
    peer(world, "hub", "one")
    with refused("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"):
        peer(world, "hub", "two")


def test_one_peering_to_each_remote(world: World) -> None:
    world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    peer(world, "hub", "spoke")
    with refused("AnotherPeeringAlreadyReferencesRemoteVnet"):
        peer(world, "hub", "spoke", name="again")
    with refused("CannotPeerVirtualNetworkToItself"):
        peer(world, "hub", "hub")


def test_remote_network_must_exist(world: World) -> None:
    world.vnet("hub")
    with refused("InvalidResourceReference"):
        peer(world, "hub", "nowhere")


def test_remote_gateway_is_refused(world: World) -> None:
    world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    with refused("RemoteVnetHasNoGateways"):
        peer(world, "spoke", "hub", useRemoteGateways=True)


def test_peering_is_connected_when_both_sides_exist(world: World) -> None:
    world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    assert world.read(peer(world, "hub", "spoke"))["peeringState"] == "Initiated"
    assert world.read(peer(world, "spoke", "hub"))["peeringState"] == "Connected"


def test_address_space_cannot_overlap_a_peer(world: World) -> None:
    hub = world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    peer(world, "hub", "spoke")
    with refused("VnetAddressSpacesOverlap"):
        world.change(hub, addressSpace={"addressPrefixes": ["10.0.0.0/15"]})


@pytest.mark.parametrize("prefix", ["10.1.0.0/24", "10.0.0.0/15"])
def test_subnet_must_be_inside_its_network(world: World, prefix: str) -> None:
    world.vnet()
    with refused("NetcfgInvalidSubnet"):
        world.subnet(prefix=prefix)


def test_subnets_must_not_overlap(world: World) -> None:
    world.vnet()
    world.subnet("one", "10.0.1.0/24")
    with refused("NetcfgSubnetRangesOverlap"):
        world.subnet("two", "10.0.1.128/25")
    world.subnet("two", "10.0.2.0/24")


def test_subnet_has_one_prefix_form_and_a_valid_size(world: World) -> None:
    world.vnet()
    with refused("InvalidRequestFormat"):
        world.make("network:Subnet", virtualNetworkName="hub", subnetName="none")
    with refused("NetcfgInvalidSubnet"):
        world.subnet(prefix="10.0.1.0/30")
    world.subnet(prefix="10.0.1.0/29")


def test_firewall_subnet_takes_no_nsg(world: World) -> None:
    world.vnet()
    group = {"id": world.make("network:NetworkSecurityGroup", networkSecurityGroupName="nsg")}
    with refused("NetworkSecurityGroupNotSupportedOnSubnet"):
        world.subnet("AzureFirewallSubnet", networkSecurityGroup=group)
    world.subnet("plain", networkSecurityGroup=group)


def test_bastion_subnet_takes_no_route_table(world: World) -> None:
    world.vnet()
    table = {"id": world.make("network:RouteTable", routeTableName="rt")}
    with refused("RouteTableCannotBeAttachedForAzureBastionSubnet"):
        world.subnet("AzureBastionSubnet", routeTable=table)
    world.subnet("plain", routeTable=table)


def test_firewall_subnet_routes_only_to_the_internet(world: World) -> None:
    world.vnet()
    route = {"name": "out", "addressPrefix": "0.0.0.0/0", "nextHopType": "None"}
    bad = world.make("network:RouteTable", routeTableName="bad", routes=[route])
    with refused("AzureFirewallSubnetRouteNotSupported"):
        world.subnet("AzureFirewallSubnet", routeTable={"id": bad})
    good = world.make("network:RouteTable", routeTableName="good", routes=[route | {"nextHopType": "Internet"}])
    world.subnet("AzureFirewallSubnet", routeTable={"id": good})


def test_references_of_a_subnet_are_in_its_region(world: World) -> None:
    world.vnet()
    group = world.make("network:NetworkSecurityGroup", networkSecurityGroupName="nsg", location="ukwest")
    with refused("InvalidResourceReference"):
        world.subnet(networkSecurityGroup={"id": group})


def test_subnet_in_use_cannot_change_or_be_deleted(world: World) -> None:
    world.vnet()
    subnet = world.subnet()
    nic = world.nic(subnet=subnet)
    with refused("InUseSubnetCannotBeDeleted"):
        world.remove(subnet)
    with refused("InUsePrefixCannotBeDeleted"):
        world.change(subnet, addressPrefix="10.0.3.0/24")
    with refused("SubnetDelegationsCannotChangeWhenSubnetUsed"):
        world.change(subnet, delegations=[{"name": "pg", "serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}])
    world.remove(nic)
    world.remove(subnet)


def test_delegated_subnet_accepts_only_its_service(world: World) -> None:
    world.vnet()
    delegation = {"name": "pg", "serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}
    subnet = world.subnet(delegations=[delegation])
    with refused("ResourceNotPermittedOnDelegatedSubnet"):
        world.nic(subnet=subnet)


def test_network_in_use_cannot_be_deleted(world: World) -> None:
    hub = world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    peering = peer(world, "spoke", "hub")
    with refused("InUseVnetCannotBeDeleted"):
        world.remove(hub)
    world.remove(peering)
    world.remove(hub)
