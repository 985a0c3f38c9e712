"""The monthly budget of a resource group. Azure sends alerts to named people, and stops no resource."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pulumi
from pulumi_azure_native import consumption

from formats.budgets import Budget
from infra.components.resource_group_scope import ResourceGroupScope
from infra.names import ResourceKind

ACTUAL, FORECAST = (50, 80, 100), (100,)
"""The thresholds of the alerts, in per cent of the amount: of the actual cost, and of the forecast."""
START = "timePeriod.startDate"


def add_budget(scope: ResourceGroupScope, budget: Budget | None, expires: date) -> None:
    """Declare the budget, if there is one, which ends with the approval.

    Azure requires a start in the present month when it makes a budget, and never changes it afterwards
    (docs/azure-facts.md#budgets). So the program states the present month, and ignores a change of it.
    """
    if budget is None:
        return
    kinds = consumption.ThresholdType
    thresholds = [*((kinds.ACTUAL, one) for one in ACTUAL), *((kinds.FORECASTED, one) for one in FORECAST)]
    consumption.Budget(
        "budget",
        budget_name=scope.names.local(ResourceKind.BUDGET),
        scope=scope.group.id,
        amount=budget.amount,
        category=consumption.CategoryType.COST,
        time_grain=consumption.TimeGrainType.MONTHLY,
        time_period=consumption.BudgetTimePeriodArgs(
            start_date=f"{datetime.now(UTC).date().replace(day=1)}T00:00:00Z", end_date=f"{expires}T00:00:00Z"
        ),
        notifications={
            f"{kind.value}-{percentage}": consumption.NotificationArgs(
                enabled=True,
                operator=consumption.OperatorType.GREATER_THAN_OR_EQUAL_TO,
                threshold=percentage,
                threshold_type=kind,
                contact_emails=list(budget.alerts),
            )
            for kind, percentage in thresholds
        },
        opts=pulumi.ResourceOptions(parent=scope, ignore_changes=[START]),
    )
