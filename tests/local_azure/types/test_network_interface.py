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


def test_addresses_are_allocated_in_order_and_stable(world: World) -> None:
    world.vnet()
    subnet = world.subnet()
    first, second = world.nic("nic-1", subnet), world.nic("nic-2", subnet)
    addresses = [world.read(nic)["ipConfigurations"][0]["privateIPAddress"] for nic in (first, second)]
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
def test_static_address_must_be_free_and_in_the_subnet(world: World, address: str | None, code: str) -> None:
    world.vnet()
    subnet = world.subnet()
    world.nic("holder", subnet)
    chosen = {"privateIPAllocationMethod": "Static"} | ({"privateIPAddress": address} if address else {})
    with refused(code):
        world.nic("nic-1", subnet, **chosen)
    world.nic("nic-1", subnet, privateIPAllocationMethod="Static", privateIPAddress="10.0.1.20")


def test_nic_is_in_one_network_of_its_region(world: World) -> None:
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


def test_public_ip_has_one_nic(world: World) -> None:
    world.vnet()
    subnet, address = world.subnet(), {"id": world.public_ip()}
    world.nic("one", subnet, publicIPAddress=address)
    with refused("PublicIPAddressInUse"):
        world.nic("two", subnet, publicIPAddress=address)


def test_one_network_watcher_per_region(world: World) -> None:
    world.make("network:NetworkWatcher", networkWatcherName="watch")
    with refused("NetworkWatcherCountLimitReached"):
        world.make("network:NetworkWatcher", networkWatcherName="again")
    world.make("network:NetworkWatcher", networkWatcherName="west", location="ukwest")


def test_one_flow_log_per_target_in_its_region(world: World) -> None:
    vnet, storage = world.vnet(), world.account()
    world.make("network:NetworkWatcher", networkWatcherName="watch")
    far = world.account("storewest", location="ukwest")
    with refused("FlowLogResourceNotInSameRegion"):
        flow_log(world, vnet, far)
    flow_log(world, vnet, storage)
    with refused("FlowLogTargetAlreadyHasFlowLog"):
        flow_log(world, vnet, storage, name="again")


def test_flow_log_settings_are_in_range(world: World) -> None:
    vnet, storage = world.vnet(), world.account()
    world.make("network:NetworkWatcher", networkWatcherName="watch")
    with refused("FlowLogRetentionInvalid"):
        flow_log(world, vnet, storage, retentionPolicy={"enabled": True, "days": 366})
    analytics = {"networkWatcherFlowAnalyticsConfiguration": {"enabled": True, "trafficAnalyticsInterval": 30}}
    with refused("FlowLogTrafficAnalyticsIntervalInvalid"):
        flow_log(world, vnet, storage, flowAnalyticsConfiguration=analytics)


def test_retention_of_a_flow_log_needs_a_free_lifecycle_rule(world: World) -> None:
    world.make("network:NetworkWatcher", networkWatcherName="watch")
    vnet, storage = world.vnet(), world.account()
    definition = {"filters": {"blobTypes": ["blockBlob"]},
                  "actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 365}}}}  # fmt: skip
    rules = [{"name": f"rule{number}", "type": "Lifecycle", "definition": definition} for number in range(99)]
    world.make("storage:ManagementPolicy", accountName="storeone", managementPolicyName="default",
               policy={"rules": rules})  # fmt: skip
    flow_log(world, vnet, storage, retentionPolicy={"enabled": True, "days": 365})
    second = world.vnet("second", "10.1.0.0/16")
    with refused("FlowLogRetentionInvalid"):
        flow_log(world, second, storage, "two", retentionPolicy={"enabled": True, "days": 365})
    flow_log(world, second, storage, "two", retentionPolicy={"enabled": False, "days": 0})
