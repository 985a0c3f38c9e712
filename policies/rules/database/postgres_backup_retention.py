"""PG4: a Postgres server can be brought back to any moment of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import at_least, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PATH = "backup.backupRetentionDays"
LEAST_DAYS = {DataClass.SYNTHETIC: 7, DataClass.DE_IDENTIFIED: 14, DataClass.IDENTIFIABLE: 35}


def applies(server: Resource, _: PolicyContext) -> bool:
    """A replica is backed up by its source."""
    return not same(server.at("createMode"), "Replica")


def check(server: Resource, context: PolicyContext) -> Iterator[Violation]:
    """35 days is the most that Azure offers."""
    yield from at_least(server, PATH, LEAST_DAYS[context.data_class(server)], "days", default="7")


POLICY = Policy(
    id="PG4",
    title="Postgres servers keep backups for the time that their data class asks",
    why="Damage to a database is often noticed weeks after it was done.",
    on=("dbforpostgresql:Server",),
    reads=(PATH, "createMode"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.6.01",), ncsc=("2",), iso27001=("8.13",)),
    fix="Set backup.backupRetentionDays to 35 (14 where data is de-identified, 7 where it is synthetic).",
    check=check,
    applies=applies,
)
