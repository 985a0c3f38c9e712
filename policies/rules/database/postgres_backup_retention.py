"""PostgreSQL servers keep backups for the time that their data class requires (PG4)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import require_at_least, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PATH = "backup.backupRetentionDays"
MIN_DAYS = {DataClass.SYNTHETIC: 7, DataClass.DE_IDENTIFIED: 14, DataClass.IDENTIFIABLE: 35}


def applies(server: Resource, _: PolicyContext) -> bool:
    """Only servers that are no replicas: the source has the backups."""
    return not same(server.at("createMode"), "Replica")


def check(server: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the days of the data class. 35 is Azure's maximum."""
    yield from require_at_least(server, PATH, MIN_DAYS[context.data_class(server)], "days", default="7")


POLICY = Policy(
    id="PG4",
    title="PostgreSQL servers keep backups for the time that their data class requires",
    why="Damage to a database is often noticed weeks later.",
    resource_types=("dbforpostgresql:Server",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.6.01",), ncsc=("2",), caf=("B5.c",), iso27001=("8.13",)),
    fix="Set backup.backupRetentionDays to 35 (14 for de-identified data, 7 for synthetic data).",
    check=check,
    check_paths=(PATH, "createMode"),
    applies=applies,
)
