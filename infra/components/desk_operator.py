"""The custom role with which the users of a desk start and stop it.

The platform has it, so that it outlives tenancies: Azure deletes no role that is assigned
(docs/azure-facts.md#role-definitions).
"""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization

from formats.desk_operator import TITLE
from formats.stack_config import PlatformConfig
from infra.roles import DESK_OPERATOR_ACTIONS, desk_operator


def declare_desk_operator(config: PlatformConfig, parent: pulumi.Resource) -> None:
    """Declare the role of a cell. It is assignable in each subscription of the cell."""
    stack = pulumi.get_stack()
    role = desk_operator(config, stack)
    authorization.RoleDefinition(
        "desk-operator",
        role_definition_id=str(role.value),
        # Unique in the tenant, where another estate may have the same code.
        role_name=f"{TITLE} ({config.estate} {stack} {str(role.value)[-4:]})",
        description="Starts and deallocates a virtual machine, and nothing more. Assigned on single desks.",
        permissions=[authorization.PermissionArgs(actions=list(DESK_OPERATOR_ACTIONS))],
        assignable_scopes=[f"/subscriptions/{subscription}" for subscription in config.subscriptions],
        scope=f"/subscriptions/{config.subscription}",
        opts=pulumi.ResourceOptions(parent=parent),
    )
