"""Queues and tables are encrypted with the account's encryption key, like blobs and files (ST11)."""

from __future__ import annotations

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity
from policies.requirements import equals


def applies(account: Resource, context: PolicyContext) -> bool:
    """Return True for an account with data from people's records that can have queues and tables (general-purpose)."""
    return holds_records(account, context) and not any(
        same(account.at("kind"), kind) for kind in ("FileStorage", "BlockBlobStorage", "BlobStorage")
    )


POLICY = Policy(
    id="ST11",
    title="Queues and tables are encrypted with the account's encryption key, like blobs and files",
    why="The account's encryption key is used for queues and tables only if this is set when the account is "
    "created; otherwise Microsoft's key is used.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set encryption.services.queue.keyType and table.keyType to Account. An existing account must be replaced.",
    requires=tuple(
        equals(f"encryption.services.{service}.keyType", "Account", default="Service") for service in ("queue", "table")
    ),
    check_paths=("kind",),
    applies=applies,
)
