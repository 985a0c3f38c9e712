"""Microsoft.Network: subnets. Sources: azure-facts 1.2, 2.2, 2.5, 3, 6.3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local_azure.declare import AzureType, Change, Json
from local_azure.types.addresses import inside, overlapping, prefixes, space
from local_azure.types.common import (
    LOOSE,
    above,
    at_most,
    etag,
    every,
    in_same_region,
    one,
    other_users,
    refuse,
    refuse_while_used,
    same,
    word_dot,
)

VNET = "azure-native:network:VirtualNetwork"
SUBNET = "azure-native:network:Subnet"
NSG = "azure-native:network:NetworkSecurityGroup"
SECURITY_RULE = "azure-native:network:SecurityRule"
ROUTE_TABLE = "azure-native:network:RouteTable"
ROUTE = "azure-native:network:Route"
NAT_GATEWAY = "azure-native:network:NatGateway"

BASTION = "AzureBastionSubnet"
FIREWALLS = ("AzureFirewallSubnet", "AzureFirewallManagementSubnet")
WITHOUT_NSG = (*FIREWALLS, "GatewaySubnet", "RouteServerSubnet")
WITHOUT_ROUTES = (BASTION, "RouteServerSubnet")


def _one_form_of_prefix(change: Change) -> None:
    forms = [path for path in ("addressPrefix", "addressPrefixes") if change.new.get(path)]
    if len(forms) != 1:
        refuse("InvalidRequestFormat", f"Subnet '{change.name}' takes one of addressPrefix and addressPrefixes.")


def _inside_its_network(change: Change) -> None:
    vnet = change.cloud.get(above(change.id))
    outer = space(vnet.properties) if vnet else []
    if vnet and not all(inside(range_, outer) for range_ in prefixes(change.new)):
        refuse("NetcfgInvalidSubnet", f"Subnet '{change.name}' is not valid in virtual network '{vnet.name}'.")


def _overlaps_no_sibling(change: Change) -> None:
    for sibling in change.cloud.children(above(change.id), SUBNET):
        if not same(sibling.id, change.id) and overlapping(prefixes(change.new), prefixes(sibling.properties)):
            text = (
                f"Subnet '{change.name}' is not valid because its IP address range overlaps with that of an existing "
            )
            refuse("NetcfgSubnetRangesOverlap", text + f"subnet in virtual network: '{sibling.name}'.")


def _large_enough_for_azure(change: Change) -> None:
    """A /29 is the smallest IPv4 subnet, and IPv6 ones are a /64 (azure-facts 1.2)."""
    for range_ in prefixes(change.new):
        fits = range_.prefixlen <= 29 if range_.version == 4 else range_.prefixlen == 64
        if not fits:
            refuse(
                "NetcfgInvalidSubnet", f"Subnet '{change.name}' is not valid: prefix {range_} is not of a legal size."
            )


def _prefix_in_use_stays(change: Change) -> None:
    used = (
        change.old is not None
        and prefixes(change.old) != prefixes(change.new)
        and any(user.token not in LOOSE for user in other_users(change))
    )
    if used:
        text = f"Subnet {change.name} has active allocations on its address prefix, which cannot be deleted."
        refuse("InUsePrefixCannotBeDeleted", text)


def _no_security_group_on_azures_own(change: Change) -> None:
    if change.name in WITHOUT_NSG and one(change.new, "networkSecurityGroup.id"):
        refuse(
            "NetworkSecurityGroupNotSupportedOnSubnet",
            f"Subnet {change.name} does not support a network security group.",
            target=one(change.new, "networkSecurityGroup.id"),
        )


def _no_routes_on_azures_own(change: Change) -> None:
    if change.name in WITHOUT_ROUTES and one(change.new, "routeTable.id"):
        text = f"Route table association is not supported on subnet {change.name}."
        refuse("RouteTableCannotBeAttachedForAzureBastionSubnet", text)


def _firewall_routes_only_to_internet(change: Change) -> None:
    table = one(change.new, "routeTable.id")
    if change.name not in FIREWALLS or not table:
        return
    for route in routes_of(change, table):
        if route.get("addressPrefix") == "0.0.0.0/0" and route.get("nextHopType") != "Internet":
            text = f"Subnet {change.name} takes a route table only where 0.0.0.0/0 has next hop Internet."
            refuse("AzureFirewallSubnetRouteNotSupported", text, target=table)


def routes_of(change: Change, table: str) -> Iterator[Mapping[str, Json]]:
    """A route table's routes, written inline or as resources."""
    stored = change.cloud.get(table)
    yield from every(stored.properties, "routes[*]") if stored else ()
    yield from (route.properties for route in change.cloud.children(table, ROUTE))


def _bastion_security_group_is_complete(change: Change) -> None:
    """Bastion's own traffic must pass a security group on its subnet (azure-facts 2.5, BNS and later docs)."""
    group = one(change.new, "networkSecurityGroup.id")
    stored = change.cloud.get(group) if change.name == BASTION and group else None
    if stored is None:
        return
    rules = every(stored.properties, "securityRules[*]")
    rules += [rule.properties for rule in change.cloud.children(stored.id, SECURITY_RULE)]
    for direction, peer, port in BASTION_TRAFFIC:
        if not any(_lets_pass(rule, direction, peer, port) for rule in rules):
            refuse(
                "NetworkSecurityGroupNotCompliantForAzureBastionSubnet",
                f"Network security group {stored.name} does not have necessary rules for Azure Bastion Subnet "
                f"{BASTION}: missing {direction} allow, {peer}, port {port}.",
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
"""Direction, far side and port of what Bastion's subnet must let pass: its own documentation's list."""


def _lets_pass(rule: Mapping[str, Json], direction: str, peer: str, port: str) -> bool:
    far = "source" if direction == "Inbound" else "destination"
    peers = every(rule, f"{far}AddressPrefix") + every(rule, f"{far}AddressPrefixes[*]")
    ports = every(rule, "destinationPortRange") + every(rule, "destinationPortRanges[*]")
    return (
        rule.get("access") == "Allow"
        and rule.get("direction") == direction
        and ("*" in peers or any(same(peer, given) for given in peers) or (peer == "Internet" and "0.0.0.0/0" in peers))
        and any(_covers(given, int(port)) for given in ports)
    )


def _covers(range_: str, port: int) -> bool:
    low, _, high = str(range_).partition("-")
    return range_ == "*" or (low.isdigit() and int(low) <= port <= int(high or low))


def _delegated_only_when_empty(change: Change) -> None:
    """A delegation cannot change while something stands in the subnet."""
    if change.old is None:
        return
    before, after = (sorted(every(side, "delegations[*].serviceName")) for side in (change.old, change.new))
    if before != after and any(user.token not in LOOSE for user in other_users(change)):
        text = f"Delegations of subnet {change.id} cannot be changed while the subnet is in use."
        refuse("SubnetDelegationsCannotChangeWhenSubnetUsed", text)


def open_to(service: str, subnet_id: str, change: Change) -> None:
    """Refuses a resource in a subnet that is delegated to another service (azure-facts 2.2)."""
    subnet = change.cloud.get(subnet_id)
    delegates = every(subnet.properties, "delegations[*].serviceName") if subnet else []
    if delegates and not any(same(delegate, service) for delegate in delegates):
        refuse(
            "ResourceNotPermittedOnDelegatedSubnet",
            f"Cannot use subnet {subnet_id} for resource {change.id}: it is delegated to {', '.join(delegates)}.",
            target=subnet_id,
        )


def _outputs(change: Change) -> Mapping[str, Json]:
    return {"etag": etag(change), "provisioningState": "Succeeded"}


SUBNET_TYPE = AzureType(
    token=SUBNET,
    name=word_dot(1, 80, "parent"),
    location="none",
    references={
        "networkSecurityGroup.id": (NSG,),
        "routeTable.id": (ROUTE_TABLE,),
        "natGateway.id": (NAT_GATEWAY,),
    },
    # Azure lets a subnet out to the Internet unless told otherwise, and private endpoints past its rules.
    defaults={
        "defaultOutboundAccess": True,
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    },
    computed=_outputs,
    rules=(
        _one_form_of_prefix,
        _inside_its_network,
        _overlaps_no_sibling,
        _large_enough_for_azure,
        _prefix_in_use_stays,
        _no_security_group_on_azures_own,
        _no_routes_on_azures_own,
        _firewall_routes_only_to_internet,
        _bastion_security_group_is_complete,
        _delegated_only_when_empty,
        in_same_region("networkSecurityGroup.id", "routeTable.id", "natGateway.id"),
        at_most(3000, SUBNET, "SubnetCountLimitReached", "A network has at most {limit} subnets.", siblings=True),
    ),
    delete_rules=(
        refuse_while_used(
            "InUseSubnetCannotBeDeleted",
            "Subnet {name} is in use by {user} and cannot be deleted. In order to delete the subnet, delete all the "
            "resources within the subnet.",
        ),
    ),
)
