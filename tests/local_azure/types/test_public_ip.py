from __future__ import annotations

import pytest

from tests.local_azure.types.support import World, refused


def test_basic_is_refused_and_is_what_azure_defaults_to(world: World) -> None:
    with refused("IPv4BasicSkuPublicIpCountLimitReached"):
        world.make("network:PublicIPAddress", publicIpAddressName="old")


def test_standard_is_static(world: World) -> None:
    with refused("PublicIPAddressWithStandardSkuMustUseStaticAllocation"):
        world.address(publicIPAllocationMethod="Dynamic")
    assert world.read(world.address())["ipAddress"].startswith("203.0.113.")


@pytest.mark.parametrize("minutes", [3, 31])
def test_idle_timeout_is_in_range(world: World, minutes: int) -> None:
    with refused("InvalidIdleTimeout"):
        world.address(idleTimeoutInMinutes=minutes)


def test_zones_exist(world: World) -> None:
    with refused("AvailabilityZoneNotSupported"):
        world.address(location="ukwest", zones=["1"])
    with refused("InvalidAvailabilityZone"):
        world.address(zones=["4"])
    world.address(zones=["1", "2", "3"])


def test_a_used_address_is_not_deleted(world: World) -> None:
    address = world.address()
    gateway = world.make("network:NatGateway", natGatewayName="nat", publicIpAddresses=[{"id": address}])
    with refused("PublicIPAddressCannotBeDeleted"):
        world.remove(address)
    world.remove(gateway)
    world.remove(address)


def test_a_nat_gateway_stands_in_one_zone(world: World) -> None:
    with refused("NatGatewayZonesInvalid"):
        world.make("network:NatGateway", natGatewayName="nat", zones=["1", "2"])
    world.make("network:NatGateway", natGatewayName="nat", zones=["1"])


def test_a_prefix_has_a_length(world: World) -> None:
    with refused("InvalidPublicIPPrefixLength"):
        world.make("network:PublicIPPrefix", publicIpPrefixName="px", prefixLength=32)
    world.make("network:PublicIPPrefix", publicIpPrefixName="px", prefixLength=30)
