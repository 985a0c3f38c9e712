"""The junction zone: the zone that providers upload data to."""

from __future__ import annotations

import pulumi

from formats.addresses import ZoneName
from formats.providers import Provider, inbox_name
from formats.stack_config import JunctionZoneConfig
from infra.components.grants import Principal
from infra.components.inbox import Inbox, InboxArgs
from infra.components.policy_guardrails import PolicyGuardrails, PolicyGuardrailsArgs
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.stack_outputs import PlatformOutputs, export_reads
from infra.components.zone import Zone, ZoneArgs
from infra.guardrails import SPOKE_GUARDRAILS


def junction_zone(config: JunctionZoneConfig) -> None:
    """Declare the junction zone, with a store for each provider that has a way in. Any other provider has a container
    that no other provider can write to."""
    platform = PlatformOutputs(config.platform)
    name = ZoneName.JUNCTION
    scope_args = ResourceGroupScopeArgs(config=config, purpose=name.value, log_workspace_id=platform.log_workspace_id)
    with ResourceGroupScope(name.value, scope_args) as scope:
        guardrails_args = PolicyGuardrailsArgs(
            config=config,
            guardrails=SPOKE_GUARDRAILS,
            public_stores={
                one.inbox_name: one.way_in.public_ranges
                for one in config.providers
                if one.way_in and one.way_in.public_ranges
            },
            connections={
                one.inbox_name: one.way_in.private_endpoint
                for one in config.providers
                if one.way_in and one.way_in.private_endpoint
            },
        )
        guardrails = PolicyGuardrails("guards", guardrails_args)
        containers = {provider.code: f"provider-{provider.code}" for provider in config.providers}
        zone_args = ZoneArgs(
            scope=scope, zone=name, config=config.zone, platform=platform, containers=sorted(containers.values()),
            scan_uploads=True, inboxes=any(provider.inbox for provider in config.providers),
        )  # fmt: skip
        zone = Zone(name.value, zone_args)
        guardrails.assign_to(scope, after=zone.network.writes)
        inboxes = {one.code: _inbox(one, zone, guardrails) for one in config.providers if one.inbox}
        for code in config.former_inboxes:
            zone.keys.encryption_key(inbox_name(code))
        # The container of a provider with an inbox stays, because it may have data from before.
        for provider in config.providers:
            if not provider.inbox:
                uploaders = Principal.group(provider.group)
                container = containers[provider.code]
                zone.store.grant_read_write(provider.code, uploaders, container=container, closed=provider.closed)

    pulumi.export("subscription", str(config.subscription))
    pulumi.export("zones", {name.value: zone.outputs()})
    pulumi.export("providers", {code: containers[code] for code in sorted(containers) if code not in inboxes})
    if inboxes:
        pulumi.export("inboxes", {code: inbox.outputs() for code, inbox in sorted(inboxes.items())})
    export_reads(platform)


def _inbox(provider: Provider, zone: Zone, guardrails: PolicyGuardrails) -> Inbox:
    name = provider.inbox_name
    assert provider.inbox  # noqa: S101 - called for providers with an inbox
    comes_from_addresses = provider.way_in and provider.way_in.public_ranges
    reason = f"uploads from the provider's own addresses ({provider.code})"
    args = InboxArgs(
        scope=zone.scope,
        zone=zone,
        provider=provider,
        address=provider.inbox,
        public_access=guardrails.public_access(name, reason) if comes_from_addresses else None,
    )
    return Inbox(name, args)
