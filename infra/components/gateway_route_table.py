"""The route table of a gateway's subnet: traffic from connected sites goes to the firewall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs
from infra.names import ResourceKind


@dataclass(frozen=True, kw_only=True)
class GatewayRouteTableArgs(ComponentArgs):
    """The arguments of `GatewayRouteTable`."""

    firewall_address: pulumi.Input[str]
    """The private IPv4 address of the firewall."""
    destinations: Sequence[IPv4Address]
    """The addresses that sites may reach, through the firewall."""


class GatewayRouteTable(BaseComponent):
    """A route to the firewall for each address that sites may reach.

    Without it, Azure routes from the gateway to a peered network directly. Azure refuses a default route on this
    subnet, and a gateway does not work without propagated routes (learn.microsoft.com, "About VPN Gateway configuration
    settings").
    """

    TYPE = "sde:infra:GatewayRouteTable"

    def __init__(self, name: str, args: GatewayRouteTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        self.table = network.RouteTable(
            name,
            route_table_name=scope.names.local(ResourceKind.ROUTE_TABLE, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            disable_bgp_route_propagation=False,
            routes=[
                network.RouteArgs(
                    name=scope.names.local(ResourceKind.ROUTE, str(address).replace(".", "-")),
                    address_prefix=f"{address}/32",
                    next_hop_type=network.RouteNextHopType.VIRTUAL_APPLIANCE,
                    next_hop_ip_address=args.firewall_address,
                )
                for address in args.destinations
            ],
            tags=scope.tags | {"propagated": "a gateway needs the routes of its connections"},
            opts=self.child_opts(),
        )
        self.register_outputs({"table": self.table.id})
