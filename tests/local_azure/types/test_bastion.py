from __future__ import annotations

from typing import Any

import pytest

from local_azure.types.subnet import BASTION_TRAFFIC
from tests.local_azure.types.support import World, refused

BASTION_RULES = [
    {
        "name": f"b{number}",
        "priority": 200 + number,
        "direction": direction,
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": peer if direction == "Inbound" else "*",
        "destinationAddressPrefix": peer if direction == "Outbound" else "*",
        "sourcePortRange": "*",
        "destinationPortRange": port,
    }
    for number, (direction, peer, port) in enumerate(BASTION_TRAFFIC)
]


def host(world: World, subnet: str, name: str = "bas", address: str | None = "", **more: Any) -> str:
    config: dict[str, Any] = {"name": "ip", "subnet": {"id": subnet}}
    if address is not None:
        config["publicIPAddress"] = {"id": address or world.public_ip(f"pip-{name}")}
    more = {"sku": {"name": "Standard"}} | more
    return world.make("network:BastionHost", bastionHostName=name, ipConfigurations=[config], **more)


def test_host_needs_the_bastion_subnet(world: World) -> None:
    world.vnet()
    with refused("BastionHostInvalidSubnet"):
        host(world, world.subnet())
    found = world.read(host(world, world.subnet("AzureBastionSubnet", "10.0.9.0/26"), name="good"))
    assert found["disableCopyPaste"] is False
    assert found["dnsName"].endswith(".bastion.azure.com")


def test_bastion_subnet_is_a_26_or_larger(world: World) -> None:
    world.vnet()
    with refused("BastionHostSubnetInvalidPrefixLength"):
        host(world, world.subnet("AzureBastionSubnet", "10.0.9.0/27"))


@pytest.mark.parametrize(("sku", "feature"), [("Basic", "enableTunneling"), ("Standard", "enableSessionRecording")])
def test_feature_needs_its_sku(world: World, sku: str, feature: str) -> None:
    world.vnet()
    subnet = world.subnet("AzureBastionSubnet", "10.0.9.0/26")
    with refused("BastionHostFeatureNotSupportedBySku"):
        host(world, subnet, sku={"name": sku}, **{feature: True})
    host(world, subnet, sku={"name": "Premium"}, name="top", **{feature: True})


def test_scale_units_fit_the_sku(world: World) -> None:
    world.vnet()
    subnet = world.subnet("AzureBastionSubnet", "10.0.9.0/26")
    with refused("BastionHostScaleUnitsInvalid"):
        host(world, subnet, sku={"name": "Basic"}, scaleUnits=3)


def test_only_a_private_host_has_no_public_ip(world: World) -> None:
    world.vnet()
    subnet = world.subnet("AzureBastionSubnet", "10.0.9.0/26")
    with refused("BastionHostPublicIPInvalid"):
        host(world, subnet, address=None)
    host(world, subnet, address=None, sku={"name": "Premium"}, enablePrivateOnlyBastion=True)


def test_one_host_per_network_without_sku_downgrade(world: World) -> None:
    world.vnet()
    subnet = world.subnet("AzureBastionSubnet", "10.0.9.0/26")
    first = host(world, subnet)
    with refused("BastionHostSubnetInUse"):
        host(world, subnet, name="second")
    with refused("BastionHostSkuDowngradeNotSupported"):
        world.change(first, sku={"name": "Basic"})
