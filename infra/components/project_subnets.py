"""The subnets of one project in the network of a shared tenancy, which has the subnets of others too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from formats.addresses import shared_range
from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.forced_tunnel_route_table import (
    ForcedTunnelRouteTable,
    ForcedTunnelRouteTableArgs,
    SharedRange,
)
from infra.components.spoke_network import CellHub
from infra.components.stack_outputs import SharedTenancyOutputs
from infra.components.stack_subnets import StackSubnets
from infra.components.subnet import SubnetHome, SubnetSpec, declare_subnet
from infra.components.write_order import WriteOrder


@dataclass(frozen=True, kw_only=True)
class ProjectSubnetsArgs(ComponentArgs):
    """The arguments of `ProjectSubnets`."""

    network: SharedTenancyOutputs
    """The shared tenancy."""
    space: IPv4Network
    """The project's part of its address space."""
    subnets: Sequence[SubnetSpec]
    """The subnets; one has the purpose `endpoints`."""
    platform: CellHub
    """The hub of the cell."""
    is_readable: bool = False
    """True: the project's users may read the network, and list the subnets and interfaces of other projects
    (docs/azure-facts.md#what-readers-of-a-network-see)."""


class ProjectSubnets(StackSubnets, BaseComponent):
    """Subnets with NSGs and a route table of their own: what is for other projects goes to the firewall, which has no
    rule for it."""

    TYPE = "sde:infra:ProjectSubnets"

    def __init__(self, name: str, args: ProjectSubnetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self.readable_network = args.network.network_id if args.is_readable else None
        self.writes = WriteOrder()
        """`sde` has one stack at a time write to the network."""
        routes_args = ForcedTunnelRouteTableArgs(
            scope=args.scope,
            firewall_address=args.platform.firewall_address,
            shared=SharedRange(shared_range(args.space), args.space),
        )
        routes = ForcedTunnelRouteTable(name, routes_args, self.child_opts()).table
        home = SubnetHome(args.network.group_name, args.network.network_name, self.writes, is_shared=True)
        subnets = {spec.purpose: declare_subnet(self, spec, home, routes) for spec in args.subnets}
        self._set_subnets(args.subnets, subnets, args.platform)
        self.register_outputs({})
