"""A budget is the request's, and tells the people that it names (GV12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from formats.stack_config import TenancyConfig
from policies.azure_semantics.properties import require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

AMOUNT, NOTIFICATIONS, END = "amount", "notifications", "timePeriod.endDate"
THRESHOLDS = (("Actual", 50), ("Actual", 80), ("Actual", 100), ("Forecasted", 100))
FIXED = {"enabled": True, "operator": "GreaterThanOrEqualTo"}


def check(budget: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare with the request. Contact groups and roles have members whom the request does not name."""
    config = context.configs[budget.stack]
    if not isinstance(config, TenancyConfig) or config.budget is None:
        yield Violation("", "is a budget that no request states")
        return
    stated = config.budget
    yield from require(budget, AMOUNT, stated.amount)
    found = budget.at(NOTIFICATIONS)
    alerts = found.values() if isinstance(found, Mapping) else ()
    if sorted((str(one.get("thresholdType")), one.get("threshold")) for one in alerts) != sorted(THRESHOLDS):
        yield Violation(NOTIFICATIONS, "are not at 50, 80 and 100 % of the cost and at 100 % of the forecast")
    for one in alerts:
        others = one.keys() - {*FIXED, "threshold", "thresholdType", "contactEmails"}
        if others or {key: one.get(key) for key in FIXED} != FIXED:
            yield Violation(NOTIFICATIONS, "have another receiver than email addresses, another operator, or are off")
        if sorted(one.get("contactEmails") or ()) != sorted(stated.alerts):
            yield Violation(NOTIFICATIONS, "tell other people than the request's")
    if not str(budget.at(END)).startswith(config.expires.isoformat()):
        yield Violation(END, "is another day than the end of the approval")


POLICY = Policy(
    id="GV12",
    title="A budget is the request's, and tells the people that it names",
    why="People whom nobody named would learn what a project does and when; a higher amount would go unnoticed.",
    resource_types=("consumption:Budget",),
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("2.3.04",), ncsc=("5",), iso27001=("8.6",), five_safes=("projects",)),
    fix="Take amount and people from `budget` of the request; change the request for others.",
    check=check,
    check_paths=(AMOUNT, NOTIFICATIONS, END),
    evaluation_scope="stack",
    needs_config=True,
)
