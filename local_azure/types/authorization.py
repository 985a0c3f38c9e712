"""Microsoft.Authorization: role assignments, role definitions, locks. Sources: azure-facts 1.1, 2.7, 3, 4."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import TENANT, at_most, every, guid, last, refuse, same, scope_exists, standing
from local_azure.types.roles import BUILT_IN

ASSIGNMENT = "azure-native:authorization:RoleAssignment"
DEFINITION = "azure-native:authorization:RoleDefinition"
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
DEFINITION_ID = re.compile(rf"(/subscriptions/{GUID})?/providers/Microsoft\.Authorization/roleDefinitions/{GUID}", re.I)
MADE = "2026-01-01T00:00:00Z"


# Role assignments ----------------------------------------------------------------------------------------------------


def _scope(change: Change) -> str:
    return f"/{str(change.new.get('scope', '')).strip('/')}"


def _principal_is_a_guid(change: Change) -> None:
    principal = str(change.new.get("principalId", ""))
    if not re.fullmatch(GUID, principal) or uuid.UUID(principal).int == 0:
        refuse("InvalidPrincipalId", f"A valid principal ID must be provided; found '{principal}'.")


def _role_is_defined(change: Change) -> None:
    role = str(change.new.get("roleDefinitionId", ""))
    if not DEFINITION_ID.fullmatch(role):
        refuse("InvalidRoleDefinitionId", f"The role definition ID '{role}' is not valid.")
    name = last(role).lower()
    custom = any(same(last(stored.id), name) for stored in change.cloud.of_type(DEFINITION))
    if name not in BUILT_IN and not custom:
        text = f"The specified role definition with ID '{name}' does not exist (or is a built-in role not known here)."
        refuse("RoleDefinitionDoesNotExist", text, status=404)


def _nobody_holds_it_already(change: Change) -> None:
    """One assignment for a principal, role and scope (azure-facts 2.7)."""
    if change.old is not None:
        return
    role, principal = last(str(change.new.get("roleDefinitionId"))), str(change.new.get("principalId"))
    below = change.cloud.children(_scope(change), ASSIGNMENT)
    for held in below:
        alike = same(held.properties.get("principalId"), principal) and same(
            held.properties.get("scope"), _scope(change)
        )
        if alike and same(last(str(held.properties.get("roleDefinitionId"))), role) and not same(held.id, change.id):
            text = f"The role assignment already exists. The ID of the existing role assignment is {last(held.id)}."
            refuse("RoleAssignmentExists", text, status=409)


def _only_its_words_change(change: Change) -> None:
    fixed = ("principalId", "roleDefinitionId", "scope", "principalType", "delegatedManagedIdentityResourceId")
    if change.old is None:
        return
    given = [path for path in fixed if change.new.get(path) is not None]
    if any(not _alike(change.old.get(path), change.new.get(path)) for path in given):
        text = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
        refuse("RoleAssignmentUpdateNotPermitted", text)


def _alike(before: Json, after: Json) -> bool:
    return before == after or same(str(before), str(after))


def _name_is_new(change: Change) -> None:
    """A GUID names one assignment; its reuse elsewhere is an update, which is refused (azure-facts 1.1, RBT)."""
    if change.old is not None:
        return
    owner = change.cloud.global_name_owner(ASSIGNMENT, change.name)
    if owner is not None and not same(owner, change.id):
        text = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
        refuse("RoleAssignmentUpdateNotPermitted", text)


def _condition_has_a_version(change: Change) -> None:
    if bool(change.new.get("condition")) and change.new.get("conditionVersion") != "2.0":
        refuse("InvalidRoleAssignmentConditionVersion", "A condition needs conditionVersion 2.0.")


def _at_most_5000(change: Change) -> None:
    if change.old is None and change.cloud.held(ASSIGNMENT, change.subscription) >= 5000:  # azure-facts 4 (LIM, 2026)
        text = "No more role assignments can be created: the subscription holds 5000."
        refuse("RoleAssignmentLimitExceeded", text)


def _assignment_outputs(change: Change) -> Mapping[str, Json]:
    return {**_signed(change), "principalType": change.new.get("principalType", "ServicePrincipal")}


def _signed(change: Change) -> dict[str, Json]:
    who = guid(TENANT, "deployer")
    return {"createdBy": who, "updatedBy": who, "createdOn": MADE, "updatedOn": MADE}


# Role definitions ----------------------------------------------------------------------------------------------------


def _scopes_are_there(change: Change) -> None:
    for scope in every(change.new, "assignableScopes[*]"):
        if not standing(change.cloud, str(scope)):
            text = f"The assignable scope '{scope}' was not found."
            refuse("InvalidAssignableScope", text, target=str(scope))


def _grants_something(change: Change) -> None:
    if not every(change.new, "permissions[*].actions[*]") + every(change.new, "permissions[*].dataActions[*]"):
        refuse("InvalidRoleDefinition", f"Role definition {change.new.get('roleName')} grants nothing.")


def _role_name_is_new(change: Change) -> None:
    for other in change.cloud.of_type(DEFINITION):
        if same(other.properties.get("roleName"), change.new.get("roleName")) and not same(other.id, change.id):
            text = f"A custom role with the name '{change.new.get('roleName')}' already exists in the tenant."
            refuse("RoleDefinitionWithSameNameExists", text, status=409)


def _nobody_is_assigned(change: Change) -> None:
    for assignment in change.cloud.of_type(ASSIGNMENT):
        if same(last(str(assignment.properties.get("roleDefinitionId"))), last(change.id)):
            text = "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments)."
            refuse("RoleDefinitionHasAssignments", text, target=assignment.id)


# Locks ---------------------------------------------------------------------------------------------------------------


def _notes_are_short(change: Change) -> None:
    if len(str(change.new.get("notes") or "")) > 512:
        refuse("InvalidLockNotes", f"The notes of lock {change.name} exceed 512 characters.")


# azure-facts 1.1: Microsoft's rule is 1-90 characters.
LOCK_NAME = Name(
    r"[A-Za-z0-9._()-]{0,89}[A-Za-z0-9_()-]", "1-90 letters, digits, ., _, -, ( or ), not ending with a dot"
)


def _lock(kind: str, *, by_scope: bool = False) -> AzureType:
    token = f"azure-native:authorization:ManagementLock{kind}"
    limit = at_most(20, token, "TooManyLocks", "A scope takes at most {limit} locks.", siblings=True)  # azure-facts 4
    return AzureType(
        token=token,
        name=LOCK_NAME,
        location="none",
        fixed=("level", "notes") + (("scope",) if by_scope else ()),
        rules=(_notes_are_short, limit, *((scope_exists("scope"),) if by_scope else ())),
    )


TYPES = (
    AzureType(
        token=ASSIGNMENT,
        name=Name(GUID, "a GUID", code="InvalidRoleAssignmentId"),
        location="none",
        fixed=("principalId", "roleDefinitionId", "scope", "principalType", "delegatedManagedIdentityResourceId"),
        computed=_assignment_outputs,
        rules=(
            _principal_is_a_guid,
            _role_is_defined,
            scope_exists("scope"),
            _only_its_words_change,
            _name_is_new,
            _nobody_holds_it_already,
            _condition_has_a_version,
            _at_most_5000,
        ),
    ),
    AzureType(
        token=DEFINITION,
        name=Name(GUID, "a GUID", code="InvalidRoleDefinitionId"),
        location="none",
        defaults={"roleType": "CustomRole"},
        fixed=("scope",),
        computed=_signed,
        rules=(_scopes_are_there, _grants_something, _role_name_is_new),
        delete_rules=(_nobody_is_assigned,),
    ),
    _lock("ByScope", by_scope=True),
    _lock("AtResourceGroupLevel"),
    _lock("AtSubscriptionLevel"),
)
