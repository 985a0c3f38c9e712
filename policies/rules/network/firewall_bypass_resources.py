"""NW18: nothing is built that leads round the firewall or copies what passes: gateways, taps, link services."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import NETWORK, SUBNET, subnets_in
from policies.azure_semantics.properties import must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

REFUSED = {
    "network:NatGateway": "gives subnets a way out of their own",
    "network:VirtualNetworkGateway": "joins the estate to another network",
    "network:VirtualNetworkGatewayConnection": "joins the estate to another network",
    "network:LocalNetworkGateway": "joins the estate to another network",
    "network:ExpressRouteCircuit": "joins the estate to another network",
    "network:ExpressRouteGateway": "joins the estate to another network",
    "network:VpnGateway": "joins the estate to another network",
    "network:VpnSite": "joins the estate to another network",
    "network:P2sVpnGateway": "lets people in past Bastion",
    "network:VirtualHub": "routes by its own rules",
    "network:VirtualWan": "routes by its own rules",
    "network:VirtualHubBgpConnection": "teaches routes that nobody reviewed",
    "network:VirtualRouter": "teaches routes that nobody reviewed",
    "network:VirtualNetworkTap": "copies traffic away",
    "network:NetworkInterfaceTapConfiguration": "copies traffic away",
    "network:PacketCapture": "copies traffic away",
    "network:PrivateLinkService": "lets other networks in without a peering",
    "network:InterfaceEndpoint": "lets other networks in without a peering",
    "network:NetworkVirtualAppliance": "forwards traffic beside the firewall",
    "network:AdminRule": "overrules security groups",
    "network:ConnectivityConfiguration": "joins networks that no peering here names",
    "network:ExpressRouteConnection": "joins the estate to another network",
    "network:FirewallPolicyDraft": "holds firewall rules that take effect later, unjudged",
    "network:FirewallPolicyRuleGroup": "holds firewall rules in a form that is not judged",
    "network:HubVirtualNetworkConnection": "joins networks that no peering here names",
    "network:RoutingRule": "overrules route tables",
    "network:SecurityUserRule": "adds to security groups from outside",
    "network:VpnConnection": "joins the estate to another network",
    "network:DefaultAdminRule": "overrules security groups",
    "network:ApplicationGateway": "answers for others to whoever reaches it",
    "cdn:Profile": "answers for others on the Internet",
    "relay:Namespace": "carries traffic out through Azure's own relay",
    "relay:HybridConnection": "carries traffic out through Azure's own relay",
}
"""Types that make a way which no route, security group or firewall rule judged here decides about."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Whoever needs one of them asks for an exemption, with what compensates for it."""
    if resource.type in REFUSED:
        yield Violation("", f"{REFUSED[resource.type]}; the firewall and private endpoints are the only ways")
        return
    for subnet in subnets_in(resource):
        yield from must_not_be_set(resource, subnet.inner("natGateway.id"), "a NAT gateway is a way out of its own")


POLICY = Policy(
    id="NW18",
    title="Nothing leads round the firewall or copies traffic",
    why="A gateway, a tap or a link service is a way in or out that the firewall does not see.",
    on=(SUBNET, NETWORK, *REFUSED),
    reads=("natGateway.id", "subnets[*].natGateway.id"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"), ncsc=("11",), iso27001=("8.20", "8.12"), five_safes=("settings",)
    ),
    fix="Remove it. What must be reached is allowed at the firewall or has a private endpoint.",
    check=check,
)
