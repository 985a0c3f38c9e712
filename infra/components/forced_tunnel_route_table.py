"""A route table that sends all traffic to the firewall."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs
from infra.names import ResourceKind


@dataclass(frozen=True, kw_only=True)
class ForcedTunnelRouteTableArgs(ComponentArgs):
    """The arguments of `ForcedTunnelRouteTable`."""

    firewall_address: pulumi.Input[str]
    """The private IPv4 address of the firewall."""


class ForcedTunnelRouteTable(BaseComponent):
    """A route table with one route, to the firewall, and without routes propagated from gateways."""

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
            routes=[
                network.RouteArgs(
                    name=scope.names.local(ResourceKind.ROUTE, "everything"),
                    address_prefix="0.0.0.0/0",
                    next_hop_type=network.RouteNextHopType.VIRTUAL_APPLIANCE,
                    next_hop_ip_address=args.firewall_address,
                )
            ],
            tags=scope.tags,
            opts=self.child_opts(),
        )
        self.register_outputs({"table": self.table.id})
