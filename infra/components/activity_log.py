"""The activity log of a subscription: all operations through Azure Resource Manager, with the caller of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import pulumi
from pulumi_azure_native import monitor

from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.providers import provider_for
from infra.names import ResourceKind

CATEGORIES = ("Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale",
              "ResourceHealth")  # fmt: skip
"""All categories (learn.microsoft.com, "Azure activity log event schema": categories)."""


@dataclass(frozen=True, kw_only=True)
class ActivityLogArgs(ComponentArgs):
    """The arguments of `ActivityLog`."""

    subscriptions: Iterable[UUID]
    """The subscriptions of the cell."""


class ActivityLog(BaseComponent):
    """The diagnostic settings that send the activity logs of a cell's subscriptions to the Log Analytics workspace.

    Azure itself deletes them after 90 days (learn.microsoft.com, "Activity log in Azure Monitor": retention period).
    """

    TYPE = "sde:infra:ActivityLog"

    def __init__(self, name: str, args: ActivityLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        for subscription in args.subscriptions:
            self._send(subscription)
        self.register_outputs({})

    def _send(self, subscription: UUID) -> None:
        """Create the setting of a subscription. It is in no resource group, and its name contains the stack's, because
        other cells and estates may have settings in the same subscription."""
        opts = self.child_opts()
        if subscription != self.scope.config.subscription:
            opts = self.child_opts(provider=provider_for(f"in-{subscription}", str(subscription)))
        monitor.SubscriptionDiagnosticSetting(
            f"{self.name}-{subscription}",
            name=self.scope.names.local(ResourceKind.ACTIVITY_LOG),
            workspace_id=self.scope.log_workspace_id,
            logs=[monitor.SubscriptionLogSettingsArgs(category=category, enabled=True) for category in CATEGORIES],
            opts=opts,
        )
