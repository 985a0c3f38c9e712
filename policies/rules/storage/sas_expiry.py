"""Shared access signatures last a day at most, and longer ones are refused (ST13)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import display
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.durations import timespan_days

PERIOD = "sasPolicy.sasExpirationPeriod"
MAX_DAYS = 1


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require an expiration period of a day or less."""
    period = account.at(PERIOD)
    days = timespan_days(period)
    if period is MISSING:
        yield Violation(PERIOD, "is not set, so signatures may last any time; it must be a day or less")
    elif days is None or days > MAX_DAYS:
        yield Violation(PERIOD, f"is {display(period)}; it must be a day or less, written as 1.00:00:00")


POLICY = Policy(
    id="ST13",
    title="Shared access signatures last a day at most, and longer ones are refused",
    why="Anyone who has the link can use a shared access signature, so its expiry limits the harm of a forwarded "
    "one. User delegation signatures exist even where shared keys are off.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("3.1.12", "3.2.01"), ncsc=("10", "11"), caf=("B2.a",), iso27001=("8.5", "8.12"), five_safes=("outputs",)
    ),
    fix="Set sasPolicy.sasExpirationPeriod to 1.00:00:00 or less and sasPolicy.expirationAction to Block.",
    requires=(equals("sasPolicy.expirationAction", "Block", default="Log: longer signatures are logged, and work"),),
    check=check,
    check_paths=(PERIOD,),
)
