"""A subnet with its network security group."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent
from infra.components.network_security_group import NetworkSecurityGroup, NetworkSecurityGroupArgs
from infra.components.nsg_rules import SecurityRule
from infra.components.write_order import WriteOrder
from infra.names import ResourceKind


@dataclass(frozen=True)
class SubnetSpec:
    """A subnet to create: its range and the traffic that it allows."""

    purpose: str
    """The last word of its name, and its key in the component with the subnets."""
    prefix: IPv4Network
    allowed: tuple[SecurityRule, ...] | None = ()
    """The rules that allow traffic. None: no NSG, which Azure refuses for subnets of firewalls and gateways."""
    reserved_name: str | None = None
    """The name that Azure prescribes."""
    routed: bool = True
    """True: its traffic is routed to the firewall."""
    own_routes: network.RouteTable | None = None
    """A route table instead of the network's."""
    internet_facing: bool = False
    """Omit the explicit denial of the Internet, for Azure Bastion's subnet only, which must answer browsers."""


@dataclass(frozen=True)
class SubnetHome:
    """The network that subnets are created in."""

    group_name: pulumi.Input[str]
    network_name: pulumi.Input[str]
    writes: WriteOrder
    """The writes to the network, of which a subnet is one."""
    is_shared: bool = False
    """True: subnets of other stacks are in it too, so names have the stack in them."""


def declare_subnet(
    component: BaseComponent, spec: SubnetSpec, home: SubnetHome, routes: network.RouteTable | None
) -> network.Subnet:
    """Create a subnet and its NSG as children of a component. `routes`: the route table of routed subnets."""
    names, scope = component.scope.names, component.scope
    name = f"{component.name}-{spec.purpose}"
    group = None
    if spec.allowed is not None:
        group_args = NetworkSecurityGroupArgs(scope=scope, allowed=spec.allowed, internet_facing=spec.internet_facing)
        group = NetworkSecurityGroup(name, group_args, component.child_opts())
    table = spec.own_routes or (routes if spec.routed else None)
    own_name = names.shared_subnet(spec.purpose) if home.is_shared else names.local(ResourceKind.SUBNET, spec.purpose)
    subnet = network.Subnet(
        name,
        subnet_name=spec.reserved_name or own_name,
        virtual_network_name=home.network_name,
        resource_group_name=home.group_name,
        address_prefix=str(spec.prefix),
        network_security_group=group.reference if group else None,
        route_table=network.RouteTableArgs(id=table.id) if table else None,
        default_outbound_access=False,
        # Otherwise rules and routes would not apply to private endpoints.
        private_endpoint_network_policies=network.VirtualNetworkPrivateEndpointNetworkPolicies.ENABLED,
        private_link_service_network_policies=network.VirtualNetworkPrivateLinkServiceNetworkPolicies.ENABLED,
        service_endpoints=[],
        delegations=[],
        opts=component.child_opts(depends_on=home.writes.last),
    )
    home.writes.add(subnet)
    return subnet
