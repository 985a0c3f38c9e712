"""NW3: everything that leaves a subnet goes to the firewall."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from policies.azure_semantics.network import (
    SUBNETS,
    UNROUTED,
    SubnetDeclaration,
    has_subnets,
    name_servers_of,
    network_of,
    subnets_in,
)
from policies.azure_semantics.properties import must
from policies.azure_semantics.routes import APPLIANCE, TABLE, routes_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

TABLE_ID = "routeTable.id"
PROPAGATION = "disableBgpRoutePropagation"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Of a subnet: that its table sends everything on. Of a table: that no other router can teach it ways round."""
    if resource.type == TABLE:
        yield from must(resource, PROPAGATION, True, default="false")
        return
    for subnet in subnets_in(resource):
        if subnet.name not in UNROUTED:
            yield from _routed(subnet, context)


def _routed(subnet: SubnetDeclaration, context: PolicyContext) -> Iterator[Violation]:
    table_id = subnet.at(TABLE_ID)
    table = context.get(table_id)
    if table_id is MISSING:
        yield subnet.problem(TABLE_ID, "is not set, and Azure then routes to the Internet; the subnet must have one")
    elif table is None:
        yield subnet.problem(TABLE_ID, "names a route table that is not judged here, so nobody saw its routes")
    else:
        yield from _default(subnet, table, context)


def _default(subnet: SubnetDeclaration, table: Resource, context: PolicyContext) -> Iterator[Violation]:
    whole = IPv4Network("0.0.0.0/0")
    hops = [r for r in routes_of(table, context) if r.is_default and whole in r.destination.networks]
    if not hops:
        yield subnet.problem(TABLE_ID, f"{table.name} has no route for 0.0.0.0/0, which Azure sends to the Internet")
    network = network_of(subnet, context)
    firewall = name_servers_of(network) if network is not None else []
    for route in hops:
        if route.next_hop != APPLIANCE:
            yield subnet.problem(TABLE_ID, f"{table.name} sends 0.0.0.0/0 to {route.next_hop}, past the firewall")
        elif route.address not in firewall:
            yield subnet.problem(
                TABLE_ID,
                f"{table.name} sends 0.0.0.0/0 to {route.address or 'nowhere'}; the network asks "
                f"{', '.join(firewall) or 'nobody'} for names, which must be the same firewall",
            )


POLICY = Policy(
    id="NW3",
    title="Everything that leaves a subnet goes to the firewall",
    why="Azure routes to the Internet unless told otherwise: without this route a subnet leaves past every rule.",
    on=(*SUBNETS, TABLE),
    reads=(
        TABLE_ID,
        f"subnets[*].{TABLE_ID}",
        PROPAGATION,
        f"{TABLE}:routes",
        "network:Route:nextHopIpAddress",
        "network:VirtualNetwork:dhcpOptions.dnsServers",
    ),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.2.11",), ncsc=("11",), iso27001=("8.22",), five_safes=("settings",)),
    fix="Give the subnet a route table of its stack whose 0.0.0.0/0 goes to a VirtualAppliance at the firewall's "
    "address, and set disableBgpRoutePropagation to true.",
    check=check,
    applies=lambda resource, context: resource.type == TABLE or has_subnets(resource, context),
    scope="stack",
)
