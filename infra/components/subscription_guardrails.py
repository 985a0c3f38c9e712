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

from infra.components.policy_guardrails import assign, define
from infra.components.providers import provider_for
from infra.components.resource_group_scope import ResourceGroupScope
from infra.components.write_order import WriteOrder
from infra.policy_rules import PolicyGuardrail
from infra.subscription_guardrails import subscription_guardrails


@dataclass(frozen=True, kw_only=True)
class SubscriptionGuardrailsArgs:
    """The arguments of `SubscriptionGuardrails`."""

    scope: ResourceGroupScope
    subscriptions: Sequence[UUID]
    """Every subscription of the cell."""
    windows_desks: bool = False
    """True: the estate may have Windows desks, whose extensions Azure Policy then permits."""
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
            for guardrail in subscription_guardrails(prefix, windows_desks=args.windows_desks):
                self._assign(guardrail, subscription, provider)
        self.register_outputs({})

    def _assign(self, guardrail: PolicyGuardrail, subscription: UUID, provider: pulumi.ProviderResource | None) -> None:
        definition = define(
            f"{guardrail.key}-{subscription}",
            guardrail,
            self._scope.names,
            pulumi.ResourceOptions(parent=self, provider=provider),
        )
        assign(
            f"subscription-{guardrail.key}-{subscription}",
            guardrail,
            definition,
            self._scope,
            to=f"/subscriptions/{subscription}",
            opts=pulumi.ResourceOptions(parent=self, provider=provider, depends_on=self._after.last),
        )
