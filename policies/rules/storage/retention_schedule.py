"""Blobs are kept and deleted as the estate's schedule says, and for at least the least time of their zone (ST30)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.expected.retention import Schedule, schedules
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.rule_helpers.immutable_stores import ACCOUNT_IMMUTABILITY, CONTAINER_POLICY, PERIOD
from policies.rule_helpers.lifecycle_rules import ACTIONS, AGES, KINDS
from policies.rule_helpers.storage_accounts import account_of

ACCOUNT, CONTAINER, LIFECYCLE = "storage:StorageAccount", "storage:BlobContainer", "storage:ManagementPolicy"
NO_SCHEDULE = Schedule(None)
CURRENT_AND_VERSIONS = ("baseBlob", "version")
SCOPE_OF_RULE = (
    "policy.rules[*].enabled",
    "policy.rules[*].definition.filters.prefixMatch[*]",
    "policy.rules[*].definition.filters.blobTypes[*]",
)
FIXED_AGES = ("daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check the lifecycle rules of a store, their presence, and the immutability of a container."""
    account = resource if resource.type == ACCOUNT else account_of(resource, context)
    if account is None:
        raise Unknown("accountName", "is no storage account of this stack, so its schedule cannot be found")
    schedule = schedules(context.configs[resource.stack]).get(account.name, NO_SCHEDULE)
    if resource.type == ACCOUNT:
        yield from _check_account(resource, schedule, context)
    elif resource.type == LIFECYCLE:
        yield from _check_deletion(resource, schedule)
    else:
        yield from _check_immutability(resource, account, schedule, context)


def _check_account(account: Resource, schedule: Schedule, context: PolicyContext) -> Iterator[Violation]:
    days = schedule.delete_after_days
    if days is not None and days < schedule.least_days:
        yield Violation("", f"is to delete after {days} days by the estate; this zone keeps blobs for at least "
                        f"{schedule.least_days}")  # fmt: skip
    policies = context.children(LIFECYCLE, account)
    for kind in CURRENT_AND_VERSIONS if days is not None else ():
        if not any(_deletes_all(policy, kind) for policy in policies):
            yield Violation("", f"has no enabled lifecycle rule for all block blobs that deletes ({kind}) after {days} "
                            "days, as the estate's schedule says")  # fmt: skip


def _deletes_all(policy: Resource, kind: str) -> bool:
    """True if a rule of the policy deletes all block blobs of a kind. The last access does not count: it may recur."""
    for index in range(len(policy.each("policy.rules[*]"))):
        rule = f"policy.rules[{index}]"
        deletion = policy.at(f"{rule}.definition.actions.{kind}.delete")
        has_age = isinstance(deletion, dict) and any(deletion.get(age) is not None for age in FIXED_AGES)
        if has_age and _applies_to_all(policy, rule):
            return True
    return False


def _applies_to_all(policy: Resource, rule: str) -> bool:
    filters = f"{rule}.definition.filters"
    return (
        policy.at(f"{rule}.enabled") in (MISSING, True)
        and policy.at(f"{filters}.prefixMatch") in (MISSING, [])
        and "blockBlob" in policy.each(f"{filters}.blobTypes[*]")
    )


def _check_deletion(policy: Resource, schedule: Schedule) -> Iterator[Violation]:
    """Require the estate's days in each deletion, by whatever age it counts; none where the estate has none."""
    wanted = schedule.delete_after_days
    for path, deletion in _deletions(policy):
        found = [deletion[age] for age in AGES if isinstance(deletion, dict) and deletion.get(age) is not None]
        if not found or any(not isinstance(day, int | float) for day in found):
            raise Unknown(path)
        if wanted is None:
            yield Violation(path, f"deletes after {min(found)} days; the estate's schedule deletes nothing here")
        elif any(day != wanted for day in found):
            yield Violation(path, f"deletes after {min(found)} days; the estate's schedule says {wanted}")


def _deletions(policy: Resource) -> list[tuple[str, Any]]:
    return [(f"{ACTIONS}.{kind}.delete", found) for kind in KINDS for found in policy.each(f"{ACTIONS}.{kind}.delete")]


def _check_immutability(
    container: Resource, account: Resource, schedule: Schedule, context: PolicyContext
) -> Iterator[Violation]:
    least = max(schedule.immutable_days or 0, schedule.least_days if schedule.must_be_immutable else 0)
    if not least:
        return
    days = [policy.at(PERIOD) for policy in context.children(CONTAINER_POLICY, container)]
    if not days and account.at(f"{ACCOUNT_IMMUTABILITY}.enabled") is True:
        days = [account.at(f"{ACCOUNT_IMMUTABILITY}.immutabilityPolicy.{PERIOD}")]
    known = [day for day in days if isinstance(day, int | float)]
    if not known or len(known) < len(days) or min(known) < least:
        found = f"for {min(known)} days" if known else "never"
        yield Violation(PERIOD, f"is set {found}; blobs here are immutable for at least {least} days")


POLICY = Policy(
    id="ST30",
    title="Blobs are kept and deleted as the estate's schedule says, and not less than their zone's least time",
    why="A shorter time destroys records that must be kept; a longer one keeps copies that nobody may hold any more.",
    resource_types=(ACCOUNT, CONTAINER, LIFECYCLE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.09", "3.1.14"),
        ncsc=("2",),
        caf=("B3.a", "B3.c", "E4.a"),
        iso27001=("5.33", "8.10"),
        five_safes=("data",),
    ),
    fix="Set tiers and immutable_days of the zone or request in the estate; the least times are in "
    "policies/expected/retention.py.",
    check=check,
    check_paths=(
        *(f"{ACTIONS}.{kind}.delete" for kind in KINDS),
        *(f"{LIFECYCLE}:{ACTIONS}.{kind}.delete" for kind in KINDS),
        *(f"{LIFECYCLE}:{path}" for path in SCOPE_OF_RULE),
        f"{CONTAINER_POLICY}:{PERIOD}",
        f"{ACCOUNT}:{ACCOUNT_IMMUTABILITY}",
    ),
    evaluation_scope="stack",
    needs_config=True,
)
