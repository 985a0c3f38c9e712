"""The routes of everything that is sealed: one way out, the firewall."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network

from infra.components.part import Part
from infra.components.room import Room
from infra.names import Kind


class WayOut(Part):
    """A route table that sends everything to the firewall, and listens to no gateway that would say otherwise."""

    def __init__(
        self, name: str, room: Room, firewall: pulumi.Input[str], parent: pulumi.Resource | None = None
    ) -> None:
        super().__init__(name, room, parent)
        self.table = network.RouteTable(
            name,
            route_table_name=room.names.local(Kind.ROUTE_TABLE, name),
            resource_group_name=room.group_name,
            location=room.location,
            disable_bgp_route_propagation=True,
            routes=[
                network.RouteArgs(
                    name=room.names.local(Kind.ROUTE, "everything"),
                    address_prefix="0.0.0.0/0",
                    next_hop_type=network.RouteNextHopType.VIRTUAL_APPLIANCE,
                    next_hop_ip_address=firewall,
                )
            ],
            tags=room.tags,
            opts=self.own(),
        )
        self.register_outputs({"table": self.table.id})
