"""Boot diagnostics are stored by Azure, not in a storage account of the estate (VM9)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import empty
from policies.rule_helpers.virtual_machines import MACHINES, for_all_machine_types

PATH = "diagnosticsProfile.bootDiagnostics.storageUri"


POLICY = Policy(
    id="VM9",
    title="Boot diagnostics are stored by Azure, not in a storage account of the estate",
    why="A storage account for them needs its shared key and public network access, and its readers see screenshots.",
    resource_types=MACHINES,
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("3.2.03",), ncsc=("10", "11"), caf=("B4.b",), iso27001=("8.12",)),
    fix="Enable boot diagnostics without a storageUri.",
    requires=for_all_machine_types(
        empty(PATH, "screenshots would be kept in a storage account, which is opened with its key")
    ),
)
