"""The safe haven: the landing, warehouse, staging and archive zones."""

from __future__ import annotations

import pulumi
import pulumi_random as random

from formats.addresses import ZoneName
from formats.stack_config import SafeHavenConfig, ZoneConfig
from infra.components.policy_guardrails import PolicyGuardrails, PolicyGuardrailsArgs
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.stack_outputs import JunctionZoneOutputs, PlatformOutputs, export_reads
from infra.components.zone import Zone, ZoneArgs
from infra.guardrails import SPOKE_GUARDRAILS

PSEUDONYM_BYTES = 32
"""256 bits: the key length of an HMAC with SHA-256."""


def safe_haven(config: SafeHavenConfig) -> None:
    """Declare the four zones and the role assignments by which each fetches from its source zone only."""
    platform, junction = PlatformOutputs(config.platform), JunctionZoneOutputs(config.junction_zone)

    guardrails = PolicyGuardrails("guards", PolicyGuardrailsArgs(config=config, guardrails=SPOKE_GUARDRAILS))

    def resource_group(name: ZoneName) -> ResourceGroupScope:
        return ResourceGroupScope(
            name.value,
            ResourceGroupScopeArgs(config=config, purpose=name.value, log_workspace_id=platform.log_workspace_id),
        )

    def zone(
        name: ZoneName, scope: ResourceGroupScope, zone_config: ZoneConfig, *containers: str,
        sends_to_tenancies: bool = False,
    ) -> Zone:  # fmt: skip
        args = ZoneArgs(
            scope=scope, zone=name, config=zone_config, platform=platform, containers=containers,
            sends_to_tenancies=sends_to_tenancies,
        )  # fmt: skip
        made = Zone(name.value, args)
        guardrails.assign_to(scope, after=made.network.writes)
        return made

    with (
        resource_group(ZoneName.LANDING) as landing_scope,
        resource_group(ZoneName.WAREHOUSE) as warehouse_scope,
        resource_group(ZoneName.STAGING) as staging_scope,
        resource_group(ZoneName.ARCHIVE) as archive_scope,
    ):
        landing = zone(ZoneName.LANDING, landing_scope, config.landing, "arrived", "opted-out-removed")
        warehouse = zone(ZoneName.WAREHOUSE, warehouse_scope, config.warehouse, "curated", "linked")
        staging = zone(ZoneName.STAGING, staging_scope, config.staging, "extracts", "de-identified",
                       sends_to_tenancies=True)  # fmt: skip
        archive = zone(ZoneName.ARCHIVE, archive_scope, config.archive, "data-sets")

        landing.fetch_from(junction.junction, ZoneName.JUNCTION, subscription=junction.subscription)
        landing.grant_read(warehouse)
        warehouse.grant_read(staging)
        warehouse.grant_read(archive)

        pseudonym_key = random.RandomBytes("pseudonyms", length=PSEUDONYM_BYTES,
                                           opts=pulumi.ResourceOptions(parent=staging, protect=True))  # fmt: skip
        staging.keys.add_secret("pseudonyms", pseudonym_key.base64, expires=config.secrets_expire,
                                content_type="application/octet-stream;base64")  # fmt: skip
        staging.keys.grant_read_secrets("mover-reads-secrets", staging.mover_principal)

    pulumi.export("subscription", str(config.subscription))
    pulumi.export("zones", {zone.name: zone.outputs() for zone in (landing, warehouse, staging, archive)})
    export_reads(platform, junction)
