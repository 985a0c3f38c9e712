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


def test_a_network_has_a_space_that_is_sound(world: World) -> None:
    with refused("InvalidRequestFormat"):
        world.vnet(addressSpace={"addressPrefixes": []})
    with refused("InvalidCIDRNotation"):
        world.vnet(space="10.0.0.1/16")
    with refused("NetcfgAddressSpaceOverlap"):
        world.vnet(addressSpace={"addressPrefixes": ["10.0.0.0/16", "10.0.1.0/24"]})
    found = world.read(world.vnet())
    assert found["provisioningState"] == "Succeeded"
    assert found["enableDdosProtection"] is False


def test_inline_subnets_are_refused_by_name(world: World) -> None:
    with refused("LocalAzureNotImplemented"):
        world.vnet(subnets=[{"name": "one", "addressPrefix": "10.0.1.0/24"}])


def test_space_in_use_cannot_be_taken_away(world: World) -> None:
    vnet = world.vnet()
    world.subnet()
    with refused("NetcfgInvalidSubnet"):
        world.change(vnet, addressSpace={"addressPrefixes": ["10.0.2.0/24"]})
    world.change(vnet, addressSpace={"addressPrefixes": ["10.0.0.0/16", "10.1.0.0/16"]})


def test_a_network_takes_twenty_dns_servers(world: World) -> None:
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


def test_a_pair_has_one_peering(world: World) -> None:
    world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    peer(world, "hub", "spoke")
    with refused("AnotherPeeringAlreadyReferencesRemoteVnet"):
        peer(world, "hub", "spoke", name="again")
    with refused("CannotPeerVirtualNetworkToItself"):
        peer(world, "hub", "hub")


def test_a_remote_must_exist(world: World) -> None:
    world.vnet("hub")
    with refused("InvalidResourceReference"):
        peer(world, "hub", "nowhere")


def test_no_remote_has_a_gateway_here(world: World) -> None:
    world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    with refused("RemoteVnetHasNoGateways"):
        peer(world, "spoke", "hub", useRemoteGateways=True)


def test_a_peering_is_initiated_until_its_other_side_exists(world: World) -> None:
    world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    assert world.read(peer(world, "hub", "spoke"))["peeringState"] == "Initiated"
    assert world.read(peer(world, "spoke", "hub"))["peeringState"] == "Connected"


def test_space_cannot_grow_over_a_peer(world: World) -> None:
    hub = world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    peer(world, "hub", "spoke")
    with refused("VnetAddressSpacesOverlap"):
        world.change(hub, addressSpace={"addressPrefixes": ["10.0.0.0/15"]})


@pytest.mark.parametrize("prefix", ["10.1.0.0/24", "10.0.0.0/15"])
def test_a_subnet_lies_in_its_network(world: World, prefix: str) -> None:
    world.vnet()
    with refused("NetcfgInvalidSubnet"):
        world.subnet(prefix=prefix)


def test_subnets_do_not_overlap(world: World) -> None:
    world.vnet()
    world.subnet("one", "10.0.1.0/24")
    with refused("NetcfgSubnetRangesOverlap"):
        world.subnet("two", "10.0.1.128/25")
    world.subnet("two", "10.0.2.0/24")


def test_a_subnet_has_one_form_of_prefix_and_a_legal_size(world: World) -> None:
    world.vnet()
    with refused("InvalidRequestFormat"):
        world.make("network:Subnet", virtualNetworkName="hub", subnetName="none")
    with refused("NetcfgInvalidSubnet"):
        world.subnet(prefix="10.0.1.0/30")
    world.subnet(prefix="10.0.1.0/29")


def test_azures_own_subnets_take_no_security_group(world: World) -> None:
    world.vnet()
    group = {"id": world.make("network:NetworkSecurityGroup", networkSecurityGroupName="nsg")}
    with refused("NetworkSecurityGroupNotSupportedOnSubnet"):
        world.subnet("AzureFirewallSubnet", networkSecurityGroup=group)
    world.subnet("plain", networkSecurityGroup=group)


def test_bastions_subnet_takes_no_routes(world: World) -> None:
    world.vnet()
    table = {"id": world.make("network:RouteTable", routeTableName="rt")}
    with refused("RouteTableCannotBeAttachedForAzureBastionSubnet"):
        world.subnet("AzureBastionSubnet", routeTable=table)
    world.subnet("plain", routeTable=table)


def test_a_firewalls_subnet_routes_to_the_internet_alone(world: World) -> None:
    world.vnet()
    route = {"name": "out", "addressPrefix": "0.0.0.0/0", "nextHopType": "None"}
    bad = world.make("network:RouteTable", routeTableName="bad", routes=[route])
    with refused("AzureFirewallSubnetRouteNotSupported"):
        world.subnet("AzureFirewallSubnet", routeTable={"id": bad})
    good = world.make("network:RouteTable", routeTableName="good", routes=[route | {"nextHopType": "Internet"}])
    world.subnet("AzureFirewallSubnet", routeTable={"id": good})


def test_what_a_subnet_points_at_is_in_its_region(world: World) -> None:
    world.vnet()
    group = world.make("network:NetworkSecurityGroup", networkSecurityGroupName="nsg", location="ukwest")
    with refused("InvalidResourceReference"):
        world.subnet(networkSecurityGroup={"id": group})


def test_a_used_subnet_stays_as_it_is(world: World) -> None:
    world.vnet()
    subnet = world.subnet()
    card = world.card(subnet=subnet)
    with refused("InUseSubnetCannotBeDeleted"):
        world.remove(subnet)
    with refused("InUsePrefixCannotBeDeleted"):
        world.change(subnet, addressPrefix="10.0.3.0/24")
    with refused("SubnetDelegationsCannotChangeWhenSubnetUsed"):
        world.change(subnet, delegations=[{"name": "pg", "serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}])
    world.remove(card)
    world.remove(subnet)


def test_a_delegated_subnet_takes_its_delegate_alone(world: World) -> None:
    world.vnet()
    delegation = {"name": "pg", "serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}
    subnet = world.subnet(delegations=[delegation])
    with refused("ResourceNotPermittedOnDelegatedSubnet"):
        world.card(subnet=subnet)


def test_a_used_network_is_not_deleted(world: World) -> None:
    hub = world.vnet("hub")
    world.vnet("spoke", "10.1.0.0/24")
    peering = peer(world, "spoke", "hub")
    with refused("InUseVnetCannotBeDeleted"):
        world.remove(hub)
    world.remove(peering)
    world.remove(hub)
