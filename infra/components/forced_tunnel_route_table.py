"""A route table that sends all traffic to the firewall, also to other projects in the same network."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs
from infra.names import ResourceKind


@dataclass(frozen=True)
class SharedRange:
    """A stack's part of a network that it shares with others."""

    space: IPv4Network
    """The address space of the network."""
    own: IPv4Network
    """The stack's own part of it."""


@dataclass(frozen=True, kw_only=True)
class ForcedTunnelRouteTableArgs(ComponentArgs):
    """The arguments of `ForcedTunnelRouteTable`."""

    firewall_address: pulumi.Input[str]
    """The private IPv4 address of the firewall."""
    shared: SharedRange | None = None
    """For a part of a network that has subnets of other stacks."""


class ForcedTunnelRouteTable(BaseComponent):
    """A route table whose default route leads to the firewall, without routes propagated from gateways.

    Azure's own routes keep traffic inside a network, and lead to each private endpoint in it. A route as long as the
    network's address space takes their place (docs/azure-facts.md#routes-to-private-endpoints), and a longer one keeps
    the stack's own part inside.
    """

    TYPE = "sde:infra:ForcedTunnelRouteTable"

    def __init__(self, name: str, args: ForcedTunnelRouteTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        self.table = network.RouteTable(
            name,
            route_table_name=scope.names.local(ResourceKind.ROUTE_TABLE, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            disable_bgp_route_propagation=True,
            routes=self._routes(args),
            tags=scope.tags,
            opts=self.child_opts(),
        )
        self.register_outputs({"table": self.table.id})

    def _routes(self, args: ForcedTunnelRouteTableArgs) -> list[network.RouteArgs]:
        routes = [self._to_firewall("everything", "0.0.0.0/0", args.firewall_address)]
        if args.shared:
            routes += [
                self._to_firewall("others", str(args.shared.space), args.firewall_address),
                network.RouteArgs(
                    name=self.scope.names.local(ResourceKind.ROUTE, "own"),
                    address_prefix=str(args.shared.own),
                    next_hop_type=network.RouteNextHopType.VNET_LOCAL,
                ),
            ]
        return routes

    def _to_firewall(self, purpose: str, prefix: str, firewall_address: pulumi.Input[str]) -> network.RouteArgs:
        return network.RouteArgs(
            name=self.scope.names.local(ResourceKind.ROUTE, purpose),
            address_prefix=prefix,
            next_hop_type=network.RouteNextHopType.VIRTUAL_APPLIANCE,
            next_hop_ip_address=firewall_address,
        )
