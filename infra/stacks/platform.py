"""The platform: the hub of a cell, which every zone and tenancy of it leans on."""

from __future__ import annotations

import pulumi

from infra.addresses import HubRange, HubSeat
from infra.components.activity_log import ActivityLog
from infra.components.bastion import Bastion
from infra.components.firewall import Firewall
from infra.components.flow_record import FlowRecord
from infra.components.flow_store import FlowStore
from infra.components.grants import Principal
from infra.components.guard import Guards
from infra.components.hub import Hub
from infra.components.key_vault import KeyVault
from infra.components.log_sink import LogSink
from infra.components.room import Room
from infra.config import PlatformConfig
from infra.guards import OF_A_HUB
from infra.roles import ALL_ZONES


def platform(config: PlatformConfig) -> None:
    """Brings up a cell's hub and says what others need to know of it."""
    ranges = config.tenancy_ranges
    engineers = Principal.group(config.platform_team)
    with Room("hub", config, "hub") as room:
        Guards("guards", config, OF_A_HUB).hold(room)
        logs = LogSink("logs", room, retention_days=config.log_retention_days)
        ActivityLog("activity", room, config.subscriptions)
        hub = Hub("hub", room, HubRange(config.addresses))
        logs.close(hub.door("monitoring"))
        keys = KeyVault("keys", room, hub.door("endpoints", HubSeat.KEYS))
        flows = FlowStore("flows", room, hub.door("endpoints", HubSeat.FLOWS), keys.encrypts("flows"))
        FlowRecord("hub", room, hub.virtual, store=flows.store_id, identity=flows.writer_id, after=flows.ready)
        firewall = Firewall("firewall", room, hub.subnet("firewall"), hub.firewall_address,
                            zone_range=config.zone_range, tenancy_ranges=ranges, egress=config.egress)  # fmt: skip
        bastion = Bastion("bastion", room, hub.subnet("bastion"))
        room.grant_look("engineers", engineers)
        logs.grant_search(engineers)
        if config.desk_users:
            bastion.grant_use("desk-users", Principal.group(config.desk_users))

    outputs = {
        "subscription": str(config.subscription),
        "group_name": room.group_name,
        "network_id": hub.virtual.network.id,
        "network_name": hub.virtual.network.name,
        "firewall_address": firewall.address,
        "firewall_range": str(hub.plan.firewall),
        "bastion_range": str(hub.plan.bastion),
        "zone_range": str(config.zone_range),
        "tenancy_ranges": [str(ranges[kind]) for kind in sorted(ranges)],
        "bastion_id": bastion.host.id,
        "log_workspace_id": logs.workspace.id,
        "flow_store_id": flows.store_id,
        "flow_identity_id": flows.writer_id,
        "vault_name": keys.vault.name,
        "dns_zones": {zone: hub.dns.zone(zone) for zone in ALL_ZONES},
    }
    for name, value in outputs.items():
        pulumi.export(name, value)
