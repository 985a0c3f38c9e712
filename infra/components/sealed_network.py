"""A sealed network: a spoke whose only neighbour is the hub and whose only way out is the firewall."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.components.flow_record import FlowRecord
from infra.components.flows import Flow
from infra.components.part import Doorway, Part
from infra.components.references import Platform
from infra.components.room import Room
from infra.components.virtual_network import SubnetPlan, VirtualNetwork
from infra.components.way_out import WayOut
from infra.names import Kind


class SealedNetwork(Part):
    """A network with its subnets, routes, peering with the hub in both directions, and record of flows."""

    def __init__(
        self, name: str, room: Room, space: IPv4Network, subnets: Sequence[SubnetPlan], *, platform: Platform,
        unencrypted: str | None = None, parent: pulumi.Resource | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, room, parent)
        self.platform = platform
        self._flows = {plan.noun: plan.flows or () for plan in subnets}
        way_out = WayOut(name, room, platform.firewall_address, parent=self)
        self.virtual = VirtualNetwork(
            name, room, space, subnets, dns=platform.firewall_address, routes=way_out.table,
            unencrypted=unencrypted, parent=self,
        )  # fmt: skip
        self._peered = self._peer()
        FlowRecord(name, room, self.virtual, store=platform.flow_store_id, identity=platform.flow_identity_id,
                   after=(self._peered,), parent=self)  # fmt: skip
        self.register_outputs({"network": self.virtual.network.id})

    def _peer(self) -> pulumi.Resource:
        """Joins spoke and hub. The hub's side lives in the hub's group, but belongs to this stack."""
        ours, hub = self.virtual.network, self.platform
        last = self.virtual.last_write
        to_hub = self._side("to-hub", self.room.group_name, ours.name, hub.network_id, self.own(depends_on=[last]))
        # The hub takes one write at a time as well, so the spokes of one stack join it one after the other.
        there = self.own(depends_on=[to_hub, *hub.writes], provider=hub.provider)
        from_hub = self._side("from-hub", hub.group_name, hub.network_name, ours.id, there)
        hub.writes.append(from_hub)
        return from_hub

    def _side(
        self, noun: str, group: pulumi.Input[str], owner: pulumi.Input[str], remote: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:  # fmt: skip
        side: pulumi.Resource = network.VirtualNetworkPeering(
            f"{self.called}-{noun}",
            virtual_network_peering_name=self.room.names.local(Kind.PEERING, f"{self.called}-{noun}"),
            resource_group_name=group,
            virtual_network_name=owner,
            remote_virtual_network=network.SubResourceArgs(id=remote),
            allow_virtual_network_access=True,
            # What the firewall sends on comes from the hub with another sender's address.
            allow_forwarded_traffic=noun == "to-hub",
            allow_gateway_transit=False,
            use_remote_gateways=False,
            opts=opts,
        )
        return side

    def subnet(self, noun: str) -> pulumi.Output[str]:
        """The id of one of the network's subnets."""
        identity: pulumi.Output[str] = self.virtual.subnets[noun].id
        return identity

    def flows(self, noun: str) -> tuple[Flow, ...]:
        """What may pass into and out of one of the network's subnets."""
        return self._flows[noun]

    @property
    def ready(self) -> tuple[pulumi.Resource, ...]:
        """The last writes to the network, for what is put into it."""
        return (self.virtual.last_write, self._peered)

    def door(self, address: IPv4Address) -> Doorway:
        """Where a private endpoint stands in this network: at an address of the plan."""
        return Doorway(self.subnet("endpoints"), self.platform, self.ready, address)
