"""Microsoft.Network: subnets.

Facts: docs/azure-facts.md#names-of-network-resources, #address-spaces-and-prefixes, #reserved-subnets,
#subnets-in-use, #network-limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local_azure.model import AzureType, Json, Request
from local_azure.types.addresses import address_space, first_overlap, is_inside, subnet_ranges
from local_azure.types.common import (
    NON_BLOCKING_REFERRERS,
    at_most,
    etag,
    external_referrers,
    in_same_region,
    network_name,
    parent_id,
    refuse,
    refuse_while_used,
    same,
    value_at,
    values_at,
)

VNET = "azure-native:network:VirtualNetwork"
SUBNET = "azure-native:network:Subnet"
NSG = "azure-native:network:NetworkSecurityGroup"
SECURITY_RULE = "azure-native:network:SecurityRule"
ROUTE_TABLE = "azure-native:network:RouteTable"
ROUTE = "azure-native:network:Route"
NAT_GATEWAY = "azure-native:network:NatGateway"

BASTION_SUBNET = "AzureBastionSubnet"
FIREWALL_SUBNETS = ("AzureFirewallSubnet", "AzureFirewallManagementSubnet")
GATEWAY_SUBNET = "GatewaySubnet"
WITHOUT_NSG = (*FIREWALL_SUBNETS, GATEWAY_SUBNET, "RouteServerSubnet")
WITHOUT_ROUTE_TABLE = (BASTION_SUBNET, "RouteServerSubnet")


def _one_form_of_prefix(request: Request) -> None:
    forms = [path for path in ("addressPrefix", "addressPrefixes") if request.new.get(path)]
    if len(forms) != 1:
        refuse("InvalidRequestFormat", f"Subnet '{request.name}' takes one of addressPrefix and addressPrefixes.")


def _is_inside_network(request: Request) -> None:
    vnet = request.cloud.get(parent_id(request.id))
    outer = address_space(vnet.properties) if vnet else []
    if vnet and not all(is_inside(range_, outer) for range_ in subnet_ranges(request.new)):
        refuse("NetcfgInvalidSubnet", f"Subnet '{request.name}' is not valid in virtual network '{vnet.name}'.")


def _does_not_overlap(request: Request) -> None:
    for sibling in request.cloud.children(parent_id(request.id), SUBNET):
        if not same(sibling.id, request.id) and first_overlap(
            subnet_ranges(request.new), subnet_ranges(sibling.properties)
        ):
            text = (
                f"Subnet '{request.name}' is not valid because its IP address range overlaps with that of an existing "
            )
            refuse("NetcfgSubnetRangesOverlap", text + f"subnet in virtual network: '{sibling.name}'.")


def _prefix_length_is_valid(request: Request) -> None:
    """An IPv4 subnet is a /29 or larger, an IPv6 subnet a /64 (docs/azure-facts.md#subnet-sizes)."""
    for range_ in subnet_ranges(request.new):
        fits = range_.prefixlen <= 29 if range_.version == 4 else range_.prefixlen == 64
        if not fits:
            refuse(
                "NetcfgInvalidSubnet", f"Subnet '{request.name}' is not valid: prefix {range_} is not of a legal size."
            )


def _prefix_in_use_is_fixed(request: Request) -> None:
    used = (
        request.old is not None
        and subnet_ranges(request.old) != subnet_ranges(request.new)
        and any(user.token not in NON_BLOCKING_REFERRERS for user in external_referrers(request))
    )
    if used:
        text = f"Subnet {request.name} has active allocations on its address prefix, which cannot be deleted."
        refuse("InUsePrefixCannotBeDeleted", text)


def _no_nsg_on_reserved_subnet(request: Request) -> None:
    if request.name in WITHOUT_NSG and value_at(request.new, "networkSecurityGroup.id"):
        refuse(
            "NetworkSecurityGroupNotSupportedOnSubnet",
            f"Subnet {request.name} does not support a network security group.",
            target=value_at(request.new, "networkSecurityGroup.id"),
        )


def _no_route_table_on_reserved_subnet(request: Request) -> None:
    if request.name in WITHOUT_ROUTE_TABLE and value_at(request.new, "routeTable.id"):
        text = f"Route table association is not supported on subnet {request.name}."
        refuse("RouteTableCannotBeAttachedForAzureBastionSubnet", text)


def _firewall_default_route_is_internet(request: Request) -> None:
    table = value_at(request.new, "routeTable.id")
    if request.name not in FIREWALL_SUBNETS or not table:
        return
    for route in routes_of(request, table):
        if route.get("addressPrefix") == "0.0.0.0/0" and route.get("nextHopType") != "Internet":
            text = f"Subnet {request.name} takes a route table only where 0.0.0.0/0 has next hop Internet."
            refuse("AzureFirewallSubnetRouteNotSupported", text, target=table)


def routes_of(request: Request, table: str) -> Iterator[Mapping[str, Json]]:
    """Yield a route table's routes, inline ones and separate resources."""
    stored = request.cloud.get(table)
    yield from values_at(stored.properties, "routes[*]") if stored else ()
    yield from (route.properties for route in request.cloud.children(table, ROUTE))


def _bastion_nsg_is_complete(request: Request) -> None:
    """An NSG on Bastion's subnet allows all of its traffic (docs/azure-facts.md#nsg-of-a-bastion-subnet)."""
    group = value_at(request.new, "networkSecurityGroup.id")
    stored = request.cloud.get(group) if request.name == BASTION_SUBNET and group else None
    if stored is None:
        return
    rules = values_at(stored.properties, "securityRules[*]")
    rules += [rule.properties for rule in request.cloud.children(stored.id, SECURITY_RULE)]
    for direction, peer, port in BASTION_TRAFFIC:
        if not any(_allows(rule, direction, peer, port) for rule in rules):
            refuse(
                "NetworkSecurityGroupNotCompliantForAzureBastionSubnet",
                f"Network security group {stored.name} does not have necessary rules for Azure Bastion Subnet "
                f"{BASTION_SUBNET}: missing {direction} allow, {peer}, port {port}.",
                target=stored.id,
            )


BASTION_TRAFFIC = (
    ("Inbound", "Internet", "443"),
    ("Inbound", "GatewayManager", "443"),
    ("Inbound", "AzureLoadBalancer", "443"),
    ("Inbound", "VirtualNetwork", "8080"),
    ("Inbound", "VirtualNetwork", "5701"),
    ("Outbound", "VirtualNetwork", "22"),
    ("Outbound", "VirtualNetwork", "3389"),
    ("Outbound", "VirtualNetwork", "8080"),
    ("Outbound", "VirtualNetwork", "5701"),
    ("Outbound", "AzureCloud", "443"),
    ("Outbound", "Internet", "80"),
)
"""Direction, peer and port of the required rules (docs/azure-facts.md#nsg-of-a-bastion-subnet)."""


def _allows(rule: Mapping[str, Json], direction: str, peer: str, port: str) -> bool:
    side = "source" if direction == "Inbound" else "destination"
    peers = values_at(rule, f"{side}AddressPrefix") + values_at(rule, f"{side}AddressPrefixes[*]")
    ports = values_at(rule, "destinationPortRange") + values_at(rule, "destinationPortRanges[*]")
    return (
        rule.get("access") == "Allow"
        and rule.get("direction") == direction
        and ("*" in peers or any(same(peer, given) for given in peers) or (peer == "Internet" and "0.0.0.0/0" in peers))
        and any(_covers(given, int(port)) for given in ports)
    )


def _covers(range_: str, port: int) -> bool:
    low, _, high = str(range_).partition("-")
    return range_ == "*" or (low.isdigit() and int(low) <= port <= int(high or low))


def _delegation_in_use_is_fixed(request: Request) -> None:
    if request.old is None:
        return
    before, after = (sorted(values_at(side, "delegations[*].serviceName")) for side in (request.old, request.new))
    if before != after and any(user.token not in NON_BLOCKING_REFERRERS for user in external_referrers(request)):
        text = f"Delegations of subnet {request.id} cannot be changed while the subnet is in use."
        refuse("SubnetDelegationsCannotChangeWhenSubnetUsed", text)


def refuse_if_delegated(service: str, subnet_id: str, request: Request) -> None:
    """Refuse a resource in a subnet that is delegated to another service (docs/azure-facts.md#delegated-subnets)."""
    subnet = request.cloud.get(subnet_id)
    delegates = values_at(subnet.properties, "delegations[*].serviceName") if subnet else []
    if delegates and not any(same(delegate, service) for delegate in delegates):
        refuse(
            "ResourceNotPermittedOnDelegatedSubnet",
            f"Cannot use subnet {subnet_id} for resource {request.id}: it is delegated to {', '.join(delegates)}.",
            target=subnet_id,
        )


def _outputs(request: Request) -> Mapping[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded"}


SUBNET_TYPE = AzureType(
    token=SUBNET,
    name=network_name(),
    location="none",
    references={
        "networkSecurityGroup.id": (NSG,),
        "routeTable.id": (ROUTE_TABLE,),
        "natGateway.id": (NAT_GATEWAY,),
    },
    # Azure allows default outbound access, and exempts private endpoints from NSGs and routes.
    defaults={
        "defaultOutboundAccess": True,
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    },
    computed=_outputs,
    constraints=(
        _one_form_of_prefix,
        _is_inside_network,
        _does_not_overlap,
        _prefix_length_is_valid,
        _prefix_in_use_is_fixed,
        _no_nsg_on_reserved_subnet,
        _no_route_table_on_reserved_subnet,
        _firewall_default_route_is_internet,
        _bastion_nsg_is_complete,
        _delegation_in_use_is_fixed,
        in_same_region("networkSecurityGroup.id", "routeTable.id", "natGateway.id"),
        at_most(3000, SUBNET, "SubnetCountLimitReached", "A network has at most {limit} subnets.", per_parent=True),
    ),
    delete_constraints=(
        refuse_while_used(
            "InUseSubnetCannotBeDeleted",
            "Subnet {name} is in use by {user} and cannot be deleted. In order to delete the subnet, delete all the "
            "resources within the subnet.",
        ),
    ),
)
