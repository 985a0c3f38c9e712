"""The junction zone: the zone that providers upload data to."""

from __future__ import annotations

import pulumi

from formats.addresses import ZoneName
from formats.stack_config import JunctionZoneConfig
from infra.components.grants import Principal
from infra.components.policy_guardrails import PolicyGuardrails, PolicyGuardrailsArgs
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.stack_outputs import PlatformOutputs, export_reads
from infra.components.zone import Zone, ZoneArgs
from infra.guardrails import SPOKE_GUARDRAILS


def junction_zone(config: JunctionZoneConfig) -> None:
    """Declare the junction zone, with a container for each provider that no other provider can write to."""
    platform = PlatformOutputs(config.platform)
    name = ZoneName.JUNCTION
    scope_args = ResourceGroupScopeArgs(config=config, purpose=name.value, log_workspace_id=platform.log_workspace_id)
    with ResourceGroupScope(name.value, scope_args) as scope:
        guardrails = PolicyGuardrails("guards", PolicyGuardrailsArgs(config=config, guardrails=SPOKE_GUARDRAILS))
        containers = {provider.code: f"provider-{provider.code}" for provider in config.providers}
        zone_args = ZoneArgs(
            scope=scope, zone=name, config=config.zone, platform=platform, containers=sorted(containers.values()),
            scan_uploads=True,
        )  # fmt: skip
        zone = Zone(name.value, zone_args)
        guardrails.assign_to(scope, after=zone.network.writes)
        for provider in config.providers:
            uploaders = Principal.group(provider.group)
            zone.store.grant_read_write(provider.code, uploaders, container=containers[provider.code])

    pulumi.export("subscription", str(config.subscription))
    pulumi.export("zones", {name.value: zone.outputs()})
    pulumi.export("providers", dict(sorted(containers.items())))
    export_reads(platform)
