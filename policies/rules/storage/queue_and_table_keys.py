"""ST11: queues and tables are encrypted with the account's key."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def applies(account: Resource, context: PolicyContext) -> bool:
    """Only general accounts have queues and tables."""
    return holds_records(account, context) and not any(
        same(account.at("kind"), kind) for kind in ("FileStorage", "BlockBlobStorage", "BlobStorage")
    )


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """The account's own key covers blobs and files alone unless this is said, at creation only."""
    for service in ("queue", "table"):
        yield from must(account, f"encryption.services.{service}.keyType", "Account", default="Service")


POLICY = Policy(
    id="ST11",
    title="Queues and tables are encrypted with the account's own key, as blobs and files are",
    why="Naming a key for the account leaves its queues and tables with Microsoft's, unless they are told otherwise "
    "when the account is made.",
    on=("storage:StorageAccount",),
    reads=("kind", "encryption.services.queue.keyType", "encryption.services.table.keyType"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), iso27001=("8.24",)),
    fix="Set encryption.services.queue.keyType and table.keyType to Account; an account that exists must be made anew.",
    check=check,
    applies=applies,
)
