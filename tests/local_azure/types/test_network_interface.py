from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused


def flow_log(world: World, target: str, storage: str, name: str = "fl", **more: Any) -> str:
    return world.make(
        "network:FlowLog",
        networkWatcherName="watch",
        flowLogName=name,
        targetResourceId=target,
        storageId=storage,
        **more,
    )


def test_addresses_are_allocated_in_order_and_stay(world: World) -> None:
    world.vnet()
    subnet = world.subnet()
    first, second = world.card("nic-1", subnet), world.card("nic-2", subnet)
    addresses = [world.read(card)["ipConfigurations"][0]["privateIPAddress"] for card in (first, second)]
    assert addresses == ["10.0.1.4", "10.0.1.5"]
    world.remove(first)
    world.change(second, tags={"a": "b"})
    assert world.read(second)["ipConfigurations"][0]["privateIPAddress"] == "10.0.1.5"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.0.2.9", "PrivateIPAddressNotInSubnet"),
        ("10.0.1.3", "PrivateIPAddressInReservedRange"),
        ("10.0.1.255", "PrivateIPAddressInReservedRange"),
        ("10.0.1.4", "PrivateIPAddressIsAllocated"),
        (None, "PrivateIPAddressNotSpecified"),
    ],
)
def test_a_static_address_is_free_in_its_subnet(world: World, address: str | None, code: str) -> None:
    world.vnet()
    subnet = world.subnet()
    world.card("holder", subnet)
    chosen = {"privateIPAllocationMethod": "Static"} | ({"privateIPAddress": address} if address else {})
    with refused(code):
        world.card("nic-1", subnet, **chosen)
    world.card("nic-1", subnet, privateIPAllocationMethod="Static", privateIPAddress="10.0.1.20")


def test_a_card_stands_in_one_network_of_its_region(world: World) -> None:
    world.vnet()
    subnet = world.subnet()
    config = [{"name": "ip", "subnet": {"id": subnet}}]
    with refused("InvalidResourceReference"):
        world.make("network:NetworkInterface", networkInterfaceName="n1", ipConfigurations=config, location="ukwest")
    with refused("NetworkInterfaceMustHaveIpConfiguration"):
        world.make("network:NetworkInterface", networkInterfaceName="n1", ipConfigurations=[])
    world.vnet("other", "10.1.0.0/16")
    far = {"name": "two", "subnet": {"id": world.subnet("far", "10.1.1.0/24", vnet="other")}}
    with refused("SubnetsNotInSameVnet"):
        world.make("network:NetworkInterface", networkInterfaceName="n1", ipConfigurations=[*config, far])


def test_a_public_address_has_one_holder(world: World) -> None:
    world.vnet()
    subnet, address = world.subnet(), {"id": world.address()}
    world.card("one", subnet, publicIPAddress=address)
    with refused("PublicIPAddressInUse"):
        world.card("two", subnet, publicIPAddress=address)


def test_a_region_has_one_watcher(world: World) -> None:
    world.make("network:NetworkWatcher", networkWatcherName="watch")
    with refused("NetworkWatcherCountLimitReached"):
        world.make("network:NetworkWatcher", networkWatcherName="again")
    world.make("network:NetworkWatcher", networkWatcherName="west", location="ukwest")


def test_flow_logs_watch_networks_of_their_region_once(world: World) -> None:
    vnet, storage = world.vnet(), world.account()
    world.make("network:NetworkWatcher", networkWatcherName="watch")
    far = world.account("storewest", location="ukwest")
    with refused("FlowLogResourceNotInSameRegion"):
        flow_log(world, vnet, far)
    flow_log(world, vnet, storage)
    with refused("FlowLogTargetAlreadyHasFlowLog"):
        flow_log(world, vnet, storage, name="again")


def test_flow_logs_are_in_range(world: World) -> None:
    vnet, storage = world.vnet(), world.account()
    world.make("network:NetworkWatcher", networkWatcherName="watch")
    with refused("FlowLogRetentionInvalid"):
        flow_log(world, vnet, storage, retentionPolicy={"enabled": True, "days": 366})
    analytics = {"networkWatcherFlowAnalyticsConfiguration": {"enabled": True, "trafficAnalyticsInterval": 30}}
    with refused("FlowLogTrafficAnalyticsIntervalInvalid"):
        flow_log(world, vnet, storage, flowAnalyticsConfiguration=analytics)
