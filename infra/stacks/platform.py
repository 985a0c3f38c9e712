"""The platform: the hub of a cell, with the services that its zones and tenancies share."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pulumi

from formats.addresses import HubEndpoint, HubRange, StaffRole, staff_beside
from formats.stack_config import PlatformConfig
from infra.components.activity_log import ActivityLog, ActivityLogArgs
from infra.components.bastion import Bastion, BastionArgs
from infra.components.desk_operator import declare_desk_operator
from infra.components.firewall import Firewall, FirewallArgs
from infra.components.flow_log import FlowLog, FlowLogArgs
from infra.components.flow_log_storage import FlowLogStorage, FlowLogStorageArgs
from infra.components.grants import Principal
from infra.components.hub import Hub, HubArgs, OwnHub
from infra.components.key_vault import KeyVault, KeyVaultArgs
from infra.components.log_analytics_workspace import LogAnalyticsWorkspace, LogAnalyticsWorkspaceArgs
from infra.components.policy_guardrails import PolicyGuardrails, PolicyGuardrailsArgs
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.site_gateway import SiteGateway, SiteGatewayArgs
from infra.components.subscription_guardrails import SubscriptionGuardrails, SubscriptionGuardrailsArgs
from infra.guardrails import HUB_GUARDRAILS, NO_PUBLIC_ADDRESSES, WINDOWS_HUB_GUARDRAILS
from infra.network_services import CELL_DNS_ZONES
from infra.stacks.staff import StaffNetwork
from infra.staff_connections import all_connections, staff_range


def platform(config: PlatformConfig) -> None:
    """Declare a cell's hub and export what other stacks use of it."""
    ranges = config.tenancy_ranges
    engineers = Principal.group(config.platform_team)
    with ResourceGroupScope("hub", ResourceGroupScopeArgs(config=config, purpose="hub")) as scope:
        of_hub = WINDOWS_HUB_GUARDRAILS if config.windows_desks else HUB_GUARDRAILS
        defined = (*of_hub, *([NO_PUBLIC_ADDRESSES] if config.staff else []))
        guardrails = PolicyGuardrails("guards", PolicyGuardrailsArgs(config=config, guardrails=defined))
        declare_desk_operator(config, guardrails)
        logs_args = LogAnalyticsWorkspaceArgs(scope=scope, retention_days=config.log_retention_days)
        logs = LogAnalyticsWorkspace("logs", logs_args)
        ActivityLog("activity", ActivityLogArgs(scope=scope, subscriptions=config.subscriptions))
        hub_args = HubArgs(
            scope=scope,
            addresses=HubRange(config.addresses),
            inboxes=tuple(inbox for site in config.sites for inbox in site.inboxes),
            log_readers=_log_readers(config),
            windows_desks=config.windows_desks,
        )
        hub = Hub("hub", hub_args)
        logs.add_private_link_scope(hub.endpoint_placement("monitoring"))
        guardrails.assign_to(scope, after=hub.writes, chosen=of_hub)
        subscriptions_args = SubscriptionGuardrailsArgs(
            scope=scope,
            subscriptions=config.subscriptions,
            windows_desks=config.windows_desks,
            after=hub.writes,
        )
        SubscriptionGuardrails("subscriptions", subscriptions_args)
        keys_placement = hub.endpoint_placement("endpoints", HubEndpoint.KEYS)
        keys = KeyVault("keys", KeyVaultArgs(scope=scope, endpoint=keys_placement))
        flows_args = FlowLogStorageArgs(
            scope=scope,
            endpoint=hub.endpoint_placement("endpoints", HubEndpoint.FLOWS),
            key=keys.encryption_key("flows"),
        )
        flows = FlowLogStorage("flows", flows_args)
        flow_log_args = FlowLogArgs(
            scope=scope,
            network=hub.virtual_network,
            storage_account_id=flows.account_id,
            identity_id=flows.writer_id,
            after=flows.ready,
        )
        FlowLog("hub", flow_log_args)
        staff = StaffNetwork(config, OwnHub(hub, flows), guardrails, logs.workspace.id) if config.staff else None
        firewall_args = FirewallArgs(
            scope=scope,
            subnet=hub.subnet("firewall"),
            after=hub.writes.last,
            expected_address=hub.firewall_address,
            zone_range=config.zone_range,
            tenancy_ranges=ranges,
            egress=config.egress,
            sites=config.sites,
            staff_machines=staff_beside(HubRange(config.addresses)).machines,
            staff=[one for one in all_connections(config) if not one.in_hub],
            tenant=config.home_tenant,
            tenant_restrictions=config.tenant_restrictions,
            windows_desks=config.windows_desks,
        )
        firewall = Firewall("firewall", firewall_args)
        bastion_args = BastionArgs(scope=scope, subnet=hub.subnet("bastion"), after=hub.writes.last)
        bastion = Bastion("bastion", bastion_args)
        if config.sites:
            gateway_args = SiteGatewayArgs(
                scope=scope,
                subnet=hub.subnet("gateway"),
                after=[*hub.writes.last, firewall.firewall, bastion.host],
                sites=config.sites,
            )
            SiteGateway("gateway", gateway_args)
        scope.grant_reader("engineers", engineers)
        logs.grant_search(engineers)
        if config.desk_users:
            bastion.grant_connect("desk-users", Principal.group(config.desk_users))

    outputs: dict[str, Any] = {
        "subscription": str(config.subscription),
        "group_name": scope.group_name,
        "network_id": hub.virtual_network.network.id,
        "network_name": hub.virtual_network.network.name,
        "firewall_address": firewall.address,
        "firewall_range": str(hub.addresses.firewall),
        "bastion_range": str(hub.addresses.bastion),
        "zone_range": str(config.zone_range),
        "tenancy_ranges": [str(ranges[kind]) for kind in sorted(ranges)],
        "bastion_id": bastion.host.id,
        "log_workspace_id": logs.workspace.id,
        "flow_store_id": flows.account_id,
        "flow_identity_id": flows.writer_id,
        "vault_name": keys.vault.name,
        "dns_zones": {zone: hub.dns_zones.zone_id(zone) for zone in CELL_DNS_ZONES},
    }
    if firewall.reader:
        outputs["ca_reader_principal_id"] = firewall.reader.principal_id
    if staff:
        outputs |= {"log_workspace_guid": logs.workspace.customer_id}
        outputs |= staff.add_machines(bastion, after=[firewall.firewall])
    for name, value in outputs.items():
        pulumi.export(name, value)


def _log_readers(config: PlatformConfig) -> list[IPv4Address]:
    """Return the addresses of the virtual machines from which engineers search logs."""
    readers = [machine for machine in config.staff if StaffRole.ENGINEERS in machine.roles]
    return [staff_range(config).machine_address(machine.roles) for machine in readers]
