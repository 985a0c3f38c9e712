"""Storage accounts encrypt data twice, with two keys (ST7)."""

from __future__ import annotations

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="ST7",
    title="Storage accounts encrypt data twice, with two keys",
    why="If one of the two algorithms, implementations or keys fails, the other still protects the data.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01",), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set encryption.requireInfrastructureEncryption to true. Azure accepts this at creation only, so an "
    "existing account must be replaced.",
    requires=(equals("encryption.requireInfrastructureEncryption", True, default="false"),),
    applies=holds_records,
)
