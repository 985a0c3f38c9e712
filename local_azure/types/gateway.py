"""Microsoft.Network: virtual network gateways, local network gateways and their connections.

Facts: docs/azure-facts.md#gateways, #gateway-subnets, #connections-of-gateways, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from local_azure.ids import name_of
from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, Request, StoredResource
from local_azure.types.common import (
    REGIONS_WITHOUT_AVAILABILITY_ZONES,
    etag,
    guid,
    in_same_region,
    network_name,
    refuse,
    refuse_while_used,
    same,
    value_at,
    values_at,
)
from local_azure.types.public_ip import PUBLIC_IP
from local_azure.types.subnet import GATEWAY_SUBNET, SUBNET, routes_of

GATEWAY = "azure-native:network:VirtualNetworkGateway"
LOCAL_GATEWAY = "azure-native:network:LocalNetworkGateway"
CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"
VPN_SKUS = tuple(f"VpnGw{number}AZ" for number in range(1, 6))
EXPRESSROUTE_SKUS = ("ErGw1AZ", "ErGw2AZ", "ErGw3AZ", "ErGwScale")
"""The SKUs of new gateways, beside Basic."""
GENERATION_2 = VPN_SKUS[1:]
SKUS = {"Vpn": ("Basic", *VPN_SKUS), "ExpressRoute": EXPRESSROUTE_SKUS}
IPSEC_LENGTHS = ("GCMAES128", "GCMAES192", "GCMAES256")


def _kind(request: Request) -> str:
    return str(request.new.get("gatewayType", ""))


def _sku(request: Request) -> str:
    return str(value_at(request.new, "sku.name", ""))


def _sku_is_of_the_kind(request: Request) -> None:
    allowed = SKUS.get(_kind(request), ())
    if _sku(request) not in allowed:
        text = f"The specified gateway size is not valid, supported gateway sizes are {','.join(allowed)}."
        refuse("InvalidGatewaySize", text, target="sku.name")
    generation = request.new.get("vpnGatewayGeneration", "Generation1")
    if generation == "Generation2" and _sku(request) not in GENERATION_2:
        refuse(
            "VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration",
            f"The Virtual Network Gateway Sku {_sku(request)} cannot be used when VirtualNetworkVpnGatewayGeneration "
            f"is set to {generation}.",
        )


def _configurations_fit(request: Request) -> None:
    """A gateway has one IP configuration for each of its instances that a device connects to, each with an address."""
    configurations = request.new.get("ipConfigurations") or []
    wanted = 2 if request.new.get("activeActive") is True else 1
    if len(configurations) != wanted:
        text = (
            f"Virtual network gateway {request.id} must have {wanted} IP configurations, found {len(configurations)}."
        )
        refuse("VirtualNetworkGatewayIpConfigurationCountInvalid", text)
    for one in configurations:
        if name_of(str(value_at(one, "subnet.id", ""))) != GATEWAY_SUBNET:
            text = (
                f"Subnet {value_at(one, 'subnet.id')} of virtual network gateway {request.id} must be {GATEWAY_SUBNET}."
            )
            refuse("SubnetNameForGatewayIsNotValid", text)
        _address_fits(request, value_at(one, "publicIPAddress.id"))


def _address_fits(request: Request, address: str | None) -> None:
    if address is None:
        refuse("VirtualNetworkGatewayPublicIpAddressNotSpecified", f"Gateway {request.id} has no public IP address.")
    stored = request.cloud.get(address)
    has_zones = normal_location(request.location) not in REGIONS_WITHOUT_AVAILABILITY_ZONES
    if stored and has_zones and _sku(request).endswith("AZ") and not stored.properties.get("zones"):
        refuse(
            "VmssVpnGatewayPublicIpsMustHaveZonesConfigured",
            "Standard Public IPs associated with VPN Gateways with AZ VPN skus must have zones configured.",
            target=address,
        )


def _gateways_in(request: Request, subnet: str) -> Iterator[StoredResource]:
    for user in request.cloud.referencing(subnet):
        if user.token == GATEWAY and not same(user.id, request.id):
            yield user


def _one_gateway_of_a_kind(request: Request) -> None:
    """A network has at most one gateway for VPN, and one for ExpressRoute."""
    for subnet in values_at(request.new, "ipConfigurations[*].subnet.id"):
        for other in _gateways_in(request, subnet):
            if other.properties.get("gatewayType") == _kind(request):
                refuse(
                    "VirtualNetworkGatewayAlreadyExistsInVirtualNetwork",
                    f"Only one virtual network gateway of type {_kind(request)} can be in the network of {subnet}.",
                    target=other.id,
                )


def _routes_of_subnet_fit(request: Request) -> None:
    for id_ in values_at(request.new, "ipConfigurations[*].subnet.id"):
        subnet = request.cloud.get(id_)
        table = value_at(subnet.properties, "routeTable.id") if subnet else None
        stored = request.cloud.get(table) if table else None
        if stored is None or table is None:
            continue
        if any(route.get("addressPrefix") == "0.0.0.0/0" for route in routes_of(request, table)):
            text = f"Route table {table} on {GATEWAY_SUBNET} has a route for 0.0.0.0/0, which is not supported."
            refuse("GatewaySubnetDefaultRouteNotSupported", text, target=table)
        if stored.properties.get("disableBgpRoutePropagation") is True:
            text = f"Route table {table} on {GATEWAY_SUBNET} disables the propagation of gateway routes."
            refuse("GatewaySubnetRoutePropagationDisabled", text, target=table)


def _gateway_outputs(request: Request) -> Mapping[str, Json]:
    filled = [
        {
            "privateIPAllocationMethod": "Dynamic",
            **config,
            "id": f"{request.id}/ipConfigurations/{config.get('name', 'default')}",
            "etag": etag(request),
            "provisioningState": "Succeeded",
        }
        for config in request.new.get("ipConfigurations") or []
    ]
    return {**_outputs(request), "ipConfigurations": filled}


def _outputs(request: Request) -> dict[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded", "resourceGuid": guid(request.id, "resource")}


def _one_form_of_device(request: Request) -> None:
    if bool(request.new.get("gatewayIpAddress")) is bool(request.new.get("fqdn")):
        text = f"Local network gateway {request.name} takes one of gatewayIpAddress and fqdn."
        refuse("LocalNetworkGatewayIpAddressOrFqdnRequired", text)


def _ranges_are_outside(request: Request) -> None:
    """Azure refuses a connection whose remote ranges are in the network of the gateway."""
    remote = value_at(request.new, "localNetworkGateway2.id")
    stored = request.cloud.get(remote) if remote else None
    ranges = values_at(stored.properties, "localNetworkAddressSpace.addressPrefixes[*]") if stored else []
    space = [IPv4Network(one) for one in _address_space(request)]
    for range_ in ranges:
        if any(IPv4Network(range_).overlaps(one) for one in space):
            text = f"Address space {range_} of {remote} overlaps that of the virtual network of the gateway."
            refuse("AddressSpaceOverlapsWithVirtualNetwork", text, target=remote)


def _address_space(request: Request) -> Iterator[str]:
    gateway = request.cloud.get(value_at(request.new, "virtualNetworkGateway1.id", ""))
    for subnet in values_at(gateway.properties, "ipConfigurations[*].subnet.id") if gateway else []:
        network = request.cloud.get(subnet.rpartition("/subnets/")[0])
        yield from values_at(network.properties, "addressSpace.addressPrefixes[*]") if network else []


def _ends_fit_type(request: Request) -> None:
    """Each type of connection has another kind of end, and another kind of gateway."""
    kind = str(request.new.get("connectionType"))
    end = {"IPsec": "localNetworkGateway2.id", "ExpressRoute": "peer.id", "Vnet2Vnet": "virtualNetworkGateway2.id"}
    if not value_at(request.new, end.get(kind, "")):
        text = f"Connection {request.name} of type {kind} has no {end.get(kind, 'known end')}."
        refuse("ConnectionEntitiesInvalid", text)
    gateway = request.cloud.get(value_at(request.new, "virtualNetworkGateway1.id", ""))
    wanted = "ExpressRoute" if kind == "ExpressRoute" else "Vpn"
    if gateway and gateway.properties.get("gatewayType") != wanted:
        text = f"Connection {request.name} of type {kind} needs a gateway of type {wanted}."
        refuse("ConnectionGatewayTypeMismatch", text, target=gateway.id)


def _shared_key_fits(request: Request) -> None:
    key = request.new.get("sharedKey")
    if request.new.get("connectionType") != "IPsec" or not isinstance(key, str):
        return
    if not 1 <= len(key) <= 128 or not all("!" <= letter <= "}" for letter in key) or "-" in key:
        # The message leaves out the key.
        text = "The shared key takes 1 to 128 printable ASCII characters without space, hyphen and tilde."
        refuse("VpnSharedKeyInvalid", text, target="sharedKey")


def _ipsec_policies_fit(request: Request) -> None:
    policies = values_at(request.new, "ipsecPolicies[*]")
    if len(policies) > 1:
        refuse("IpsecPolicyCountInvalid", f"Connection {request.name} takes one IPsec policy.")
    for policy in policies:
        encryption, integrity = policy.get("ipsecEncryption"), policy.get("ipsecIntegrity")
        if (encryption in IPSEC_LENGTHS or integrity in IPSEC_LENGTHS) and encryption != integrity:
            text = f"With {encryption} for IPsec encryption, IPsec integrity must be the same; it is {integrity}."
            refuse("IpsecPolicyIntegrityInvalid", text)
        if policy.get("saLifeTimeSeconds", 0) < 300 or policy.get("saDataSizeKilobytes", 0) < 1024:
            refuse("IpsecPolicyLifetimeInvalid", "The SA lifetime is at least 300 seconds and 1,024 kilobytes.")
    if request.new.get("usePolicyBasedTrafficSelectors") is True and not policies:
        text = "Policy-based traffic selectors need an IPsec policy."
        refuse("ConnectionPolicyBasedTrafficSelectorsInvalid", text)


def _one_connection_to_a_device(request: Request) -> None:
    """A gateway has one connection to the same device."""
    gateway = str(value_at(request.new, "virtualNetworkGateway1.id", ""))
    device = _device(request, value_at(request.new, "localNetworkGateway2.id"))
    for other in request.cloud.referencing(gateway):
        if other.token != CONNECTION or same(other.id, request.id) or device is None:
            continue
        if _device(request, value_at(other.properties, "localNetworkGateway2.id")) == device:
            text = f"Connection {other.id} already connects {gateway} to {device}."
            refuse("ConnectionToSameDeviceExists", text, target=other.id)


def _device(request: Request, id_: str | None) -> str | None:
    stored = request.cloud.get(id_) if id_ else None
    return value_at(stored.properties, "gatewayIpAddress") if stored else None


TYPES = (
    AzureType(
        token=GATEWAY,
        name=network_name(),
        references={
            "ipConfigurations[*].subnet.id": (SUBNET,),
            "ipConfigurations[*].publicIPAddress.id": (PUBLIC_IP,),
            "gatewayDefaultSite.id": (LOCAL_GATEWAY,),
        },
        defaults={
            "activeActive": False,
            "enableBgp": False,
            "enablePrivateIpAddress": False,
            "allowRemoteVnetTraffic": False,
            "allowVirtualWanTraffic": False,
            "disableIPSecReplayProtection": False,
        },
        immutable=dict.fromkeys(
            ("gatewayType", "vpnType", "vpnGatewayGeneration", "ipConfigurations[*].subnet"), "BadRequest"
        ),
        computed=_gateway_outputs,
        constraints=(
            _sku_is_of_the_kind,
            _configurations_fit,
            _one_gateway_of_a_kind,
            _routes_of_subnet_fit,
            in_same_region("ipConfigurations[*].subnet.id", "ipConfigurations[*].publicIPAddress.id"),
        ),
        delete_constraints=(
            refuse_while_used(
                "VirtualNetworkGatewayCannotBeDeleted",
                "Virtual network gateway {name} cannot be deleted while connection {user} uses it.",
            ),
        ),
    ),
    AzureType(
        token=LOCAL_GATEWAY,
        name=network_name(),
        computed=_outputs,
        constraints=(_one_form_of_device,),
        delete_constraints=(
            refuse_while_used(
                "LocalNetworkGatewayCannotBeDeleted",
                "Local network gateway {name} cannot be deleted while connection {user} uses it.",
            ),
        ),
    ),
    AzureType(
        token=CONNECTION,
        name=network_name(),
        references={
            "virtualNetworkGateway1.id": (GATEWAY,),
            "virtualNetworkGateway2.id": (GATEWAY,),
            "localNetworkGateway2.id": (LOCAL_GATEWAY,),
        },
        defaults={
            "connectionMode": "Default",
            "connectionProtocol": "IKEv2",
            "enableBgp": False,
            "useLocalAzureIpAddress": False,
            "usePolicyBasedTrafficSelectors": False,
            "routingWeight": 0,
        },
        immutable=dict.fromkeys(
            ("connectionType", "connectionProtocol", "virtualNetworkGateway1", "localNetworkGateway2", "peer"),
            "BadRequest",
        ),
        write_only=("sharedKey", "authorizationKey"),
        computed=_outputs,
        constraints=(
            _ends_fit_type,
            _shared_key_fits,
            _ipsec_policies_fit,
            _ranges_are_outside,
            _one_connection_to_a_device,
            in_same_region("virtualNetworkGateway1.id", "localNetworkGateway2.id"),
        ),
    ),
)
