"""Storage accounts have no object replication and no data share (ST19)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Refuse every one."""
    yield Violation("", "copies every blob to another account; data moves through the airlock only")


POLICY = Policy(
    id="ST19",
    title="Storage accounts have no object replication and no data share",
    why="Replication copies each new blob to another account with no review, so it bypasses the airlock.",
    resource_types=("storage:ObjectReplicationPolicy", "storage:DataShare", "storage:Connector"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.04", "3.1.05", "3.1.06", "3.1.12"),
        ncsc=("3",),
        caf=("B3.c",),
        iso27001=("5.14", "8.12"),
        five_safes=("outputs",),
    ),
    fix="Remove it. Redundancy is the account's own sku; data moves between zones when a steward releases it.",
    check=check,
)
