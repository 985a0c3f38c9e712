"""Nothing bypasses the firewall or copies traffic (NW18)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK, SUBNET, subnets_in
from policies.azure_semantics.properties import require_unset
from policies.expected.sites import GATEWAY_TYPES, sites_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

REFUSED = {
    "network:NatGateway": "gives subnets an exit past the firewall",
    "network:VirtualNetworkGateway": "connects the estate to another network",
    "network:VirtualNetworkGatewayConnection": "connects the estate to another network",
    "network:LocalNetworkGateway": "connects the estate to another network",
    "network:ExpressRouteCircuit": "connects the estate to another network",
    "network:ExpressRouteGateway": "connects the estate to another network",
    "network:VpnGateway": "connects the estate to another network",
    "network:VpnSite": "connects the estate to another network",
    "network:P2sVpnGateway": "lets people connect past Bastion",
    "network:VirtualHub": "routes by its own rules",
    "network:VirtualWan": "routes by its own rules",
    "network:VirtualHubBgpConnection": "adds routes without review",
    "network:VirtualRouter": "adds routes without review",
    "network:VirtualNetworkTap": "copies traffic away",
    "network:NetworkInterfaceTapConfiguration": "copies traffic away",
    "network:PacketCapture": "copies traffic away",
    "network:PrivateLinkService": "lets other networks in without a peering",
    "network:InterfaceEndpoint": "lets other networks in without a peering",
    "network:NetworkVirtualAppliance": "forwards traffic beside the firewall",
    "network:AdminRule": "overrules security groups",
    "network:ConnectivityConfiguration": "connects networks without a peering",
    "network:ExpressRouteConnection": "connects the estate to another network",
    "network:FirewallPolicyDraft": "holds firewall rules that take effect later, without a check",
    "network:FirewallPolicyRuleGroup": "holds firewall rules in a form that is not checked",
    "network:HubVirtualNetworkConnection": "connects networks without a peering",
    "network:RoutingRule": "overrules route tables",
    "network:SecurityUserRule": "adds to security groups from outside",
    "network:VpnConnection": "connects the estate to another network",
    "network:DefaultAdminRule": "overrules security groups",
    "network:ApplicationGateway": "publishes other services",
    "cdn:Profile": "publishes other services on the Internet",
    "relay:Namespace": "sends traffic out through Azure Relay",
    "relay:HybridConnection": "sends traffic out through Azure Relay",
}
"""Types that open a network path outside the control of routes, network security groups and the firewall."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse these types and NAT gateways. To use one requires an exemption with compensating controls."""
    if resource.type in GATEWAY_TYPES and sites_of(context.configs.get(resource.stack)):
        return  # NW24 compares it with the estate's sites
    if resource.type in REFUSED:
        yield Violation("", f"{REFUSED[resource.type]}; only the firewall and private endpoints may")
        return
    for subnet in subnets_in(resource):
        yield from require_unset(
            resource, subnet.path_of("natGateway.id"), "a NAT gateway is an exit past the firewall"
        )


POLICY = Policy(
    id="NW18",
    title="Nothing bypasses the firewall or copies traffic",
    why="A gateway, a tap or a link service is an entry or exit that the firewall does not see.",
    resource_types=(SUBNET, NETWORK, *REFUSED),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        iso27001=("8.20", "8.12"),
        five_safes=("settings",),
    ),
    fix="Remove it. What must be reached is allowed at the firewall or has a private endpoint.",
    check=check,
    check_paths=("natGateway.id", "subnets[*].natGateway.id"),
)
