"""The activity log: who changed what in a subscription, through Azure Resource Manager."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from pulumi_azure_native import monitor

from infra.components.part import Part
from infra.components.room import Room
from infra.components.subscriptions import works_in
from infra.names import Kind

CATEGORIES = ("Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale",
              "ResourceHealth")  # fmt: skip
"""All that Azure records of a subscription (learn.microsoft.com, "Azure activity log event schema": categories)."""


class ActivityLog(Part):
    """The activity logs of a cell's subscriptions, sent to the room's log sink: Azure by itself forgets them after 90
    days (learn.microsoft.com, "Activity log in Azure Monitor": retention period)."""

    def __init__(self, name: str, room: Room, subscriptions: Iterable[UUID]) -> None:
        super().__init__(name, room)
        for subscription in subscriptions:
            self._send(subscription)
        self.register_outputs({})

    def _send(self, subscription: UUID) -> None:
        """The setting stands in the subscription itself, in no group: its name says whose it is, for other cells and
        estates may send the same log to sinks of theirs."""
        foreign = subscription != self.room.config.subscription
        monitor.SubscriptionDiagnosticSetting(
            f"{self.called}-{subscription}",
            name=self.room.names.local(Kind.ACTIVITY_LOG),
            workspace_id=self.room.logs,
            logs=[monitor.SubscriptionLogSettingsArgs(category=category, enabled=True) for category in CATEGORIES],
            opts=self.own(provider=works_in(f"in-{subscription}", str(subscription))) if foreign else self.own(),
        )
