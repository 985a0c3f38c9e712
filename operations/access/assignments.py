"""Role assignments as the access view has them: holder, role, scope, condition, and how they are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from formats.urns import name_of
from operations.access.roles import Role, role_of
from policies.azure_semantics import ids
from policies.azure_semantics.malware_scanning import CLEAN_BLOBS_ONLY
from policies.azure_semantics.role_assignments import ASSIGNMENT, ASSIGNMENTS
from policies.azure_semantics.role_operations import CUSTOM_ROLE
from policies.expected.entitlements import NO_ACCESS, condition_text
from policies.model import MISSING, PolicyContext, Resource, Unknown
from policies.reachability.role_grants import RoleGrant, RoleGrants

WAITS = " (waits for deletion: "
"""Follows the URN of a resource whose delete failed (`formats/arm/resolve.py`)."""
_CONDITIONS = {condition_text(CLEAN_BLOBS_ONLY): "only blobs that the malware scan found clean"}


@dataclass(frozen=True)
class Assignment:
    """One role assignment of an estate."""

    holder: str
    """The key of its holder (`people.Holder`)."""
    role: Role
    scope: str
    """An ARM id in lower case; empty if it is not known before the deployment."""
    urn: str
    id: str
    name: str
    stack: str
    condition: str = ""
    """The condition in words; empty: none."""
    is_closed: bool = False
    """True if its condition permits nothing."""
    is_eligible: bool = False
    """True if its holder has to activate it (Privileged Identity Management)."""
    expires: str = ""
    """The time at which it ends; empty: never."""
    is_pending_delete: bool = False
    """True if an earlier run failed to delete it. It is in force until its deletion succeeds."""

    @property
    def is_everywhere(self) -> bool:
        """True for a scope above subscriptions, of which no file says what is below it: all of the estate may be."""
        return self.scope == "/" or self.scope.startswith("/providers/microsoft.management/managementgroups/")

    @property
    def notes(self) -> tuple[str, ...]:
        """What limits the right, and what is not done."""
        found = (
            (self.condition, self.condition),
            (self.is_eligible, "has to be activated (PIM)"),
            (self.expires, f"ends {self.expires}"),
            (not self.role.is_known, "the definition of the role is not known: it counts as permitting everything"),
            (self.is_pending_delete, "revocation failed: the delete is not done"),
        )
        return tuple(text for is_so, text in found if is_so)


def assignments_of(context: PolicyContext, grants: RoleGrants) -> tuple[Assignment, ...]:
    """Return the role assignments of an estate. `grants`: of the same estate."""
    definitions = {ids.name(r.id): r for r in context.of(CUSTOM_ROLE) if r.id}
    roles: dict[str, Role] = {}
    found = zip(context.of(*ASSIGNMENTS), grants.all, strict=True)
    return tuple(_assignment(resource, grant, definitions, roles) for resource, grant in found)


def _assignment(
    resource: Resource, grant: RoleGrant, definitions: Mapping[str, Resource], roles: dict[str, Role]
) -> Assignment:
    guid = ids.name(_text(resource, "roleDefinitionId"))
    if guid not in roles:
        roles[guid] = role_of(guid, definitions)
    condition = condition_text(_text(resource, "condition"))
    urn, _, is_pending = resource.urn.partition(WAITS)
    return Assignment(
        holder=grant.principal,
        role=roles[guid],
        scope=grant.scope or ("/" if _text(resource, "scope") == "/" else ""),
        urn=urn,
        id=ids.plain(resource.id),
        name=name_of(urn),
        stack=resource.stack,
        condition=_CONDITIONS.get(condition, f"condition {_text(resource, 'condition')}" if condition else ""),
        is_closed=condition == condition_text(NO_ACCESS),
        is_eligible=resource.type != ASSIGNMENT,
        expires=_text(resource, "scheduleInfo.expiration.endDateTime"),
        is_pending_delete=bool(is_pending),
    )


def _text(resource: Resource, path: str) -> str:
    """Return the text at a path; empty if it is missing or not known yet."""
    try:
        value = resource.at(path)
    except Unknown:
        return ""
    return value if value is not MISSING and isinstance(value, str) else ""
