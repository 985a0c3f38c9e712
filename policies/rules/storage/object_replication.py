"""ST19: nothing is replicated out of a store behind the airlock's back."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """That it is there at all is what must not be."""
    yield Violation("", "copies every blob to another account by itself; data moves through the airlock only")


POLICY = Policy(
    id="ST19",
    title="No object replication or data share between accounts",
    why="Replication carries each new blob to another account with nobody looking: the opposite of an airlock.",
    on=("storage:ObjectReplicationPolicy", "storage:DataShare", "storage:Connector"),
    reads=(),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.04", "3.1.05", "3.1.06", "3.1.12"), ncsc=("3",), iso27001=("5.14", "8.12"), five_safes=("outputs",)
    ),
    fix="Remove it. Redundancy is the account's own sku; movement between zones is a release by a steward.",
    check=check,
)
