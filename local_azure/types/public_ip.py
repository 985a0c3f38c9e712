"""Microsoft.Network: public IP addresses and prefixes, NAT gateways, DDoS protection plans.

Facts: docs/azure-facts.md#public-ip-addresses, #nat-gateways, #subnets-in-use, #network-limits, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.fixed_properties import ZONES_FIXED
from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, Request
from local_azure.types.common import (
    at_most,
    availability_zones_exist,
    etag,
    guid,
    network_name,
    refuse,
    refuse_while_used,
    value_at,
    values_at,
)
from local_azure.types.subnet import NAT_GATEWAY

PUBLIC_IP = "azure-native:network:PublicIPAddress"
PREFIX = "azure-native:network:PublicIPPrefix"
DDOS_PLAN = "azure-native:network:DdosProtectionPlan"


def _basic_is_retired(request: Request) -> None:
    """Azure refuses new Basic addresses since 31 March 2025."""
    if value_at(request.new, "sku.name") == "Basic":
        text = "Cannot create Basic SKU public IP addresses: the Basic SKU was retired on 30 September 2025."
        refuse("IPv4BasicSkuPublicIpCountLimitReached", text)


def _standard_is_static(request: Request) -> None:
    if request.new.get("publicIPAllocationMethod") != "Static":
        text = f"Standard sku publicIp {request.id} must have AllocationMethod set to Static."
        refuse("PublicIPAddressWithStandardSkuMustUseStaticAllocation", text)


def _idle_timeout_in_range(request: Request) -> None:
    minutes = request.new.get("idleTimeoutInMinutes", 4)
    if not 4 <= minutes <= 30:
        refuse("InvalidIdleTimeout", f"idleTimeoutInMinutes is {minutes:g}; it takes 4 to 30.")


def _outputs(request: Request) -> Mapping[str, Json]:
    """Return the outputs. The address is in 203.0.113.0/24, which RFC 5737 reserves for documentation."""
    octet = int(guid(request.id, "address")[:8], 16) % 254 + 1
    outputs: dict[str, Json] = {**_network_outputs(request), "ipAddress": f"203.0.113.{octet}"}
    label = value_at(request.new, "dnsSettings.domainNameLabel")
    if label:
        fqdn = f"{label}.{normal_location(request.location)}.cloudapp.azure.com"
        outputs["dnsSettings"] = {**request.new["dnsSettings"], "fqdn": fqdn}
    return outputs


def _prefix_outputs(request: Request) -> Mapping[str, Json]:
    length = int(request.new.get("prefixLength", 28))
    return {**_network_outputs(request), "ipPrefix": f"198.51.100.0/{length}", "publicIPAddresses": []}


def _network_outputs(request: Request) -> dict[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded", "resourceGuid": guid(request.id, "resource")}


def _prefix_length_in_range(request: Request) -> None:
    length = request.new.get("prefixLength")
    if length is None or not 21 <= length <= 31:
        refuse("InvalidPublicIPPrefixLength", f"prefixLength is {length}; an IPv4 prefix takes 28 to 31.")


def _nat_address_limit(request: Request) -> None:
    if len(values_at(request.new, "publicIpAddresses[*]") + values_at(request.new, "publicIpPrefixes[*]")) > 16:
        refuse("NatGatewayPublicIpLimitReached", "A NAT gateway takes at most 16 public IP addresses and prefixes.")


def _nat_is_in_one_zone(request: Request) -> None:
    if value_at(request.new, "sku.name") == "Standard" and len(request.new.get("zones") or ()) > 1:
        refuse("NatGatewayZonesInvalid", "A Standard NAT gateway is in one zone or none.")


TYPES = (
    AzureType(
        token=PUBLIC_IP,
        name=network_name(),
        references={"publicIPPrefix.id": (PREFIX,), "ddosSettings.ddosProtectionPlan.id": (DDOS_PLAN,)},
        # Azure's defaults are still Basic and Dynamic, which it refuses.
        defaults={
            "sku.name": "Basic",
            "sku.tier": "Regional",
            "publicIPAllocationMethod": "Dynamic",
            "publicIPAddressVersion": "IPv4",
            "idleTimeoutInMinutes": 4,
        },
        replace_on_change=("location", "publicIPAddressVersion", "publicIPPrefix", "sku"),
        immutable={"zones": ZONES_FIXED, "ipTags": "BadRequest"},
        computed=_outputs,
        constraints=(
            _basic_is_retired,
            _standard_is_static,
            _idle_timeout_in_range,
            availability_zones_exist,
            at_most(
                1000, PUBLIC_IP, "PublicIPCountLimitReached", "Cannot create more than {limit} public IP addresses."
            ),
        ),
        delete_constraints=(
            refuse_while_used(
                "PublicIPAddressCannotBeDeleted",
                "Public IP address {id} can not be deleted since it is still allocated to resource {user}.",
            ),
        ),
    ),
    AzureType(
        token=PREFIX,
        name=network_name(),
        defaults={"sku.name": "Standard", "sku.tier": "Regional", "publicIPAddressVersion": "IPv4"},
        immutable={
            "zones": ZONES_FIXED,
            **dict.fromkeys(("sku.name", "sku.tier", "prefixLength", "publicIPAddressVersion", "ipTags"), "BadRequest"),
        },
        computed=_prefix_outputs,
        constraints=(_prefix_length_in_range, availability_zones_exist),
        delete_constraints=(
            refuse_while_used("InUsePublicIpPrefixCannotBeDeleted", "Prefix {name} is in use by {user}."),
        ),
    ),
    AzureType(
        token=NAT_GATEWAY,
        name=network_name(),
        references={"publicIpAddresses[*].id": (PUBLIC_IP,), "publicIpPrefixes[*].id": (PREFIX,)},
        defaults={"sku.name": "Standard", "idleTimeoutInMinutes": 4},
        immutable={"zones": ZONES_FIXED, "sku.name": "BadRequest"},
        computed=_network_outputs,
        constraints=(_nat_address_limit, _nat_is_in_one_zone, availability_zones_exist),
        delete_constraints=(
            refuse_while_used("InUseNatGatewayCannotBeDeleted", "NAT gateway {name} is in use by {user}."),
        ),
    ),
    AzureType(
        token=DDOS_PLAN,
        name=network_name(),
        computed=_network_outputs,
        delete_constraints=(
            refuse_while_used("InUseDdosProtectionPlanCannotBeDeleted", "Plan {name} is in use by {user}."),
        ),
    ),
)
