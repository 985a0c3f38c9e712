"""A desk stops at the time, and a budget tells the people, that the request states (VM27, GV12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.budgets import Budget
from tests.policies import shipped
from tests.policies.rules.shipped_cases import blocking, having, names, one

TENANCY = "tre-hcm-progression"
PEOPLE = ["a.person@trust.example"]
THRESHOLDS = (("Actual", 50), ("Actual", 80), ("Actual", 100), ("Forecasted", 100))


def stating(**more: Any) -> Any:
    """Return the configurations of an estate whose request states a time and a budget, or others."""
    config: Any = shipped.configs()[TENANCY]
    budget = Budget(monthly_gbp=900, alerts=tuple(PEOPLE))
    desks = (config.desks[0].model_copy(update={"shutdown": more.get("shutdown", "19:00")}),)
    update = {"desks": desks, "budget": more.get("budget", budget)}
    return {**shipped.configs(), TENANCY: config.model_copy(update=update)}


def made(type_: str, name: str, **inputs: Any) -> Any:
    machine = one(TENANCY, "compute:VirtualMachine", "desk")
    return replace(machine, type=type_, urn=f"urn:{name}", id=f"{machine.id}-{name}", name=name, inputs=inputs)


def schedule() -> Any:
    return made("devtestlab:GlobalSchedule", "desk-shutdown",
                targetResourceId=one(TENANCY, "compute:VirtualMachine", "desk").id, dailyRecurrence={"time": "1900"},
                timeZoneId="GMT Standard Time", notificationSettings={"status": "Disabled"})  # fmt: skip


def budget() -> Any:
    alerts = {f"{kind}-{at}": {"enabled": True, "operator": "GreaterThanOrEqualTo", "thresholdType": kind,
                               "threshold": at, "contactEmails": PEOPLE} for kind, at in THRESHOLDS}  # fmt: skip
    return made("consumption:Budget", "budget", amount=900, notifications=alerts,
                timePeriod={"endDate": f"{shipped.configs()[TENANCY].expires}T00:00:00Z"})  # type: ignore[attr-defined]  # fmt: skip


def test_what_the_request_states_passes() -> None:
    assert blocking("VM27", schedule(), configs=stating()) == []
    assert blocking("GV12", budget(), configs=stating()) == []


@pytest.mark.parametrize(("path", "value"), [
    ("dailyRecurrence.time", "1200"), ("timeZoneId", "UTC"), ("targetResourceId", "/subscriptions/x/other"),
    ("notificationSettings.webhookUrl", "https://elsewhere.example"),
    ("notificationSettings.emailRecipient", "someone@elsewhere.example"),
])  # fmt: skip
def test_another_schedule_is_refused(path: str, value: str) -> None:
    assert names(blocking("VM27", having(schedule(), path, value), configs=stating())) == {"desk-shutdown"}


@pytest.mark.parametrize(("path", "value"), [
    ("amount", 10_000), ("timePeriod.endDate", "2099-01-01T00:00:00Z"), ("notifications", {}),
    ("notifications.Actual-50.contactEmails", ["someone@elsewhere.example"]),
    ("notifications.Actual-50.contactRoles", ["Owner"]), ("notifications.Actual-50.enabled", False),
])  # fmt: skip
def test_another_budget_is_refused(path: str, value: Any) -> None:
    assert names(blocking("GV12", having(budget(), path, value), configs=stating())) == {"budget"}


def test_what_no_request_states_is_refused() -> None:
    assert names(blocking("VM27", schedule(), configs=stating(shutdown=None))) == {"desk-shutdown"}
    assert names(blocking("GV12", budget(), configs=stating(budget=None))) == {"budget"}
