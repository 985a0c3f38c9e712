from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused


def endpoint(world: World, target: str, *groups: str, subnet: str, name: str = "pep", **more: Any) -> str:
    connection = {"name": name, "privateLinkServiceId": target, "groupIds": list(groups)}
    more = {"privateLinkServiceConnections": [connection]} | more
    return world.make("network:PrivateEndpoint", privateEndpointName=name, subnet={"id": subnet}, **more)


def zone(world: World, name: str = "privatelink.blob.core.windows.net") -> str:
    return world.make("privatedns:PrivateZone", privateZoneName=name)


def zone_group(world: World, *zones: str, name: str = "default") -> str:
    configs = [{"name": f"z{number}", "privateDnsZoneId": each} for number, each in enumerate(zones)]
    return world.make(
        "network:PrivateDnsZoneGroup", privateEndpointName="pep", privateDnsZoneGroupName=name,
        privateDnsZoneConfigs=configs,
    )  # fmt: skip


def link(world: World, vnet: str, name: str = "hub", zone: str = "example.org", **more: Any) -> str:
    more["virtualNetwork"] = {"id": vnet}
    return world.make("privatedns:VirtualNetworkLink", privateZoneName=zone, virtualNetworkLinkName=name, **more)


def test_each_fqdn_gets_the_lowest_free_address(world: World) -> None:
    world.vnet()
    subnet = world.subnet()
    world.nic(subnet=subnet)
    found = world.read(endpoint(world, world.account(), "blob", subnet=subnet))
    assert found["customDnsConfigs"] == [{"fqdn": "storeone.blob.core.windows.net", "ipAddresses": ["10.0.1.5"]}]
    assert found["privateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"] == "Approved"
    assert found["networkInterfaces"][0]["id"].startswith("/subscriptions/")


def chosen(address: str, group: str = "blob", member: str = "blob") -> list[dict[str, str]]:
    return [{"name": "fixed", "groupId": group, "memberName": member, "privateIPAddress": address}]


def test_static_address_is_used_for_its_member(world: World) -> None:
    world.vnet()
    subnet = world.subnet()
    endpoint(world, world.account(), "blob", subnet=subnet, ipConfigurations=chosen("10.0.1.9"))
    found = world.read(zone_group(world, zone(world)))
    assert found["privateDnsZoneConfigs"][0]["recordSets"][0]["ipAddresses"] == ["10.0.1.9"]
    vault = endpoint(world, world.vault(), "vault", subnet=subnet, name="vault",
                     ipConfigurations=chosen("10.0.1.10", "vault", "default"))  # fmt: skip
    assert world.read(vault)["customDnsConfigs"][0]["ipAddresses"] == ["10.0.1.10"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.0.1.3", "PrivateIPAddressInReservedRange"),
        ("10.0.1.255", "PrivateIPAddressInReservedRange"),
        ("10.0.2.4", "PrivateIPAddressNotInSubnet"),
        ("ten", "InvalidIPAddressFormat"),
        ("10.0.1.9", "PrivateIPAddressIsAllocated"),
    ],
)
def test_unusable_static_address_is_refused(world: World, address: str, code: str) -> None:
    world.vnet()
    subnet, account = world.subnet(), world.account()
    endpoint(world, account, "blob", subnet=subnet, name="first", ipConfigurations=chosen("10.0.1.9"))
    with refused(code):
        endpoint(world, account, "blob", subnet=subnet, ipConfigurations=chosen(address))


@pytest.mark.parametrize(("group", "member"), [("vault", "vault"), ("default", "default"), ("vault", "")])
def test_static_address_needs_the_member_name_of_the_service(world: World, group: str, member: str) -> None:
    world.vnet()
    with refused("PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps"):
        endpoint(world, world.vault(), "vault", subnet=world.subnet(),
                 ipConfigurations=chosen("10.0.1.9", group, member))  # fmt: skip


def test_group_id_must_fit_the_target(world: World) -> None:
    world.vnet()
    subnet, account = world.subnet(), world.account()
    with refused("PrivateEndpointGroupIdNotSupported"):
        endpoint(world, account, "vault", subnet=subnet)
    with refused("PrivateEndpointGroupIdsInvalid"):
        endpoint(world, account, "blob", "file", subnet=subnet)
    with refused("PrivateEndpointResourceTypeNotSupported"):
        endpoint(world, subnet, "blob", subnet=subnet)
    with refused("ResourceNotFound"):
        endpoint(world, account.replace("storeone", "nowhere"), "blob", subnet=subnet)


def test_one_connection_and_a_message_for_a_manual_one(world: World) -> None:
    world.vnet()
    subnet, account = world.subnet(), world.account()
    with refused("PrivateEndpointMustHaveOneConnection"):
        endpoint(world, account, "blob", subnet=subnet, privateLinkServiceConnections=[])
    manual = [{"name": "m", "privateLinkServiceId": account, "groupIds": ["blob"]}]
    more = {"privateLinkServiceConnections": [], "manualPrivateLinkServiceConnections": manual}
    with refused("PrivateEndpointRequestMessageInvalid"):
        endpoint(world, account, "blob", subnet=subnet, **more)


def test_subnet_must_be_in_the_region(world: World) -> None:
    world.vnet()
    subnet, account = world.subnet(), world.account()
    with refused("InvalidResourceReference"):
        endpoint(world, account, "blob", subnet=subnet, location="ukwest")


def test_full_subnet_is_refused(world: World) -> None:
    world.vnet()
    subnet, account = world.subnet(prefix="10.0.1.0/29"), world.account()
    for number in range(3):
        endpoint(world, account, "blob", subnet=subnet, name=f"pep-{number}")
    with refused("SubnetIsFull"):
        endpoint(world, account, "blob", subnet=subnet, name="pep-4")


def test_zone_group_returns_the_records(world: World) -> None:
    world.vnet()
    endpoint(world, world.account(), "blob", subnet=world.subnet())
    found = world.read(zone_group(world, zone(world)))
    (record,) = found["privateDnsZoneConfigs"][0]["recordSets"]
    assert record["fqdn"] == "storeone.privatelink.blob.core.windows.net"


def test_record_of_a_vault_is_in_the_vaultcore_zone(world: World) -> None:
    world.vnet()
    endpoint(world, world.vault(), "vault", subnet=world.subnet())
    found = world.read(zone_group(world, zone(world, "privatelink.vaultcore.azure.net")))
    assert found["privateDnsZoneConfigs"][0]["recordSets"][0]["fqdn"] == "kv-one.privatelink.vaultcore.azure.net"


def test_one_zone_group_with_at_most_five_zones(world: World) -> None:
    world.vnet()
    endpoint(world, world.account(), "blob", subnet=world.subnet())
    zones = [zone(world, f"z{number}.example.org") for number in range(6)]
    with refused("PrivateDnsZoneGroupInvalidZoneCount"):
        zone_group(world, *zones)
    zone_group(world, *zones[:5])
    with refused("PrivateDnsZoneGroupLimitReached"):
        zone_group(world, zones[5], name="second")


def test_network_is_linked_to_one_zone_of_a_name(world: World) -> None:
    vnet = world.vnet()
    world.make("resources:ResourceGroup", group=None, resourceGroupName="other", location="uksouth")
    zone(world, "example.org")
    world.make("privatedns:PrivateZone", group="other", privateZoneName="example.org")
    link(world, vnet)
    with refused("BadRequest"):
        world.make(
            "privatedns:VirtualNetworkLink", group="other", privateZoneName="example.org",
            virtualNetworkLinkName="again", virtualNetwork={"id": vnet},
        )  # fmt: skip


def test_network_has_one_zone_with_auto_registration(world: World) -> None:
    vnet = world.vnet()
    for name in ("one.example.org", "two.example.org"):
        zone(world, name)
    link(world, vnet, zone="one.example.org", registrationEnabled=True)
    with refused("BadRequest"):
        link(world, vnet, zone="two.example.org", registrationEnabled=True)
    link(world, vnet, zone="two.example.org")


def test_zone_with_links_cannot_be_deleted(world: World) -> None:
    vnet, existing = world.vnet(), zone(world, "example.org")
    linked = link(world, vnet)
    with refused("CannotDeleteResource"):
        world.remove(existing)
    world.remove(linked)
    world.remove(existing)


def test_record_set_fits_its_type(world: World) -> None:
    zone(world, "example.org")
    record = {"privateZoneName": "example.org", "relativeRecordSetName": "www", "recordType": "A"}
    with refused("BadRequest"):
        world.make("privatedns:PrivateRecordSet", ttl=60, cnameRecord={"cname": "a"}, **record)
    with refused("BadRequest"):
        world.make("privatedns:PrivateRecordSet", aRecords=[{"ipv4Address": "10.0.0.4"}], **record)
    found = world.make("privatedns:PrivateRecordSet", ttl=60, aRecords=[{"ipv4Address": "10.0.0.4"}], **record)
    assert world.read(found)["fqdn"] == "www.example.org."
