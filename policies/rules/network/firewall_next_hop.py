"""NW13: every route table's next hop is a firewall of the estate, and so is every network's name server."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK, firewall_addresses, name_servers_of
from policies.azure_semantics.routes import APPLIANCE, ROUTE, TABLE, routes_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A stack sees only that its routes and its name server agree; that they are a firewall's, the estate does."""
    firewalls = firewall_addresses(context)
    if resource.type == NETWORK:
        for server in name_servers_of(resource):
            if server not in firewalls:
                yield Violation("dhcpOptions.dnsServers", f"names {server}, which is no firewall of the estate")
        return
    for route in routes_in(resource):
        if route.next_hop == APPLIANCE and route.address not in firewalls:
            yield route.problem(
                f"{route.name} leads to {route.address or 'nowhere'}, which is no firewall of the estate"
            )


POLICY = Policy(
    id="NW13",
    title="Routes and name servers lead to a firewall of the estate",
    why="A route to an address that is somebody's computer makes that computer the way out.",
    on=(TABLE, ROUTE, NETWORK),
    reads=("routes", "nextHopIpAddress", "dhcpOptions.dnsServers", "network:AzureFirewall:ipConfigurations"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"), ncsc=("11",), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Use the private address of the cell's firewall: the first free one of its AzureFirewallSubnet.",
    check=check,
    scope="estate",
)
