"""Lifecycle rules delete nothing from an archive before the time that its data class requires (ST22)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.rule_helpers.storage_accounts import ARCHIVE, ARCHIVE_DAYS, account_of

ACTIONS = "policy.rules[*].definition.actions"
AGES = ("daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan", "daysAfterLastAccessTimeGreaterThan")
KINDS = ("baseBlob", "version", "snapshot")


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
    for kind in KINDS:
        path = f"{ACTIONS}.{kind}.delete"
        for deletion in policy.each(path):
            days = [deletion[age] for age in AGES if isinstance(deletion, dict) and deletion.get(age) is not None]
            if not days or any(not isinstance(day, int | float) for day in days):
                raise Unknown(path)
            if min(days) < min_days:
                yield Violation(path, f"deletes after {min(days)} days; an archive keeps blobs for at least {min_days}")


POLICY = Policy(
    id="ST22",
    title="Lifecycle rules delete nothing from an archive before the time that its data class requires",
    why="A rule that deletes early empties an archive unnoticed, as soon as its immutability ends or where it "
    "was never set.",
    resource_types=("storage:ManagementPolicy",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("3.1.09", "3.1.14"), ncsc=("2",), iso27001=("5.33",), five_safes=("data",)),
    fix="Delete from an archive after at least 365 days (180 where data is de-identified), or never.",
    check=check,
    check_paths=(
        *(f"{ACTIONS}.{kind}.delete.{age}" for kind in KINDS for age in AGES),
        "storage:StorageAccount:accountName",
    ),
    applies=applies,
    evaluation_scope="stack",
)
