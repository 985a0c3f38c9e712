"""The junction zone: where providers bring data in."""

from __future__ import annotations

import pulumi

from infra.addresses import ZoneName
from infra.components.grants import Principal
from infra.components.guard import Guards
from infra.components.references import Platform
from infra.components.room import Room
from infra.components.zone import Zone
from infra.config import JunctionZoneConfig
from infra.guards import OF_A_ROOM


def junction_zone(config: JunctionZoneConfig) -> None:
    """Brings up the entry, with a container for each provider that nobody else can write to."""
    platform = Platform(config.platform)
    name = ZoneName.JUNCTION
    with Room(name.value, config, name.value, logs=platform.logs) as room:
        Guards("guards", config, OF_A_ROOM).hold(room)
        containers = {provider.code: f"provider-{provider.code}" for provider in config.providers}
        zone = Zone(name, room, config.zone, platform, containers=sorted(containers.values()), receives=True)
        for provider in config.providers:
            brings = Principal.group(provider.group)
            zone.store.grant_read_write(provider.code, brings, container=containers[provider.code])

    pulumi.export("subscription", str(config.subscription))
    pulumi.export("zones", {name.value: zone.outputs()})
    pulumi.export("providers", dict(sorted(containers.items())))
