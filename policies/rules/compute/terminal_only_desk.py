"""VM16: a desk gives a terminal and nothing else, from its first boot."""

from __future__ import annotations

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.terminal import BOOT, problems
from policies.model import MISSING, ComplianceControls, Policy, Severity

LINUX = "osProfile.linuxConfiguration"

POLICY = Policy(
    id="VM16",
    title="A desk gives a terminal and nothing else",
    why="A shell that runs a command from afar copies files too, by scp, sftp or a forwarded port: a way out that no "
    "airlock sees.",
    on=("compute:VirtualMachine",),
    reads=(BOOT, LINUX),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "3.1.04", "3.3.05"), ncsc=("3", "11"), iso27001=("8.12", "8.20"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set customData to first_boot() of infra/first_boot.py.",
    check=lambda computer, _: problems(computer),
    applies=lambda computer, context: computer.at(LINUX) is not MISSING and holds_records(computer, context),
)  # fmt: skip
