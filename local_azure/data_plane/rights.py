"""Rights of a caller by its role assignments.

Facts: docs/azure-facts.md#rights-on-blobs, #conditions-of-role-assignments.
"""

from __future__ import annotations

from local_azure.data_plane.addresses import not_known
from local_azure.data_plane.callers import Caller
from local_azure.data_plane.conditions import Attributes, holds
from local_azure.data_plane.roles import actions_of
from local_azure.ids import name_of
from local_azure.model import Cloud
from local_azure.types.authorization import ASSIGNMENT
from local_azure.types.common import within
from local_azure.types.roles import BUILT_IN_ROLES


def find_right(
    cloud: Cloud, caller: Caller, resource_id: str, wanted: Attributes, *, is_data: bool = False
) -> tuple[bool, str]:
    """Return whether a role assignment of the caller permits an action on a resource, and the reason.

    An assignment counts at its scope and below. Assignments add up: one that permits is enough.
    """
    reason = "no role assignment on it or above permits"
    unknown = ""
    for assignment in cloud.of_type(ASSIGNMENT):
        scope, role_id = str(assignment.properties.get("scope")), str(assignment.properties.get("roleDefinitionId"))
        holder = str(assignment.properties.get("principalId")).lower()
        if holder not in caller.principals or not within(resource_id, scope):
            continue
        permissions = actions_of(cloud, role_id)
        role = BUILT_IN_ROLES.get(name_of(role_id).lower(), role_id)
        if permissions is None:
            unknown = role
        elif any(one.permit(wanted.action, is_data=is_data) for one in permissions):
            condition = str(assignment.properties.get("condition") or "")
            if not condition or holds(condition, wanted):
                return True, f"{role} on {name_of(scope)} permits {wanted.action}"
            reason = f"the condition of {role} on {name_of(scope)} refuses"
    if unknown:
        not_known(f"the actions of the role {unknown}")
    return False, f"{reason} {wanted.action}"
