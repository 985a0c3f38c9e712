"""ST7: what a storage account holds is encrypted twice."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """It can be asked for at creation only."""
    yield from must(account, "encryption.requireInfrastructureEncryption", True, default="false")


POLICY = Policy(
    id="ST7",
    title="Storage accounts encrypt twice, with two keys",
    why="Should one of the two algorithms, implementations or keys fail, the other still keeps the data.",
    on=("storage:StorageAccount",),
    reads=("encryption.requireInfrastructureEncryption",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01",), ncsc=("2",), iso27001=("8.24",)),
    fix="Set encryption.requireInfrastructureEncryption to true; an account that exists must be made anew for it.",
    check=check,
    applies=holds_records,
)
