"""The safe haven: landing, warehouse, staging and archive."""

from __future__ import annotations

import pulumi
import pulumi_random as random

from infra.addresses import ZoneName
from infra.components.guard import Guards
from infra.components.references import JunctionZone, Platform
from infra.components.room import Room
from infra.components.zone import Zone
from infra.config import SafeHavenConfig, ZoneConfig
from infra.guards import OF_A_ROOM

PSEUDONYM_BYTES = 32
"""256 bits: what a keyed hash of SHA-256 takes whole."""


def safe_haven(config: SafeHavenConfig) -> None:
    """Brings up the four zones and wires them in the order in which data passes them. Nothing skips a stage."""
    platform, junction = Platform(config.platform), JunctionZone(config.junction_zone)

    guards = Guards("guards", config, OF_A_ROOM)

    def room(name: ZoneName) -> Room:
        return Room(name.value, config, name.value, logs=platform.logs)

    def zone(name: ZoneName, where: Room, settings: ZoneConfig, *containers: str, hands_over: bool = False) -> Zone:
        return Zone(name, where, settings, platform, containers=containers, hands_over=hands_over)

    with (
        room(ZoneName.LANDING) as landing_room,
        room(ZoneName.WAREHOUSE) as warehouse_room,
        room(ZoneName.STAGING) as staging_room,
        room(ZoneName.ARCHIVE) as archive_room,
    ):
        for one in (landing_room, warehouse_room, staging_room, archive_room):
            guards.hold(one)
        landing = zone(ZoneName.LANDING, landing_room, config.landing, "arrived", "opted-out-removed")
        warehouse = zone(ZoneName.WAREHOUSE, warehouse_room, config.warehouse, "curated", "linked")
        staging = zone(ZoneName.STAGING, staging_room, config.staging, "extracts", "de-identified", hands_over=True)
        archive = zone(ZoneName.ARCHIVE, archive_room, config.archive, "data-sets")

        landing.fetch_from(junction.junction, ZoneName.JUNCTION, subscription=junction.subscription)
        landing.grant_read(warehouse)
        warehouse.grant_read(staging)
        warehouse.grant_read(archive)

        pseudonyms = random.RandomBytes("pseudonyms", length=PSEUDONYM_BYTES,
                                        opts=pulumi.ResourceOptions(parent=staging, protect=True))  # fmt: skip
        staging.keys.keep_secret("pseudonyms", pseudonyms.base64, expires=config.secrets_expire,
                                 content_type="application/octet-stream;base64")  # fmt: skip
        staging.keys.grant_read_secrets("mover-reads-secrets", staging.moves)

    pulumi.export("subscription", str(config.subscription))
    pulumi.export("zones", {zone.called: zone.outputs() for zone in (landing, warehouse, staging, archive)})
