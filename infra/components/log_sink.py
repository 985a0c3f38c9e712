"""The log sink: where every resource of a cell reports."""

from __future__ import annotations

from pulumi_azure_native import monitor, operationalinsights

from infra.components.grants import Principal
from infra.components.part import Doorway, Part, Report
from infra.components.room import Room
from infra.names import Kind
from infra.roles import PrivateService, Role

UNCAPPED = -1.0
"""No daily limit: logs that stop for the day at a limit are what an intruder would want."""


class LogSink(Part):
    """A Log Analytics workspace, closed to the public network, that keeps logs as long as the configuration says.

    Azure's own diagnostic settings reach it past its closed doors (Azure Monitor private link, "Requirements"); people
    and agents reach it through the private link scope.
    """

    def __init__(self, name: str, room: Room, *, retention_days: int) -> None:
        super().__init__(name, room)
        self.workspace = operationalinsights.Workspace(
            name,
            workspace_name=room.names.local(Kind.LOG_WORKSPACE, name),
            resource_group_name=room.group_name,
            location=room.location,
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=retention_days,
            public_network_access_for_ingestion=operationalinsights.PublicNetworkAccessType.DISABLED,
            public_network_access_for_query=operationalinsights.PublicNetworkAccessType.DISABLED,
            features=operationalinsights.WorkspaceFeaturesArgs(
                disable_local_auth=True,
                enable_log_access_using_only_resource_permissions=True,
                enable_data_export=False,
                immediate_purge_data_on30_days=False,
            ),
            workspace_capping=operationalinsights.WorkspaceCappingArgs(daily_quota_gb=UNCAPPED),
            tags=room.tags,
            opts=self.kept(),
        )
        room.report_to(self.workspace.id)
        room.hold(name, self.workspace)
        self.diagnose(name, self.workspace.id, Report.GENERAL, holder=self.workspace)
        self.register_outputs({"workspace": self.workspace.id})

    def close(self, door: Doorway) -> None:
        """Opens the private way in: one scope for the cell, because all its networks share one set of DNS zones, in
        which the last scope written wins (Azure Monitor private link, "Design")."""
        names, room = self.room.names, self.room
        scope = monitor.PrivateLinkScope(
            f"{self.called}-scope",
            scope_name=names.local(Kind.MONITOR_SCOPE),
            resource_group_name=room.group_name,
            location="global",
            access_mode_settings=monitor.AccessModeSettingsArgs(
                ingestion_access_mode=monitor.AccessMode.PRIVATE_ONLY, query_access_mode=monitor.AccessMode.PRIVATE_ONLY
            ),
            tags=room.tags,
            opts=self.own(),
        )
        member = monitor.PrivateLinkScopedResource(
            f"{self.called}-scope",
            name=names.local(Kind.LOG_WORKSPACE, self.called),
            scope_name=scope.name,
            resource_group_name=room.group_name,
            linked_resource_id=self.workspace.id,
            opts=self.own(),
        )
        room.inside(self.workspace, member)
        self.open_privately(f"{self.called}-scope", scope, PrivateService.MONITOR, door, after=[member])

    def grant_search(self, who: Principal) -> None:
        """Lets somebody search all logs."""
        self.grant(f"{self.called}-search", Role.LOG_READER, who, self.workspace.id, holder=self.workspace)
