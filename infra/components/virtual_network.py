"""A virtual network with its subnets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.components.dns_security_policy import DnsSecurityPolicy, DnsSecurityPolicyArgs
from infra.components.subnet import SubnetHome, SubnetSpec, declare_subnet
from infra.components.write_order import WriteOrder
from infra.names import ResourceKind


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
        home = SubnetHome(scope.group_name, self.network.name, self.writes)
        self.subnets = {spec.purpose: declare_subnet(self, spec, home, self.routes) for spec in args.subnets}
        dns_args = DnsSecurityPolicyArgs(scope=scope, network=self.network, allowed=args.domains)
        DnsSecurityPolicy(name, dns_args, self.child_opts())
        self.register_outputs({"network": self.network.id})
