"""Lifecycle rules delete nothing from an archive before the time that its data class requires (ST22)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.lifecycle_rules import ACTIONS, AGES, KINDS, days_until_deletion
from policies.rule_helpers.storage_accounts import ARCHIVE, ARCHIVE_DAYS, account_of


def applies(policy: Resource, context: PolicyContext) -> bool:
    """Return True if the account is an archive by its name."""
    if not holds_records(policy, context):
        return False
    account = account_of(policy, context)
    names = (account.name, account.at("accountName")) if account else (policy.at("accountName"),)
    return any(ARCHIVE.search(str(name)) for name in names if name is not MISSING)


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse deletions before the minimum age of an archive's blobs."""
    min_days = ARCHIVE_DAYS[context.data_class(policy)]
    for index in range(len(policy.each("policy.rules[*]"))):
        rule = f"policy.rules[{index}]"
        days = days_until_deletion(policy, rule)
        if days is not None and days < min_days:
            yield Violation(rule, f"deletes after {days:g} days; an archive keeps blobs for at least {min_days}")


POLICY = Policy(
    id="ST22",
    title="Lifecycle rules delete nothing from an archive before the time that its data class requires",
    why="A rule that deletes early empties an archive unnoticed, as soon as its immutability ends or where it "
    "was never set.",
    resource_types=("storage:ManagementPolicy",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("3.1.09", "3.1.14"), ncsc=("2",), caf=("B3.c", "E4.a"), iso27001=("5.33",), five_safes=("data",)
    ),
    fix="Delete from an archive after at least 365 days (180 where data is de-identified), or never.",
    check=check,
    check_paths=(
        *(f"{ACTIONS}.{kind}.delete.{age}" for kind in KINDS for age in AGES),
        "storage:StorageAccount:accountName",
    ),
    applies=applies,
    evaluation_scope="stack",
)
