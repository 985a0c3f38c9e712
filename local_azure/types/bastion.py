"""Microsoft.Network: Bastion hosts.

Facts: docs/azure-facts.md#names-of-bastion-hosts, #bastion-hosts, #reserved-subnets, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.fixed_properties import ZONES_FIXED
from local_azure.ids import name_of
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.addresses import subnet_ranges
from local_azure.types.common import (
    NETWORK_NAME_DESCRIPTION,
    NETWORK_NAME_PATTERN,
    availability_zones_exist,
    etag,
    guid,
    in_same_region,
    refuse,
    same,
    value_at,
)
from local_azure.types.public_ip import PUBLIC_IP
from local_azure.types.subnet import BASTION_SUBNET, SUBNET, VNET

HOST = "azure-native:network:BastionHost"

SKU_ORDER = {"Developer": 0, "Basic": 1, "Standard": 2, "Premium": 3}
REQUIRED_SKU = {
    "enableTunneling": "Standard",
    "enableFileCopy": "Standard",
    "enableIpConnect": "Standard",
    "enableShareableLink": "Standard",
    "enableKerberos": "Standard",
    "enableSessionRecording": "Premium",
    "enablePrivateOnlyBastion": "Premium",
}
"""The lowest SKU of each feature."""


def _sku(request: Request) -> str:
    return str(value_at(request.new, "sku.name", "Basic"))


def _sku_supports_features(request: Request) -> None:
    for feature, least in REQUIRED_SKU.items():
        if request.new.get(feature) is True and SKU_ORDER[_sku(request)] < SKU_ORDER[least]:
            text = f"Bastion Host {request.name}: {feature} needs sku {least} or higher, found {_sku(request)}."
            refuse("BastionHostFeatureNotSupportedBySku", text, target=feature)


def _scale_units_fit_sku(request: Request) -> None:
    units = request.new.get("scaleUnits", 2)
    if not 2 <= units <= 50 or (units != 2 and SKU_ORDER[_sku(request)] < SKU_ORDER["Standard"]):
        text = f"Bastion Host {request.name}: scaleUnits is {units:g}; 2-50, and always 2 below sku Standard."
        refuse("BastionHostScaleUnitsInvalid", text)


def _is_in_bastion_subnet(request: Request) -> None:
    if _sku(request) == "Developer":
        if not value_at(request.new, "virtualNetwork.id") or request.new.get("ipConfigurations"):
            refuse("BastionHostDeveloperSkuInvalid", "Sku Developer takes a virtualNetwork and no ipConfigurations.")
        return
    configs = request.new.get("ipConfigurations") or []
    subnet_id = str(value_at(configs[0], "subnet.id", "")) if len(configs) == 1 else ""
    if name_of(subnet_id) != BASTION_SUBNET:
        text = f"Bastion Host {request.name} takes exactly one IP configuration, in a subnet named {BASTION_SUBNET}."
        refuse("BastionHostInvalidSubnet", text, target=subnet_id)
    subnet = request.cloud.get(subnet_id)
    if subnet and any(range_.prefixlen > 26 for range_ in subnet_ranges(subnet.properties)):
        refuse(
            "BastionHostSubnetInvalidPrefixLength",
            f"{BASTION_SUBNET} must have a prefix of /26 or larger.",
            target=subnet_id,
        )


def _public_ip_unless_private(request: Request) -> None:
    if _sku(request) == "Developer":
        return
    config: Mapping[str, Json] = (request.new.get("ipConfigurations") or [{}])[0]
    private, address = request.new.get("enablePrivateOnlyBastion") is True, value_at(config, "publicIPAddress.id")
    if private == bool(address):
        text = "must not have" if private else "must have"
        refuse("BastionHostPublicIPInvalid", f"Bastion Host {request.name} {text} a public IP address.")
    stored = request.cloud.get(address) if address else None
    if stored and value_at(stored.properties, "sku.name") != "Standard":
        refuse("BastionHostPublicIPInvalid", f"Public IP address {address} must be of sku Standard.")


def _one_host_per_network(request: Request) -> None:
    for config in request.new.get("ipConfigurations") or []:
        for user in request.cloud.referencing(str(value_at(config, "subnet.id", ""))):
            if user.token == HOST and not same(user.id, request.id):
                refuse(
                    "BastionHostSubnetInUse",
                    f"{BASTION_SUBNET} is already used by Bastion Host {user.id}.",
                    target=user.id,
                )


def _no_downgrade(request: Request) -> None:
    """An update cannot lower the SKU."""
    before = str(value_at(request.old, "sku.name", "Basic")) if request.old is not None else _sku(request)
    if SKU_ORDER[before] > SKU_ORDER[_sku(request)]:
        refuse("BastionHostSkuDowngradeNotSupported", f"Bastion Host cannot go from sku {before} to {_sku(request)}.")


def _outputs(request: Request) -> Mapping[str, Json]:
    filled = [
        {
            "privateIPAllocationMethod": "Dynamic",
            **config,
            "id": f"{request.id}/bastionHostIpConfigurations/{config.get('name', 'default')}",
            "etag": etag(request),
            "provisioningState": "Succeeded",
        }
        for config in request.new.get("ipConfigurations") or []
    ]
    name = f"bst-{guid(request.id, 'dns')}.bastion.azure.com"
    return {"etag": etag(request), "provisioningState": "Succeeded", "dnsName": name, "ipConfigurations": filled}


TYPES = (
    AzureType(
        token=HOST,
        name=NameRule(NETWORK_NAME_PATTERN % (3, 80), NETWORK_NAME_DESCRIPTION % (3, 80)),
        references={
            "ipConfigurations[*].subnet.id": (SUBNET,),
            "ipConfigurations[*].publicIPAddress.id": (PUBLIC_IP,),
            "virtualNetwork.id": (VNET,),
        },
        # Azure allows copy and paste by default.
        defaults={
            "sku.name": "Basic",
            "scaleUnits": 2,
            "disableCopyPaste": False,
            "enableTunneling": False,
            "enableFileCopy": False,
            "enableIpConnect": False,
            "enableShareableLink": False,
            "enableKerberos": False,
            "enableSessionRecording": False,
            "enablePrivateOnlyBastion": False,
        },
        immutable={"zones": ZONES_FIXED, **dict.fromkeys(("ipConfigurations", "virtualNetwork.id"), "BadRequest")},
        computed=_outputs,
        constraints=(
            _sku_supports_features,
            _scale_units_fit_sku,
            _is_in_bastion_subnet,
            _public_ip_unless_private,
            _one_host_per_network,
            _no_downgrade,
            in_same_region("ipConfigurations[*].subnet.id", "ipConfigurations[*].publicIPAddress.id"),
            availability_zones_exist,
        ),
    ),
)
