"""Routes and DNS servers point to a firewall of the estate (NW13)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK, dns_servers_of, firewall_addresses
from policies.azure_semantics.routes import APPLIANCE, ROUTE, ROUTE_PATHS, TABLE, routes_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that each next hop and each DNS server is the private address of a firewall of the estate.

    NW3 checks, within one stack, that the default route and the DNS servers have the same address.
    """
    firewalls = firewall_addresses(context)
    if resource.type == NETWORK:
        for server in dns_servers_of(resource):
            if server not in firewalls:
                yield Violation(
                    "dhcpOptions.dnsServers", f"is {server}, which is not the address of a firewall of the estate"
                )
        return
    for route in routes_in(resource):
        if route.next_hop == APPLIANCE and route.address not in firewalls:
            yield route.violation(
                f"{route.name} goes to {route.address or 'no address'}, which is not the address of a firewall of the "
                "estate"
            )


POLICY = Policy(
    id="NW13",
    title="Routes and DNS servers point to a firewall of the estate",
    why="A route to another machine lets traffic leave through that machine, past the firewall.",
    resource_types=(TABLE, ROUTE, NETWORK),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Use the private address of the cell's firewall: the first usable one of its AzureFirewallSubnet.",
    check=check,
    check_paths=(
        *ROUTE_PATHS,
        "dhcpOptions.dnsServers",
        "network:AzureFirewall:ipConfigurations[*].subnet.id",
        "network:Subnet:addressPrefix",
        "network:Subnet:addressPrefixes",
    ),
    evaluation_scope="estate",
)
