"""Grants: a role for somebody on exactly one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pulumi
from pulumi_azure_native import authorization

from infra.roles import Role

CONDITIONS = "2.0"
"""The one version of conditions that Azure takes for blobs."""


@dataclass(frozen=True)
class Principal:
    """Somebody who may be granted something. Never a person: groups and managed identities only."""

    id: pulumi.Input[str]
    kind: authorization.PrincipalType

    @classmethod
    def group(cls, group: UUID) -> Principal:
        """An Entra group."""
        return cls(str(group), authorization.PrincipalType.GROUP)

    @classmethod
    def service(cls, principal_id: pulumi.Input[str]) -> Principal:
        """A managed identity, or an application's. Saying so spares the wait until Entra has spread the news of a new
        one (Azure: PrincipalNotFound)."""
        return cls(principal_id, authorization.PrincipalType.SERVICE_PRINCIPAL)


def assign(
    name: str, role: Role, to: Principal, on: pulumi.Input[str], *, subscription: pulumi.Input[object],
    parent: pulumi.Resource, after: Sequence[pulumi.Resource] = (), condition: str | None = None,
) -> pulumi.Resource:  # fmt: skip
    """Grants a role on one thing in that subscription.

    The assignment's name is left to the provider, which makes a GUID once and keeps it in the state
    (pulumi-azure-native issue 582). A name worked out of scope and principal is not known while they are not, and a
    preview would show a replacement. Who, what and where cannot be changed in Azure, so a new one is made before the
    old one goes. `condition` narrows the role, in Azure's words (learn.microsoft.com, "Azure role assignment conditions
    for Blob Storage").
    """
    assignment: pulumi.Resource = authorization.RoleAssignment(
        name,
        role_definition_id=pulumi.Output.from_input(subscription).apply(role.definition),
        principal_id=to.id,
        principal_type=to.kind,
        scope=on,
        condition=condition,
        condition_version=CONDITIONS if condition else None,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after)),
    )
    return assignment
