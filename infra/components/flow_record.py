"""The record of a network's flows, for whoever investigates later."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network

from infra.components.part import Part
from infra.components.room import Room
from infra.components.virtual_network import VirtualNetwork
from infra.names import Kind

KEEP_DAYS = 365
WATCHER_GROUP = "NetworkWatcherRG"
"""Azure itself makes this group and one watcher a region in it, with the subscription's first network, and takes no
second one (learn.microsoft.com, "Enable or disable Azure Network Watcher")."""


class FlowRecord(Part):
    """Every flow in a network, kept for a year in the cell's flow store, written with an identity and not a key."""

    def __init__(
        self, name: str, room: Room, watched: VirtualNetwork, *, store: pulumi.Input[str],
        identity: pulumi.Input[str], after: tuple[pulumi.Resource, ...] = (), parent: pulumi.Resource | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, room, parent)
        network.FlowLog(
            name,
            flow_log_name=room.names.local(Kind.FLOW_LOG, name),
            network_watcher_name=f"NetworkWatcher_{room.location}",
            resource_group_name=WATCHER_GROUP,
            location=room.location,
            target_resource_id=watched.network.id,
            storage_id=store,
            enabled=True,
            format=network.FlowLogFormatParametersArgs(type=network.FlowLogFormatType.JSON, version=2),
            retention_policy=network.RetentionPolicyParametersArgs(enabled=True, days=KEEP_DAYS),
            identity=network.ManagedServiceIdentityArgs(
                type=network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity]
            ),
            tags=room.tags,
            opts=self.own(depends_on=[watched.last_write, *after]),
        )
        self.register_outputs({})
