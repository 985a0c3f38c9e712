"""Queries of a Log Analytics workspace: network isolation, then rights.

Facts: docs/azure-facts.md#log-queries, #log-analytics-workspaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_azure.data_plane.answers import Answer, Attempt, Control, answer
from local_azure.data_plane.callers import Caller
from local_azure.data_plane.conditions import Attributes
from local_azure.data_plane.names import Service
from local_azure.data_plane.places import Place, only
from local_azure.data_plane.reach import Arrival, connect
from local_azure.data_plane.rights import find_right
from local_azure.model import Cloud, StoredResource
from local_azure.types.common import same, value_at
from local_azure.types.monitor import PRIVATE_LINK_SCOPE, SCOPED_RESOURCE, WORKSPACE

QUERIES = Service("api.monitor.azure.com", "privatelink.monitor.azure.com", "api", frozenset({"azuremonitor"}),
                  is_aliased=True)  # fmt: skip
"""The query service. All workspaces share its name, which is always an alias in the zone."""
IN_WORKSPACE = Attributes("Microsoft.OperationalInsights/workspaces/query/read")
OF_RESOURCE = Attributes("Microsoft.Insights/logs/read")
INSUFFICIENT = "The provided credentials have insufficient access to perform the requested operation"


def query(cloud: Cloud, caller: Caller, place: Place, workspace_name: str, resource_id: str = "") -> Answer:
    """Return whether a caller can query a workspace, or with `resource_id` the logs of that resource alone."""

    def act(attempt: Attempt) -> tuple[int, Mapping[str, Any]]:
        workspace = only(cloud.of_type(WORKSPACE), workspace_name, "workspace")
        scopes = list(cloud.of_type(PRIVATE_LINK_SCOPE))
        arrival = connect(attempt, caller, place, QUERIES, scopes or [workspace])
        _check_isolation(attempt, workspace, arrival)
        found, reason = find_right(cloud, caller, workspace.id, IN_WORKSPACE)
        if not found and resource_id and _is_open_to_readers(workspace):
            found, reason = find_right(cloud, caller, resource_id, OF_RESOURCE)
        if not found:
            attempt.refuse(Control.ROLES, reason, 403, "InsufficientAccessError", INSUFFICIENT)
        attempt.passed(Control.ROLES, reason)
        return 200, {"workspace": workspace.name}

    return answer(cloud, act)


def _is_open_to_readers(workspace: StoredResource) -> bool:
    """Return True if read access to a resource is enough for its logs."""
    flag = "features.enableLogAccessUsingOnlyResourcePermissions"
    return value_at(workspace.properties, flag, default=True) is not False


def _check_isolation(attempt: Attempt, workspace: StoredResource, arrival: Arrival) -> None:
    """Require that the workspace is in the private link scope by which a query arrives, or is open to the public."""
    scope = arrival.target
    if scope is not None:
        members = (one.properties.get("linkedResourceId") for one in attempt.cloud.children(scope.id, SCOPED_RESOURCE))
        if any(same(id_, workspace.id) for id_ in members):
            attempt.passed(Control.NETWORK_RULES, f"{workspace.name} is in the private link scope {scope.name}")
            return
        if value_at(scope.properties, "accessModeSettings.queryAccessMode") != "Open":
            _refuse(attempt, f"{workspace.name} is not in {scope.name}, which admits queries of its members alone")
    access = workspace.properties.get("publicNetworkAccessForQuery")
    if access == "Disabled":
        _refuse(attempt, f"publicNetworkAccessForQuery of {workspace.name} is {access}")
    attempt.passed(Control.NETWORK_RULES, f"publicNetworkAccessForQuery of {workspace.name} is {access}")


def _refuse(attempt: Attempt, detail: str) -> None:
    attempt.refuse(Control.NETWORK_RULES, detail, 403, "InsufficientAccessError", INSUFFICIENT)
