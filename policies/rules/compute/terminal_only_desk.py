"""Desks offer a terminal only, from their first boot (VM16)."""

from __future__ import annotations

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.terminal import CUSTOM_DATA, problems
from policies.model import MISSING, ComplianceControls, Policy, Severity

LINUX = "osProfile.linuxConfiguration"


POLICY = Policy(
    id="VM16",
    title="Desks offer a terminal only, from their first boot",
    why="A shell that runs remote commands also copies files, by scp, sftp or a forwarded port, and bypasses the "
    "airlock.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "3.1.04", "3.3.05"),
        ncsc=("3", "11"),
        iso27001=("8.12", "8.20"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set customData to first_boot() of infra/first_boot.py.",
    check=lambda machine, _: problems(machine),
    check_paths=(CUSTOM_DATA, LINUX),
    applies=lambda machine, context: machine.at(LINUX) is not MISSING and holds_records(machine, context),
)
