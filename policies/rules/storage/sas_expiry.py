"""ST13: a shared access signature lasts a day at most."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must, shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.durations import timespan_days

PERIOD, ACTION = "sasPolicy.sasExpirationPeriod", "sasPolicy.expirationAction"
LONGEST_DAYS = 1


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Those that Entra vouches for are made even where shared keys are off: they too end, and are refused after."""
    period = account.at(PERIOD)
    days = timespan_days(period)
    if period is MISSING:
        yield Violation(PERIOD, "is not set, which leaves signatures of any length; it must be a day or less")
    elif days is None or days > LONGEST_DAYS:
        yield Violation(PERIOD, f"is {shown(period)}; it must be a day or less, written as 1.00:00:00")
    yield from must(account, ACTION, "Block", default="Log: longer signatures are recorded, and work")


POLICY = Policy(
    id="ST13",
    title="Shared access signatures last a day at most, and longer ones are refused",
    why="A signature is a link that works for whoever holds it; what limits the harm of a forwarded one is its end.",
    on=("storage:StorageAccount",),
    reads=(PERIOD, ACTION),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("3.1.12", "3.2.01"), ncsc=("10", "11"), iso27001=("8.5", "8.12"), five_safes=("outputs",)
    ),
    fix="Set sasPolicy.sasExpirationPeriod to 1.00:00:00 or less and sasPolicy.expirationAction to Block.",
    check=check,
)
