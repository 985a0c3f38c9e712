from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused

POLICY = {"ikeEncryption": "GCMAES256", "ikeIntegrity": "SHA384", "dhGroup": "ECP384", "ipsecEncryption": "GCMAES256",
          "ipsecIntegrity": "GCMAES256", "pfsGroup": "ECP384", "saLifeTimeSeconds": 27000,
          "saDataSizeKilobytes": 102400000}  # fmt: skip


@pytest.fixture
def hub(world: World) -> World:
    world.vnet()
    return world


def subnet(world: World, name: str = "GatewaySubnet", **more: Any) -> str:
    return world.subnet(name, "10.0.9.0/26", **more)


def gateway(world: World, at: str, name: str = "vgw", zones: bool = True, **more: Any) -> str:
    address = world.public_ip(f"pip-{name}", **({"zones": ["1", "2", "3"]} if zones else {}))
    configuration = {"name": "ip", "subnet": {"id": at}, "publicIPAddress": {"id": address}}
    given = {"gatewayType": "Vpn", "vpnType": "RouteBased", "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
             "ipConfigurations": [configuration]}  # fmt: skip
    return world.make("network:VirtualNetworkGateway", virtualNetworkGatewayName=name, **{**given, **more})


def remote(world: World, name: str = "lgw", device: str = "203.0.113.9", range_: str = "192.168.0.0/28") -> str:
    return world.make("network:LocalNetworkGateway", localNetworkGatewayName=name, gatewayIpAddress=device,
                      localNetworkAddressSpace={"addressPrefixes": [range_]})  # fmt: skip


def connection(world: World, near: str, far: str, name: str = "con", **more: Any) -> str:
    given = {"connectionType": "IPsec", "virtualNetworkGateway1": {"id": near}, "localNetworkGateway2": {"id": far},
             "ipsecPolicies": [POLICY], "usePolicyBasedTrafficSelectors": True, "sharedKey": "a" * 64}  # fmt: skip
    return world.make(
        "network:VirtualNetworkGatewayConnection", virtualNetworkGatewayConnectionName=name, **{**given, **more}
    )


@pytest.mark.parametrize("sku", ["VpnGw1", "VpnGw2", "Standard", "HighPerformance", "ErGw1AZ"])
def test_a_new_gateway_has_an_sku_with_zones_and_of_its_kind(hub: World, sku: str) -> None:
    with refused("InvalidGatewaySize"):
        gateway(hub, subnet(hub), sku={"name": sku, "tier": sku})


def test_a_gateway_is_in_its_own_subnet_with_a_zonal_address(hub: World) -> None:
    with refused("SubnetNameForGatewayIsNotValid"):
        gateway(hub, hub.subnet(), name="data")
    own = subnet(hub)
    with refused("VmssVpnGatewayPublicIpsMustHaveZonesConfigured"):
        gateway(hub, own, name="bare", zones=False)
    gateway(hub, own)
    with refused("VirtualNetworkGatewayAlreadyExistsInVirtualNetwork"):
        gateway(hub, own, name="second")
    with refused("InUseSubnetCannotBeDeleted"):
        hub.remove(own)


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("GatewaySubnetDefaultRouteNotSupported",
         {"routes": [{"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance",
                      "nextHopIpAddress": "10.0.0.4"}]}),
        ("GatewaySubnetRoutePropagationDisabled", {"disableBgpRoutePropagation": True}),
    ],
)  # fmt: skip
def test_routes_that_stop_a_gateway_are_refused(hub: World, code: str, settings: dict[str, Any]) -> None:
    table = hub.make("network:RouteTable", routeTableName="rt", **settings)
    with refused(code):
        gateway(hub, subnet(hub, routeTable={"id": table}))


def test_the_kind_and_the_routing_of_a_gateway_are_fixed(hub: World) -> None:
    made = gateway(hub, subnet(hub))
    with refused("BadRequest"):
        hub.change(made, vpnType="PolicyBased")
    hub.change(made, sku={"name": "VpnGw2AZ", "tier": "VpnGw2AZ"})


def test_a_connection_keeps_its_gateway_and_its_remote_network(hub: World) -> None:
    near, far = gateway(hub, subnet(hub)), remote(hub)
    made = connection(hub, near, far)
    for one in (near, far):
        with refused("VirtualNetworkGatewayCannotBeDeleted" if one == near else "LocalNetworkGatewayCannotBeDeleted"):
            hub.remove(one)
    with refused("ConnectionToSameDeviceExists"):
        connection(hub, near, remote(hub, "again", range_="192.168.9.0/28"), "again")
    hub.remove(made)
    hub.remove(near)


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("VpnSharedKeyInvalid", {"sharedKey": "a b"}),
        ("VpnSharedKeyInvalid", {"sharedKey": "a" * 129}),
        ("VpnSharedKeyInvalid", {"sharedKey": "one-two"}),
        ("ConnectionPolicyBasedTrafficSelectorsInvalid", {"ipsecPolicies": []}),
        ("IpsecPolicyCountInvalid", {"ipsecPolicies": [POLICY, POLICY]}),
        ("IpsecPolicyIntegrityInvalid", {"ipsecPolicies": [{**POLICY, "ipsecIntegrity": "SHA256"}]}),
        ("IpsecPolicyLifetimeInvalid", {"ipsecPolicies": [{**POLICY, "saLifeTimeSeconds": 299}]}),
        ("ConnectionEntitiesInvalid", {"connectionType": "ExpressRoute"}),
    ],
)
def test_a_connection_that_azure_refuses(hub: World, code: str, settings: dict[str, Any]) -> None:
    near = gateway(hub, subnet(hub))
    with refused(code):
        connection(hub, near, remote(hub), **settings)


def test_a_remote_range_inside_the_network_is_refused(hub: World) -> None:
    near = gateway(hub, subnet(hub))
    with refused("AddressSpaceOverlapsWithVirtualNetwork"):
        connection(hub, near, remote(hub, range_="10.0.1.0/28"))


def test_a_refusal_does_not_show_the_shared_key(hub: World) -> None:
    near = gateway(hub, subnet(hub))
    with pytest.raises(Exception, match="shared key") as caught:
        connection(hub, near, remote(hub), sharedKey="correct horse")
    assert "correct horse" not in str(caught.value)


def test_a_remote_network_has_an_address_or_a_name(hub: World) -> None:
    with refused("LocalNetworkGatewayIpAddressOrFqdnRequired"):
        hub.make("network:LocalNetworkGateway", localNetworkGatewayName="none")
