"""Role assignments: one role for one principal on exactly one resource or resource group."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pulumi
from pulumi_azure_native import authorization

from infra.roles import CustomRole, Role

CONDITION_VERSION = "2.0"
"""The only version of conditions that Azure accepts for blobs."""

NO_ACCESS = "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'no container')"
"""The condition of a role that permits nothing: no container can have a name with a space. An existing assignment gets
it by an update, which a lock permits, and loses its right at once; to be deleted, it needs the lock to go first
(docs/azure-facts.md#conditions-of-role-assignments)."""


@dataclass(frozen=True)
class Principal:
    """A group or managed identity that can be assigned a role. Never a user."""

    id: pulumi.Input[str]
    """The object id in Entra."""
    kind: authorization.PrincipalType

    @classmethod
    def group(cls, group: UUID) -> Principal:
        """Return the principal of an Entra group."""
        return cls(str(group), authorization.PrincipalType.GROUP)

    @classmethod
    def service(cls, principal_id: pulumi.Input[str]) -> Principal:
        """Return the principal of a managed identity or application. With the type given, Azure accepts an identity
        that Entra has not replicated yet (error PrincipalNotFound otherwise)."""
        return cls(principal_id, authorization.PrincipalType.SERVICE_PRINCIPAL)


def assign_role(
    name: str, role: Role | CustomRole, principal: Principal, on: pulumi.Input[str], *,
    subscription: pulumi.Input[object], parent: pulumi.Resource, condition: str | None = None,
) -> pulumi.Resource:  # fmt: skip
    """Assign a role on the resource with the id `on`, which is in that subscription.

    The provider generates the assignment's name, a GUID, once and keeps it in the state (pulumi-azure-native issue
    582). A name derived from scope and principal would be unknown while they are, and a preview would show a
    replacement. Role, principal and scope cannot be changed in Azure, so a new assignment is created before the old one
    is deleted. `condition` restricts the role, in Azure's syntax (learn.microsoft.com, "Azure role assignment
    conditions for Blob Storage").
    """
    assignment: pulumi.Resource = authorization.RoleAssignment(
        name,
        role_definition_id=pulumi.Output.from_input(subscription).apply(role.definition_id),
        principal_id=principal.id,
        principal_type=principal.kind,
        scope=on,
        condition=condition,
        condition_version=CONDITION_VERSION if condition else None,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return assignment
