"""Microsoft.Consumption: budgets.

Facts: docs/azure-facts.md#names-of-monitoring-resources, #budgets, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import guid, refuse, scope_exists, value_at

BUDGET = "azure-native:consumption:Budget"


def _date(text: Json) -> datetime:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).replace(tzinfo=None)
    except ValueError:
        refuse("400", f"'{text}' is not a date.", target="timePeriod")


def _require_valid_period(request: Request) -> None:
    """Refuse unless the start is the first of a month, not before June 2017 nor, for a new budget, before the current
    month (UTC), and before the end."""
    start, end = _date(value_at(request.new, "timePeriod.startDate")), value_at(request.new, "timePeriod.endDate")
    if start.day != 1 or start < datetime(2017, 6, 1):
        text = "Start date should be the first of a month, on or after June 1, 2017."
        refuse("400", text, target="timePeriod.startDate")
    today = datetime.now(UTC)
    if request.old is None and (start.year, start.month) < (today.year, today.month):
        text = "Start date for monthly time grain should not be prior to current month."
        refuse("400", text, target="timePeriod.startDate")
    if end is not None and _date(end) <= start:
        refuse("400", "End date should be later than the start date.", target="timePeriod.endDate")


def _require_positive_amount(request: Request) -> None:
    if not request.new.get("amount", 0) > 0:
        refuse("400", "The amount of a budget must be over 0.", target="amount")


def _require_valid_notifications(request: Request) -> None:
    """Refuse more than five, and one without a recipient or with a threshold outside 0 to 1000 per cent."""
    notifications = request.new.get("notifications") or {}
    if len(notifications) > 5:
        refuse("400", "A budget takes at most 5 notifications.", target="notifications")
    for name, notification in notifications.items():
        if not any(notification.get(path) for path in ("contactEmails", "contactRoles", "contactGroups")):
            refuse(
                "400",
                f"Notification {name} has no recipient: it needs an email, role or group.",
                target="notifications",
            )
        if not 0 <= notification.get("threshold", -1) <= 1000:
            refuse(
                "400",
                f"The threshold of notification {name} must be from 0 to 1000 per cent.",
                target="notifications",
            )


def _outputs(request: Request) -> Mapping[str, Json]:
    return {"eTag": guid(request.id, "etag"), "currentSpend": {"amount": 0.0, "unit": "GBP"}}


TYPES = (
    AzureType(
        token=BUDGET,
        name=NameRule(r"[-_a-zA-Z0-9]{1,63}", "1-63 letters, digits, - or _"),
        location="none",
        immutable=dict.fromkeys(("timeGrain", "timePeriod.startDate", "category"), "BadRequest"),
        computed=_outputs,
        constraints=(
            scope_exists("scope"),
            _require_valid_period,
            _require_positive_amount,
            _require_valid_notifications,
        ),
    ),
)
