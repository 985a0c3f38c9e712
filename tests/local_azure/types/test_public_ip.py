from __future__ import annotations

import pytest

from tests.local_azure.types.support import World, refused


def test_default_sku_basic_is_refused(world: World) -> None:
    with refused("IPv4BasicSkuPublicIpCountLimitReached"):
        world.make("network:PublicIPAddress", publicIpAddressName="old")


def test_standard_needs_static_allocation(world: World) -> None:
    with refused("PublicIPAddressWithStandardSkuMustUseStaticAllocation"):
        world.public_ip(publicIPAllocationMethod="Dynamic")
    assert world.read(world.public_ip())["ipAddress"].startswith("203.0.113.")


@pytest.mark.parametrize("minutes", [3, 31])
def test_idle_timeout_out_of_range_is_refused(world: World, minutes: int) -> None:
    with refused("InvalidIdleTimeout"):
        world.public_ip(idleTimeoutInMinutes=minutes)


def test_zones_must_exist_in_the_region(world: World) -> None:
    with refused("AvailabilityZoneNotSupported"):
        world.public_ip(location="ukwest", zones=["1"])
    with refused("InvalidAvailabilityZone"):
        world.public_ip(zones=["4"])
    world.public_ip(zones=["1", "2", "3"])


def test_public_ip_in_use_cannot_be_deleted(world: World) -> None:
    address = world.public_ip()
    gateway = world.make("network:NatGateway", natGatewayName="nat", publicIpAddresses=[{"id": address}])
    with refused("PublicIPAddressCannotBeDeleted"):
        world.remove(address)
    world.remove(gateway)
    world.remove(address)


def test_nat_gateway_is_in_at_most_one_zone(world: World) -> None:
    with refused("NatGatewayZonesInvalid"):
        world.make("network:NatGateway", natGatewayName="nat", zones=["1", "2"])
    world.make("network:NatGateway", natGatewayName="nat", zones=["1"])


def test_prefix_length_out_of_range_is_refused(world: World) -> None:
    with refused("InvalidPublicIPPrefixLength"):
        world.make("network:PublicIPPrefix", publicIpPrefixName="px", prefixLength=32)
    world.make("network:PublicIPPrefix", publicIpPrefixName="px", prefixLength=30)
