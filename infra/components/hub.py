"""The hub: the network in the middle of a cell."""

from __future__ import annotations

from ipaddress import IPv4Address

import pulumi
from pulumi_azure_native import network

from infra.addresses import HubRange, HubSeat, first_usable
from infra.components.bastion import bastion_subnet
from infra.components.dns_zones import DnsZones
from infra.components.part import Doorway, Part
from infra.components.room import Room
from infra.components.virtual_network import SubnetPlan, VirtualNetwork
from infra.components.way_out import WayOut


class Hub(Part):
    """The hub's network and its subnets, with the private DNS zones that answer for the whole cell."""

    def __init__(self, name: str, room: Room, plan: HubRange) -> None:
        super().__init__(name, room)
        self.plan = plan
        # Azure gives the firewall the first free address of its subnet and offers no choice; the networks must know it
        # beforehand, so `Firewall` checks that it came out so.
        self.firewall_address: IPv4Address = first_usable(plan.firewall)
        way_out = WayOut(name, room, str(self.firewall_address), parent=self)
        subnets = (
            # Azure takes no security group and no routes of ours on its firewall's subnet.
            SubnetPlan("firewall", plan.firewall, None, "AzureFirewallSubnet", routed=False),
            bastion_subnet(plan.bastion),
            SubnetPlan("endpoints", plan.endpoints),
            # Nobody: no agents are installed, and Azure's own diagnostic settings do not come through the network.
            SubnetPlan("monitoring", plan.monitoring),
        )
        self.virtual = VirtualNetwork(name, room, plan.whole, subnets, dns=str(self.firewall_address),
                                      routes=way_out.table, parent=self)  # fmt: skip
        self.dns = DnsZones("dns", room, self.virtual.network)
        self.register_outputs({"network": self.virtual.network.id})

    def subnet(self, noun: str) -> network.Subnet:
        """One of the hub's subnets."""
        return self.virtual.subnets[noun]

    def door(self, noun: str, seat: HubSeat | None = None) -> Doorway:
        """Where a private endpoint stands in that subnet: at its seat, or wherever Azure has room."""
        identity: pulumi.Output[str] = self.subnet(noun).id
        return Doorway(identity, self.dns, (self.virtual.last_write,), self.plan.address(seat) if seat else None)
