"""All traffic that leaves a subnet, or a project's part of a shared network, goes to the firewall (NW3)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from formats.addresses import shared_range
from policies.azure_semantics import ids
from policies.azure_semantics.network import (
    SUBNETS,
    SUBNETS_WITHOUT_ROUTE_TABLE,
    SubnetDeclaration,
    firewalls_used_by,
    has_subnets,
    network_of,
    subnets_in,
)
from policies.azure_semantics.properties import require
from policies.azure_semantics.routes import (
    APPLIANCE,
    LOCAL,
    ROUTE_PATHS,
    TABLE,
    replacing_system_routes,
    route_to,
    routes_of,
)
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.shared_networks import shared_network_part

TABLE_ID = "routeTable.id"
PROPAGATION = "disableBgpRoutePropagation"
GATEWAY_SUBNET = "gatewaysubnet"
PROPAGATED, GATEWAY_NEEDS_ROUTES = "tags.propagated", "a gateway needs the routes of its connections"
"""The tag of a gateway's route table, which excuses it in Checkov. This check looks at the subnets with the table."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that each subnet's default route leads to the firewall."""
    if resource.type == TABLE:
        if not _is_of_gateway(resource, context):
            yield from require(resource, PROPAGATION, True, default="false")
        return
    for subnet in subnets_in(resource):
        if subnet.name not in SUBNETS_WITHOUT_ROUTE_TABLE:
            yield from _check_route_table(subnet, context)


def _is_of_gateway(table: Resource, context: PolicyContext) -> bool:
    """Return True if only a gateway's subnet has the table: a gateway does not work without propagated routes."""
    users = [
        subnet
        for type_, path in zip(SUBNETS, (TABLE_ID, f"subnets[*].{TABLE_ID}"), strict=True)
        for resource in context.referencing(type_, path, table)
        for subnet in subnets_in(resource)
        if ids.plain(subnet.at(TABLE_ID)) == ids.own(table)
    ]
    return bool(users) and all(subnet.name == GATEWAY_SUBNET for subnet in users)


def _check_route_table(subnet: SubnetDeclaration, context: PolicyContext) -> Iterator[Violation]:
    table_id = subnet.at(TABLE_ID)
    table = context.get(table_id)
    if table_id is MISSING:
        yield subnet.violation(TABLE_ID, "is not set, so Azure routes to the Internet; the subnet must have one")
    elif table is None:
        yield subnet.violation(TABLE_ID, "names a route table that is not in this check, so its routes are unknown")
    else:
        yield from _check_default_route(subnet, table, context)


def _check_default_route(subnet: SubnetDeclaration, table: Resource, context: PolicyContext) -> Iterator[Violation]:
    all_ipv4 = IPv4Network("0.0.0.0/0")
    default_routes = [r for r in routes_of(table, context) if r.is_default and all_ipv4 in r.destination.networks]
    if not default_routes:
        yield subnet.violation(TABLE_ID, f"{table.name} has no route for 0.0.0.0/0, so Azure routes to the Internet")
    part = shared_network_part(subnet, context)
    if part:
        yield from _check_routes_to_others(subnet, table, part.space, context)
    network = network_of(subnet, context)
    if network is None and part:
        return  # NW13 compares the address with the firewalls of the estate
    firewall = firewalls_used_by(network, context) if network is not None else []
    for route in default_routes:
        if route.next_hop != APPLIANCE:
            yield subnet.violation(TABLE_ID, f"{table.name} sends 0.0.0.0/0 to {route.next_hop}, past the firewall")
        elif route.address not in firewall:
            yield subnet.violation(
                TABLE_ID,
                f"{table.name} sends 0.0.0.0/0 to {route.address or 'no address'}; it must be the network's firewall, "
                f"{', '.join(firewall) or 'which is not set'} (a hub's own, or the network's DNS server)",
            )


def _check_routes_to_others(
    subnet: SubnetDeclaration, table: Resource, own_slot: IPv4Network, context: PolicyContext
) -> Iterator[Violation]:
    """Require that every other slot of a shared network is routed to the firewall, by a route that replaces Azure's own
    inside the network, and that the project's own slot stays inside."""
    space = shared_range(own_slot)
    routes = replacing_system_routes(routes_of(table, context), space.prefixlen)
    own = route_to(routes, own_slot)
    if own is None or own.next_hop != LOCAL:
        hop = own.next_hop if own else "the network itself"
        yield subnet.violation(TABLE_ID, f"{table.name} sends the project's own {own_slot} to {hop}; a route of the "
                               "project must keep it inside")  # fmt: skip
    for slot in space.subnets(new_prefix=own_slot.prefixlen):
        route = route_to(routes, slot)
        if slot != own_slot and (route is None or route.next_hop != APPLIANCE):
            hop = route.next_hop if route else "the network itself"
            yield subnet.violation(TABLE_ID, f"{table.name} sends {slot}, which is another project's, to {hop}; a "
                                   f"route of /{space.prefixlen} or longer must send it to the firewall")  # fmt: skip
            return


POLICY = Policy(
    id="NW3",
    title="All traffic that leaves a subnet goes to the firewall",
    why="Azure routes to the Internet by default, past every rule.",
    resource_types=(*SUBNETS, TABLE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11",),
        ncsc=("11",),
        caf=("B4.a", "B5.b"),
        cyber_essentials=("1.1",),
        iso27001=("8.22",),
        five_safes=("settings",),
    ),
    fix="Give the subnet a route table of its stack whose 0.0.0.0/0 goes to a VirtualAppliance at the firewall's "
    "address, and set disableBgpRoutePropagation to true.",
    check=check,
    required_by_check=(
        equals(PROPAGATION, True, default="false", only_on=TABLE, unless=(PROPAGATED, (GATEWAY_NEEDS_ROUTES,))),
    ),
    check_paths=(
        f"{TABLE}:{PROPAGATION}",
        TABLE_ID,
        f"subnets[*].{TABLE_ID}",
        *ROUTE_PATHS,
        "network:VirtualNetwork:dhcpOptions.dnsServers",
        "network:Subnet:addressPrefix",
        "network:Subnet:addressPrefixes",
        "subnetName",
    ),
    applies=lambda resource, context: resource.type == TABLE or has_subnets(resource, context),
    evaluation_scope="stack",
)
