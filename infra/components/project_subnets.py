"""The subnets of one project in the network of a shared tenancy, which has the subnets of others too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import pulumi

from formats.addresses import shared_range
from infra.components.base_component import BaseComponent, ComponentArgs, PrivateEndpointPlacement
from infra.components.forced_tunnel_route_table import (
    ForcedTunnelRouteTable,
    ForcedTunnelRouteTableArgs,
    SharedRange,
)
from infra.components.nsg_rules import SecurityRule
from infra.components.spoke_network import CellHub
from infra.components.stack_outputs import SharedTenancyOutputs
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


class ProjectSubnets(BaseComponent):
    """Subnets with NSGs and a route table of their own: what is for other projects goes to the firewall, which has no
    rule for it."""

    TYPE = "sde:infra:ProjectSubnets"

    def __init__(self, name: str, args: ProjectSubnetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._platform, self._network, self._is_readable = args.platform, args.network, args.is_readable
        self._allowed = {spec.purpose: spec.allowed or () for spec in args.subnets}
        self.writes = WriteOrder()
        """This stack's writes to the network. `sde` has one stack at a time write to it."""
        routes_args = ForcedTunnelRouteTableArgs(
            scope=args.scope,
            firewall_address=args.platform.firewall_address,
            shared=SharedRange(shared_range(args.space), args.space),
        )
        routes = ForcedTunnelRouteTable(name, routes_args, self.child_opts()).table
        home = SubnetHome(args.network.group_name, args.network.network_name, self.writes, is_shared=True)
        self._subnets = {spec.purpose: declare_subnet(self, spec, home, routes) for spec in args.subnets}
        self.register_outputs({})

    @property
    def readable_network(self) -> pulumi.Output[str] | None:
        """The network if the project's users may read it."""
        return self._network.network_id if self._is_readable else None

    def subnet_id(self, purpose: str) -> pulumi.Output[str]:
        """Return the id of a subnet."""
        subnet_id: pulumi.Output[str] = self._subnets[purpose].id
        return subnet_id

    def allowed(self, purpose: str) -> tuple[SecurityRule, ...]:
        """Return the rules that allow traffic of a subnet."""
        return self._allowed[purpose]

    def endpoint_placement(self, *addresses: IPv4Address, subnet: str = "endpoints") -> PrivateEndpointPlacement:
        """Return the placement of a private endpoint at addresses of the plan, one for each member of its service."""
        return PrivateEndpointPlacement(self.subnet_id(subnet), self._platform, self.writes, addresses)
