"""Microsoft.Network: Bastion hosts. Sources: azure-facts 1.1, 1.2, 2.5, 3."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.addresses import prefixes
from local_azure.types.common import (
    WORD_DOT,
    WORD_DOT_SHAPE,
    etag,
    guid,
    in_same_region,
    last,
    one,
    refuse,
    same,
    zones_exist,
)
from local_azure.types.public_ip import PUBLIC_IP
from local_azure.types.subnet import BASTION, SUBNET, VNET

HOST = "azure-native:network:BastionHost"

RANKS = {"Developer": 0, "Basic": 1, "Standard": 2, "Premium": 3}
NEEDS = {
    "enableTunneling": "Standard",
    "enableFileCopy": "Standard",
    "enableIpConnect": "Standard",
    "enableShareableLink": "Standard",
    "enableKerberos": "Standard",
    "enableSessionRecording": "Premium",
    "enablePrivateOnlyBastion": "Premium",
}
"""The least SKU that has each feature (azure-facts 2.5)."""


def _sku(change: Change) -> str:
    return str(one(change.new, "sku.name", "Basic"))


def _sku_has_its_features(change: Change) -> None:
    for feature, least in NEEDS.items():
        if change.new.get(feature) is True and RANKS[_sku(change)] < RANKS[least]:
            text = f"Bastion Host {change.name}: {feature} needs sku {least} or higher, found {_sku(change)}."
            refuse("BastionHostFeatureNotSupportedBySku", text, target=feature)


def _units_fit_the_sku(change: Change) -> None:
    units = change.new.get("scaleUnits", 2)
    if not 2 <= units <= 50 or (units != 2 and RANKS[_sku(change)] < RANKS["Standard"]):
        text = f"Bastion Host {change.name}: scaleUnits is {units:g}; 2-50, and always 2 below sku Standard."
        refuse("BastionHostScaleUnitsInvalid", text)


def _stands_in_its_subnet(change: Change) -> None:
    if _sku(change) == "Developer":
        if not one(change.new, "virtualNetwork.id") or change.new.get("ipConfigurations"):
            refuse("BastionHostDeveloperSkuInvalid", "Sku Developer takes a virtualNetwork and no ipConfigurations.")
        return
    configs = change.new.get("ipConfigurations") or []
    subnet_id = str(one(configs[0], "subnet.id", "")) if len(configs) == 1 else ""
    if last(subnet_id) != BASTION:
        text = f"Bastion Host {change.name} takes exactly one IP configuration, in a subnet named {BASTION}."
        refuse("BastionHostInvalidSubnet", text, target=subnet_id)
    subnet = change.cloud.get(subnet_id)
    if subnet and any(range_.prefixlen > 26 for range_ in prefixes(subnet.properties)):
        refuse(
            "BastionHostSubnetInvalidPrefixLength", f"{BASTION} must have a prefix of /26 or larger.", target=subnet_id
        )


def _has_a_public_address_unless_private(change: Change) -> None:
    if _sku(change) == "Developer":
        return
    config: Mapping[str, Json] = (change.new.get("ipConfigurations") or [{}])[0]
    private, address = change.new.get("enablePrivateOnlyBastion") is True, one(config, "publicIPAddress.id")
    if private == bool(address):
        text = "must not have" if private else "must have"
        refuse("BastionHostPublicIPInvalid", f"Bastion Host {change.name} {text} a public IP address.")
    stored = change.cloud.get(address) if address else None
    if stored and one(stored.properties, "sku.name") != "Standard":
        refuse("BastionHostPublicIPInvalid", f"Public IP address {address} must be of sku Standard.")


def _one_for_a_network(change: Change) -> None:
    for config in change.new.get("ipConfigurations") or []:
        for user in change.cloud.users(str(one(config, "subnet.id", ""))):
            if user.token == HOST and not same(user.id, change.id):
                refuse(
                    "BastionHostSubnetInUse", f"{BASTION} is already used by Bastion Host {user.id}.", target=user.id
                )


def _no_downgrade(change: Change) -> None:
    """A lower SKU means another host (azure-facts 2.5)."""
    before = str(one(change.old, "sku.name", "Basic")) if change.old is not None else _sku(change)
    if RANKS[before] > RANKS[_sku(change)]:
        refuse("BastionHostSkuDowngradeNotSupported", f"Bastion Host cannot go from sku {before} to {_sku(change)}.")


def _outputs(change: Change) -> Mapping[str, Json]:
    filled = [
        {
            "privateIPAllocationMethod": "Dynamic",
            **config,
            "id": f"{change.id}/bastionHostIpConfigurations/{config.get('name', 'default')}",
            "etag": etag(change),
            "provisioningState": "Succeeded",
        }
        for config in change.new.get("ipConfigurations") or []
    ]
    name = f"bst-{guid(change.id, 'dns')}.bastion.azure.com"
    return {"etag": etag(change), "provisioningState": "Succeeded", "dnsName": name, "ipConfigurations": filled}


TYPES = (
    AzureType(
        token=HOST,
        name=Name(WORD_DOT % (3, 80), WORD_DOT_SHAPE % (3, 80)),
        references={
            "ipConfigurations[*].subnet.id": (SUBNET,),
            "ipConfigurations[*].publicIPAddress.id": (PUBLIC_IP,),
            "virtualNetwork.id": (VNET,),
        },
        # Azure leaves copy and paste on.
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
        fixed=("ipConfigurations", "virtualNetwork.id", "zones"),
        computed=_outputs,
        rules=(
            _sku_has_its_features,
            _units_fit_the_sku,
            _stands_in_its_subnet,
            _has_a_public_address_unless_private,
            _one_for_a_network,
            _no_downgrade,
            in_same_region("ipConfigurations[*].subnet.id", "ipConfigurations[*].publicIPAddress.id"),
            zones_exist,
        ),
    ),
)
