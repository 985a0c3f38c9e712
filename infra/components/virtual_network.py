"""A virtual network with its subnets and their network security groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.components.dns_security_policy import DnsSecurityPolicy, DnsSecurityPolicyArgs
from infra.components.network_security_group import NetworkSecurityGroup, NetworkSecurityGroupArgs
from infra.components.nsg_rules import SecurityRule
from infra.components.write_order import WriteOrder
from infra.names import ResourceKind


@dataclass(frozen=True)
class SubnetSpec:
    """A subnet to create: its range and the traffic that it allows."""

    purpose: str
    """The last word of its name, and its key in `VirtualNetwork.subnets`."""
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


@dataclass(frozen=True, kw_only=True)
class VirtualNetworkArgs(ComponentArgs):
    """The arguments of `VirtualNetwork`."""

    space: IPv4Network
    """The address space."""
    subnets: Sequence[SubnetSpec]
    """The subnets, created in this order."""
    dns_server: pulumi.Input[str] | None
    """The IPv4 address of the DNS server: the firewall. None: Azure's own DNS."""
    domains: Sequence[str] = ()
    """The domains that Azure's own DNS answers in this network."""
    routes: network.RouteTable | None
    """The route table of the routed subnets."""
    unencrypted_reason: str | None = None
    """The written reason to disable network encryption between virtual machines. It is kept as a tag."""


class VirtualNetwork(BaseComponent):
    """A virtual network with standalone subnets.

    Subnets are never inline: since API version 2023-09-01 a network written without that property keeps its subnets
    (Azure networking blog, "Updates without subnet property"), and mixing both styles deletes them.
    """

    TYPE = "sde:infra:VirtualNetwork"

    def __init__(self, name: str, args: VirtualNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope, reason = args.scope, args.unencrypted_reason
        self.routes = args.routes
        self.network = network.VirtualNetwork(
            name,
            virtual_network_name=scope.names.local(ResourceKind.NETWORK, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            address_space=network.AddressSpaceArgs(address_prefixes=[str(args.space)]),
            dhcp_options=network.DhcpOptionsArgs(dns_servers=[args.dns_server]) if args.dns_server else None,
            # Admits sizes that cannot encrypt (learn.microsoft.com, "Virtual network encryption": the only value).
            encryption=network.VirtualNetworkEncryptionArgs(
                enabled=reason is None, enforcement=network.VirtualNetworkEncryptionEnforcement.ALLOW_UNENCRYPTED
            ),
            tags=scope.tags | ({"unencrypted": reason} if reason else {}),
            opts=self.child_opts(),
        )
        self.add_diagnostic_setting(name, self.network.id, DiagnosticCategories.GENERAL)
        self.writes = WriteOrder(self.network)
        """Writes to the network: also of peerings, private endpoints, interfaces and flow logs."""
        self.subnets = {spec.purpose: self._subnet(spec) for spec in args.subnets}
        dns_args = DnsSecurityPolicyArgs(scope=scope, network=self.network, allowed=args.domains)
        DnsSecurityPolicy(name, dns_args, self.child_opts())
        self.register_outputs({"network": self.network.id})

    def _subnet(self, spec: SubnetSpec) -> network.Subnet:
        names, scope = self.scope.names, self.scope
        name = f"{self.name}-{spec.purpose}"
        group = None
        if spec.allowed is not None:
            group_args = NetworkSecurityGroupArgs(
                scope=scope, allowed=spec.allowed, internet_facing=spec.internet_facing
            )
            group = NetworkSecurityGroup(name, group_args, self.child_opts())
        table = spec.own_routes or (self.routes if spec.routed else None)
        subnet = network.Subnet(
            name,
            subnet_name=spec.reserved_name or names.local(ResourceKind.SUBNET, spec.purpose),
            virtual_network_name=self.network.name,
            resource_group_name=scope.group_name,
            address_prefix=str(spec.prefix),
            network_security_group=group.reference if group else None,
            route_table=network.RouteTableArgs(id=table.id) if table else None,
            default_outbound_access=False,
            # Otherwise rules and routes would not apply to private endpoints.
            private_endpoint_network_policies=network.VirtualNetworkPrivateEndpointNetworkPolicies.ENABLED,
            private_link_service_network_policies=network.VirtualNetworkPrivateLinkServiceNetworkPolicies.ENABLED,
            service_endpoints=[],
            delegations=[],
            opts=self.child_opts(depends_on=self.writes.last),
        )
        self.writes.add(subnet)
        return subnet
