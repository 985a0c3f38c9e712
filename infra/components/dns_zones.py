"""The private DNS zones of a cell: each once, linked to the hub alone, which answers for every network of the cell."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network, privatedns

from infra.components.part import Part
from infra.components.room import Room
from infra.names import Kind
from infra.roles import ALL_ZONES


class DnsZones(Part):
    """Zones by name. They carry no lock: endpoints of every stack write and delete their records in them."""

    def __init__(self, name: str, room: Room, hub: network.VirtualNetwork) -> None:
        super().__init__(name, room)
        self.zones = {zone: self._zone(zone, hub) for zone in ALL_ZONES}
        self.register_outputs({})

    def _zone(self, name: str, hub: network.VirtualNetwork) -> privatedns.VirtualNetworkLink:
        zone = privatedns.PrivateZone(
            name,
            private_zone_name=name,
            resource_group_name=self.room.group_name,
            location="global",
            tags=self.room.few_tags,
            opts=self.own(),
        )
        # One link a zone, however many tenancies: the firewall asks as a member of the hub, and tells the others.
        return privatedns.VirtualNetworkLink(
            name,
            virtual_network_link_name=self.room.names.local(Kind.DNS_LINK, "hub"),
            private_zone_name=zone.name,
            resource_group_name=self.room.group_name,
            location="global",
            registration_enabled=False,
            # A name that is not ours must not be looked for outside.
            resolution_policy=privatedns.ResolutionPolicy.DEFAULT,
            virtual_network=privatedns.SubResourceArgs(id=hub.id),
            tags=self.room.few_tags,
            opts=self.own(),
        )

    def zone(self, name: str) -> pulumi.Output[str]:
        """The id of the zone of that name, known once it answers to the hub."""
        link = self.zones[name]
        identity: pulumi.Output[str] = link.id.apply(lambda found: found.rsplit("/virtualNetworkLinks/", 1)[0])
        return identity
