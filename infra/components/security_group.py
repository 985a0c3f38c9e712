"""A security group: what may pass, and nothing else, with its diagnostics."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import network

from infra.components.flows import Flow, sealed
from infra.components.part import Part, Report
from infra.components.room import Room
from infra.names import Kind


class SecurityGroup(Part):
    """A network security group that permits these flows and denies all else in so many words."""

    def __init__(
        self, name: str, room: Room, flows: Sequence[Flow], *, internet: bool = False,
        parent: pulumi.Resource | None = None,
    ) -> None:  # fmt: skip
        """`internet`: it stands before Azure's own Bastion, which must answer browsers."""
        super().__init__(name, room, parent)
        self.group = network.NetworkSecurityGroup(
            name,
            network_security_group_name=room.names.local(Kind.SECURITY_GROUP, name),
            resource_group_name=room.group_name,
            location=room.location,
            security_rules=sealed(flows, internet=internet),
            tags=room.tags,
            opts=self.own(),
        )
        self.diagnose(f"{name}-nsg", self.group.id, Report.SECURITY_GROUP)
        self.register_outputs({"group": self.group.id})

    @property
    def reference(self) -> network.NetworkSecurityGroupArgs:
        """What a subnet or an interface names it by."""
        return network.NetworkSecurityGroupArgs(id=self.group.id)
