"""A public address: the hub's firewall and Bastion have one each, and nothing else anywhere."""

from __future__ import annotations

from pulumi_azure_native import network

from infra.components.part import Part, Report
from infra.components.room import Room
from infra.names import Kind


class PublicAddress(Part):
    """A fixed public address, in all zones of the region."""

    def __init__(self, name: str, room: Room, parent: Part) -> None:
        super().__init__(name, room, parent)
        self.address = network.PublicIPAddress(
            name,
            public_ip_address_name=room.names.local(Kind.PUBLIC_ADDRESS, name),
            resource_group_name=room.group_name,
            location=room.location,
            sku=network.PublicIPAddressSkuArgs(
                name=network.PublicIPAddressSkuName.STANDARD, tier=network.PublicIPAddressSkuTier.REGIONAL
            ),
            public_ip_allocation_method=network.IPAllocationMethod.STATIC,
            public_ip_address_version=network.IPVersion.I_PV4,
            zones=list(room.zones) or None,
            tags=room.tags,
            opts=self.own(),
        )
        self.diagnose(f"{name}-address", self.address.id, Report.GENERAL)
        self.register_outputs({"address": self.address.id})
