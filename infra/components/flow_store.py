"""The store of a cell's flow records."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import managedidentity

from infra.components.grants import Principal
from infra.components.key_vault import EncryptionKey
from infra.components.part import Doorway, Part
from infra.components.room import Room
from infra.components.store import Store
from infra.config import Redundancy
from infra.names import Kind

CONTAINER = "insights-logs-flowlogflowevent"
"""Where Azure writes the flows of virtual networks (learn.microsoft.com, "Virtual network flow logs")."""


class FlowStore(Part):
    """One store for the flows of every network of a cell, and the identity with which Azure writes them."""

    def __init__(self, name: str, room: Room, door: Doorway, key: EncryptionKey) -> None:
        super().__init__(name, room)
        self._writer = managedidentity.UserAssignedIdentity(
            f"{name}-writer",
            resource_name_=room.names.local(Kind.IDENTITY, f"{name}-writer"),
            resource_group_name=room.group_name,
            location=room.location,
            tags=room.tags,
            opts=self.own(),
        )
        self._store = Store(
            name, room, door, key, redundancy=Redundancy.LOCAL, containers=[CONTAINER],
            # Each flow log writes its own rule for how long its records stay.
            tiers=None,
            trusted_services="Network Watcher writes flow records from Azure's own networks",
            parent=self,
        )  # fmt: skip
        granted = self._store.grant_read_write("writer", Principal.service(self._writer.principal_id))
        self.ready: tuple[pulumi.Resource, ...] = (granted,)
        self.register_outputs({"store": self.store_id})

    @property
    def store_id(self) -> pulumi.Output[str]:
        """The storage account's id."""
        identity: pulumi.Output[str] = self._store.account.id
        return identity

    @property
    def writer_id(self) -> pulumi.Output[str]:
        """The id of the identity that writes."""
        identity: pulumi.Output[str] = self._writer.id
        return identity
