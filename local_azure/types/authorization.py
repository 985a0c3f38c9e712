"""Microsoft.Authorization: role assignments, role definitions and locks.

Facts: docs/azure-facts.md#names-of-locks-roles-and-assignments, #role-assignments, #role-definitions, #locks,
#fixed-properties.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from formats.local_cloud import TENANT
from local_azure.ids import name_of
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import at_most, guid, refuse, same, scope_exists, scope_is_known, values_at
from local_azure.types.roles import BUILT_IN_ROLES

ASSIGNMENT = "azure-native:authorization:RoleAssignment"
DEFINITION = "azure-native:authorization:RoleDefinition"
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
ROLE_DEFINITION_ID = re.compile(
    rf"(/subscriptions/{GUID})?/providers/Microsoft\.Authorization/roleDefinitions/{GUID}", re.I
)
CREATED_AT = "2026-01-01T00:00:00Z"
"""The time of every change. It is constant, so that outputs are reproducible."""
FIXED_ASSIGNMENT_PROPERTIES = (
    "principalId",
    "roleDefinitionId",
    "scope",
    "principalType",
    "delegatedManagedIdentityResourceId",
)


# Role assignments ----------------------------------------------------------------------------------------------------


def _scope(request: Request) -> str:
    return f"/{str(request.new.get('scope', '')).strip('/')}"


def _principal_is_a_guid(request: Request) -> None:
    principal = str(request.new.get("principalId", ""))
    if not re.fullmatch(GUID, principal) or uuid.UUID(principal).int == 0:
        refuse("InvalidPrincipalId", f"A valid principal ID must be provided; found '{principal}'.")


def _role_exists(request: Request) -> None:
    role = str(request.new.get("roleDefinitionId", ""))
    if not ROLE_DEFINITION_ID.fullmatch(role):
        refuse("InvalidRoleDefinitionId", f"The role definition ID '{role}' is not valid.")
    name = name_of(role).lower()
    custom = any(same(name_of(stored.id), name) for stored in request.cloud.of_type(DEFINITION))
    if name not in BUILT_IN_ROLES and not custom:
        text = f"The specified role definition with ID '{name}' does not exist "
        text += "(or is a built-in role that the local Azure does not know)."
        refuse("RoleDefinitionDoesNotExist", text, status=404)


def _assignment_is_unique(request: Request) -> None:
    """Refuse a second assignment of a role to a principal at a scope."""
    if request.old is not None:
        return
    role, principal = name_of(str(request.new.get("roleDefinitionId"))), str(request.new.get("principalId"))
    for existing in request.cloud.children(_scope(request), ASSIGNMENT):
        if (
            same(existing.properties.get("principalId"), principal)
            and same(existing.properties.get("scope"), _scope(request))
            and same(name_of(str(existing.properties.get("roleDefinitionId"))), role)
            and not same(existing.id, request.id)
        ):
            id_ = name_of(existing.id)
            text = f"The role assignment already exists. The ID of the existing role assignment is {id_}."
            refuse("RoleAssignmentExists", text, status=409)


def _guid_is_unused(request: Request) -> None:
    """Refuse a GUID that names another assignment, in any scope: Azure treats this as an update of that assignment."""
    if request.old is not None:
        return
    owner = request.cloud.global_name_owner(ASSIGNMENT, request.name)
    if owner is not None and not same(owner, request.id):
        text = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
        refuse("RoleAssignmentUpdateNotPermitted", text)


def _condition_has_a_version(request: Request) -> None:
    if bool(request.new.get("condition")) and request.new.get("conditionVersion") != "2.0":
        refuse("InvalidRoleAssignmentConditionVersion", "A condition needs conditionVersion 2.0.")


def _assignment_limit(request: Request) -> None:
    if request.old is None and request.cloud.count_of_type(ASSIGNMENT, request.subscription) >= 5000:
        text = "No more role assignments can be created: the subscription holds 5000."
        refuse("RoleAssignmentLimitExceeded", text)


def _assignment_outputs(request: Request) -> Mapping[str, Json]:
    return {**_audit_outputs(request), "principalType": request.new.get("principalType", "ServicePrincipal")}


def _audit_outputs(request: Request) -> dict[str, Json]:
    deployer = guid(TENANT, "deployer")
    return {"createdBy": deployer, "updatedBy": deployer, "createdOn": CREATED_AT, "updatedOn": CREATED_AT}


# Role definitions ----------------------------------------------------------------------------------------------------


def _assignable_scopes_exist(request: Request) -> None:
    for scope in values_at(request.new, "assignableScopes[*]"):
        if not scope_is_known(request.cloud, str(scope)):
            text = f"The assignable scope '{scope}' was not found."
            refuse("InvalidAssignableScope", text, target=str(scope))


def _has_permissions(request: Request) -> None:
    if not values_at(request.new, "permissions[*].actions[*]") + values_at(
        request.new, "permissions[*].dataActions[*]"
    ):
        refuse("InvalidRoleDefinition", f"Role definition {request.new.get('roleName')} grants nothing.")


def _role_name_is_unique(request: Request) -> None:
    for other in request.cloud.of_type(DEFINITION):
        if same(other.properties.get("roleName"), request.new.get("roleName")) and not same(other.id, request.id):
            text = f"A custom role with the name '{request.new.get('roleName')}' already exists in the tenant."
            refuse("RoleDefinitionWithSameNameExists", text, status=409)


def _has_no_assignments(request: Request) -> None:
    for assignment in request.cloud.of_type(ASSIGNMENT):
        if same(name_of(str(assignment.properties.get("roleDefinitionId"))), name_of(request.id)):
            text = "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments)."
            refuse("RoleDefinitionHasAssignments", text, target=assignment.id)


# Locks ---------------------------------------------------------------------------------------------------------------


def _notes_length_in_range(request: Request) -> None:
    if len(str(request.new.get("notes") or "")) > 512:
        refuse("InvalidLockNotes", f"The notes of lock {request.name} exceed 512 characters.")


LOCK_NAME = NameRule(
    r"[A-Za-z0-9._()-]{0,89}[A-Za-z0-9_()-]", "1-90 letters, digits, ., _, -, ( or ), not ending with a dot"
)


def _lock(kind: str, *, by_scope: bool = False) -> AzureType:
    token = f"azure-native:authorization:ManagementLock{kind}"
    limit = at_most(20, token, "TooManyLocks", "A scope takes at most {limit} locks.", per_parent=True)
    return AzureType(
        token=token,
        name=LOCK_NAME,
        location="none",
        constraints=(_notes_length_in_range, limit, *((scope_exists("scope"),) if by_scope else ())),
    )


TYPES = (
    AzureType(
        token=ASSIGNMENT,
        name=NameRule(GUID, "a GUID", code="InvalidRoleAssignmentId"),
        location="none",
        replace_on_change=("principalId", "scope"),
        immutable=dict.fromkeys(FIXED_ASSIGNMENT_PROPERTIES, "RoleAssignmentUpdateNotPermitted"),
        computed=_assignment_outputs,
        constraints=(
            _principal_is_a_guid,
            _role_exists,
            scope_exists("scope"),
            _guid_is_unused,
            _assignment_is_unique,
            _condition_has_a_version,
            _assignment_limit,
        ),
    ),
    AzureType(
        token=DEFINITION,
        name=NameRule(GUID, "a GUID", code="InvalidRoleDefinitionId"),
        location="none",
        defaults={"roleType": "CustomRole"},
        computed=_audit_outputs,
        constraints=(_assignable_scopes_exist, _has_permissions, _role_name_is_unique),
        delete_constraints=(_has_no_assignments,),
    ),
    _lock("ByScope", by_scope=True),
    _lock("AtResourceGroupLevel"),
    _lock("AtSubscriptionLevel"),
)
