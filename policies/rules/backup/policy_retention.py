"""Backup policies keep copies in the vault for the time that their data class requires (BK4)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import display, entries, require
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals
from policies.rule_helpers.durations import iso_days

BACKUP, RECOVERY = "dataprotection:BackupPolicy", "recoveryservices:ProtectionPolicy"
MIN_DAYS = {DataClass.SYNTHETIC: 7, DataClass.DE_IDENTIFIED: 14, DataClass.IDENTIFIABLE: 35}
"""The same as of PostgreSQL's own backups (PG4)."""
RULES, LIFECYCLES = "properties.policyRules", "lifecycles"
RETENTION_RULE, BACKUP_RULE = "AzureRetentionRule", "AzureBackupRule"
IN_VAULT = ("VaultStore", "ArchiveStore")
RETENTION = "properties.retentionPolicy"
SCHEDULES = ("dailySchedule", "weeklySchedule", "monthlySchedule", "yearlySchedule")
DAYS_OF = {"days": 1, "weeks": 7, "months": 30, "years": 365}
MAX_GAP_DAYS = 7


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check the retention of each rule or schedule."""
    min_days = MIN_DAYS[context.data_class(policy)]
    yield from (_backup(policy, min_days) if policy.type == BACKUP else _recovery(policy, min_days))


def _backup(policy: Resource, min_days: int) -> Iterator[Violation]:
    """Require a retention in the vault, of the least time, and backups each week or continuously."""
    retentions = 0
    for rule in entries(policy, RULES):
        kind = policy.at(f"{rule}.objectType")
        if kind == RETENTION_RULE:
            retentions += 1
            yield from _lifecycles(policy, rule, min_days)
        elif kind == BACKUP_RULE:
            yield from _schedule(policy, rule)
        else:
            yield Violation(f"{rule}.objectType", f"is {display(kind)}; it must be {BACKUP_RULE} or {RETENTION_RULE}")
    if not retentions:
        yield Violation(RULES, "has no retention rule, so nothing is kept")


def _lifecycles(policy: Resource, rule: str, min_days: int) -> Iterator[Violation]:
    lifecycles = entries(policy, f"{rule}.{LIFECYCLES}")
    if not lifecycles:
        yield Violation(f"{rule}.{LIFECYCLES}", "has no entry, so nothing is kept")
    for one in lifecycles:
        yield from require(policy, f"{one}.sourceDataStore.dataStoreType", *IN_VAULT)
        yield from require(policy, f"{one}.deleteAfter.objectType", "AbsoluteDeleteOption")
        found = policy.at(f"{one}.deleteAfter.duration")
        if (iso_days(found) or 0) < min_days:
            yield Violation(f"{one}.deleteAfter.duration", f"is {display(found)}; it must be at least P{min_days}D")
        for copy in entries(policy, f"{one}.targetDataStoreCopySettings"):
            yield from require(policy, f"{copy}.dataStore.dataStoreType", *IN_VAULT)


def _schedule(policy: Resource, rule: str) -> Iterator[Violation]:
    yield from require(policy, f"{rule}.dataStore.dataStoreType", *IN_VAULT)
    yield from require(policy, f"{rule}.trigger.objectType", "ScheduleBasedTriggerContext")
    times = f"{rule}.trigger.schedule.repeatingTimeIntervals"
    if not entries(policy, times):
        yield Violation(times, "has no entry, so nothing is backed up")
    for time in entries(policy, times):
        gap = iso_days(str(policy.at(time)).rpartition("/")[2])
        if gap is None or gap > MAX_GAP_DAYS:
            yield Violation(time, f"is {display(policy.at(time))}; it must repeat at least every P{MAX_GAP_DAYS}D")


def _recovery(policy: Resource, min_days: int) -> Iterator[Violation]:
    """Require a long-term retention with at least one schedule, each of the least time."""
    yield from require(policy, f"{RETENTION}.retentionPolicyType", "LongTermRetentionPolicy")
    schedules = [one for one in SCHEDULES if policy.at(f"{RETENTION}.{one}") is not MISSING]
    if not schedules:
        yield Violation(RETENTION, "has no schedule, so nothing is kept")
    for schedule in schedules:
        path = f"{RETENTION}.{schedule}.retentionDuration"
        count, unit = policy.at(f"{path}.count"), policy.at(f"{path}.durationType")
        days = count * DAYS_OF.get(str(unit).lower(), 0) if isinstance(count, int) else 0
        if days < min_days:
            yield Violation(path, f"is {display(count)} {display(unit)}; it must be at least {min_days} days")
    yield from require(policy, "properties.schedulePolicy.scheduleRunFrequency", "Daily", "Hourly", "Weekly")


POLICY = Policy(
    id="BK4",
    title="Backup policies keep copies in the vault for the time that their data class requires",
    why="Damage is often noticed weeks later, and only copies in the vault are immutable: the operational store is in "
    "the account or resource group that an attacker holds (Azure Backup, Backup vault overview).",
    resource_types=(BACKUP, RECOVERY),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.6.01", "2.6.03"),
        ncsc=("2",),
        caf=("B5.c",),
        iso27001=("8.13",),
        five_safes=("data",),
    ),
    fix="Keep each backup in VaultStore or ArchiveStore for 35 days or more (14 for de-identified data, 7 for "
    "synthetic data), back up at least every week, and leave out resourceGuardOperationRequests.",
    requires=(
        equals("properties.backupManagementType", "AzureIaasVM", only_on=RECOVERY),
        empty("properties.resourceGuardOperationRequests", "a program must not lift the resource guard",
              only_on=RECOVERY),
    ),
    check=check,
    check_paths=(
        f"{RULES}[*].objectType",
        f"{RULES}[*].{LIFECYCLES}[*].sourceDataStore.dataStoreType",
        f"{RULES}[*].{LIFECYCLES}[*].deleteAfter.objectType",
        f"{RULES}[*].{LIFECYCLES}[*].deleteAfter.duration",
        f"{RULES}[*].{LIFECYCLES}[*].targetDataStoreCopySettings[*].dataStore.dataStoreType",
        f"{RULES}[*].dataStore.dataStoreType",
        f"{RULES}[*].trigger.objectType",
        f"{RULES}[*].trigger.schedule.repeatingTimeIntervals",
        f"{RETENTION}.retentionPolicyType",
        *(f"{RETENTION}.{one}.retentionDuration.{part}" for one in SCHEDULES for part in ("count", "durationType")),
        "properties.schedulePolicy.scheduleRunFrequency",
    ),
)  # fmt: skip
