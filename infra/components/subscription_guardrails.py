"""The guardrails of the subscriptions of a cell: Azure Policy definitions, and their assignments to each of them.

Each subscription has its own definitions, because a definition can be assigned in its subscription only. Their names
contain the stack's, because several cells may share a subscription: each has all guardrails, so that none depends on
another. They refuse nothing that a stack of the estate declares, in any cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pulumi
from pulumi_azure_native import authorization

from infra.components.providers import provider_for
from infra.components.resource_group_scope import ResourceGroupScope
from infra.components.write_order import WriteOrder
from infra.names import ResourceKind
from infra.policy_rules import PolicyGuardrail
from infra.subscription_guardrails import subscription_guardrails


@dataclass(frozen=True, kw_only=True)
class SubscriptionGuardrailsArgs:
    """The arguments of `SubscriptionGuardrails`."""

    scope: ResourceGroupScope
    subscriptions: Sequence[UUID]
    """Every subscription of the cell."""
    after: WriteOrder
    """Writes that take minutes, in which Azure copies the definitions (docs/azure-facts.md#late-definitions-and-roles).
    """


class SubscriptionGuardrails(pulumi.ComponentResource):
    """The guardrails of each subscription of a cell, for all resource groups that it has and gets."""

    TYPE = "sde:infra:SubscriptionGuardrails"

    def __init__(self, name: str, args: SubscriptionGuardrailsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(self.TYPE, name, None, opts)
        self._scope, self._after = args.scope, args.after
        prefix = args.scope.names.resource_group_prefix
        for subscription in args.subscriptions:
            is_own = subscription == args.scope.config.subscription
            provider = None if is_own else provider_for(f"{name}-in-{subscription}", str(subscription))
            for guardrail in subscription_guardrails(prefix):
                self._assign(guardrail, subscription, provider)
        self.register_outputs({})

    def _assign(self, guardrail: PolicyGuardrail, subscription: UUID, provider: pulumi.ProviderResource | None) -> None:
        name = self._scope.names.local(ResourceKind.POLICY, guardrail.key)
        definition = authorization.PolicyDefinition(
            f"{guardrail.key}-{subscription}",
            policy_definition_name=name,
            policy_type=authorization.PolicyType.CUSTOM,
            mode=guardrail.mode,
            display_name=guardrail.title,
            description=guardrail.description,
            policy_rule=guardrail.policy_rule,
            opts=pulumi.ResourceOptions(parent=self, provider=provider),
        )
        authorization.PolicyAssignment(
            f"subscription-{guardrail.key}-{subscription}",
            policy_assignment_name=name,
            scope=f"/subscriptions/{subscription}",
            location=self._scope.location,
            policy_definition_id=definition.id,
            display_name=guardrail.title,
            description=guardrail.description,
            enforcement_mode=authorization.EnforcementMode.DEFAULT,
            # Azure requires an identity for the effect modify. It has no role, so it can change no resource itself.
            identity=(
                authorization.IdentityArgs(type=authorization.ResourceIdentityType.SYSTEM_ASSIGNED)
                if guardrail.values
                else None
            ),
            non_compliance_messages=[authorization.NonComplianceMessageArgs(message=guardrail.why)],
            opts=pulumi.ResourceOptions(parent=self, provider=provider, depends_on=self._after.last),
        )
