"""The Log Analytics workspace that collects the logs of a cell."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from infra.components.base_component import (
    BaseComponent,
    ComponentArgs,
    DiagnosticCategories,
    PrivateEndpointPlacement,
)
from infra.components.grants import Principal
from infra.names import ResourceKind
from infra.network_services import PrivateService
from infra.roles import Role

NO_DAILY_CAP = -1.0
"""Without a daily limit: an intruder could use up a limit to stop the logs for the day."""


@dataclass(frozen=True, kw_only=True)
class LogAnalyticsWorkspaceArgs(ComponentArgs):
    """The arguments of `LogAnalyticsWorkspace`."""

    retention_days: int
    """The days for which logs are kept, 365 to 730."""


class LogAnalyticsWorkspace(BaseComponent):
    """A Log Analytics workspace without public network access.

    Diagnostic settings reach it although public access is disabled (Azure Monitor private link, "Requirements"); people
    and agents reach it through the private link scope.
    """

    TYPE = "sde:infra:LogAnalyticsWorkspace"

    def __init__(self, name: str, args: LogAnalyticsWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        self.workspace = operationalinsights.Workspace(
            name,
            workspace_name=scope.names.local(ResourceKind.LOG_WORKSPACE, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=args.retention_days,
            public_network_access_for_ingestion=operationalinsights.PublicNetworkAccessType.DISABLED,
            public_network_access_for_query=operationalinsights.PublicNetworkAccessType.DISABLED,
            features=operationalinsights.WorkspaceFeaturesArgs(
                disable_local_auth=True,
                # Otherwise each reader of a resource reads its logs: researchers those of Bastion, with all names.
                enable_log_access_using_only_resource_permissions=False,
                enable_data_export=False,
                immediate_purge_data_on30_days=False,
            ),
            workspace_capping=operationalinsights.WorkspaceCappingArgs(daily_quota_gb=NO_DAILY_CAP),
            tags=scope.tags,
            opts=self.protected_opts(),
        )
        scope.send_logs_to(self.workspace.id)
        scope.lock_at_exit(name, self.workspace)
        self.add_diagnostic_setting(name, self.workspace.id, DiagnosticCategories.GENERAL,
                                    locked_parent=self.workspace)  # fmt: skip
        self.register_outputs({"workspace": self.workspace.id})

    def add_private_link_scope(self, placement: PrivateEndpointPlacement) -> None:
        """Create the private link scope and its private endpoint. There is one per cell, because all its networks share
        one set of DNS zones, in which the last scope written wins (Azure Monitor private link, "Design")."""
        names, group_name = self.scope.names, self.scope.group_name
        link_scope = monitor.PrivateLinkScope(
            f"{self.name}-scope",
            scope_name=names.local(ResourceKind.MONITOR_SCOPE),
            resource_group_name=group_name,
            location="global",
            access_mode_settings=monitor.AccessModeSettingsArgs(
                ingestion_access_mode=monitor.AccessMode.PRIVATE_ONLY, query_access_mode=monitor.AccessMode.PRIVATE_ONLY
            ),
            tags=self.scope.tags,
            opts=self.child_opts(),
        )
        member = monitor.PrivateLinkScopedResource(
            f"{self.name}-scope",
            name=names.local(ResourceKind.LOG_WORKSPACE, self.name),
            scope_name=link_scope.name,
            resource_group_name=group_name,
            linked_resource_id=self.workspace.id,
            opts=self.child_opts(),
        )
        self.scope.add_locked_child(self.workspace, member)
        self.add_private_endpoint(f"{self.name}-scope", link_scope, PrivateService.MONITOR, placement, after=[member])

    def grant_search(self, principal: Principal) -> None:
        """Allow a principal to search all logs."""
        self.grant(f"{self.name}-search", Role.LOG_READER, principal, self.workspace.id, locked_parent=self.workspace)
