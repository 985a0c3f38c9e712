"""Desks offer a terminal or a screen only, from their first boot (VM16)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import terminal, windows_desk
from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.terminal import CUSTOM_DATA
from policies.azure_semantics.windows_desk import EXTENSION_PATHS, WINDOWS, is_windows
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

LINUX = "osProfile.linuxConfiguration"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the restrictions of the SSH server, or on Windows those of remote desktop sessions."""
    yield from windows_desk.problems(machine, context) if is_windows(machine) else terminal.problems(machine)


POLICY = Policy(
    id="VM16",
    title="Desks offer a terminal or a screen only, from their first boot",
    why="A shell that runs remote commands also copies files, by scp, sftp or a forwarded port, and bypasses the "
    "airlock. A remote desktop session redirects the clipboard, drives and printers.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.01", "2.1.14", "3.1.05", "3.1.12"),
        ncsc=("3", "11"),
        caf=("B3.d", "B4.a"),
        cyber_essentials=("2.3",),
        iso27001=("8.12", "8.20"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set customData to first_boot() of infra/first_boot.py; for Windows to windows_first_boot() of "
    "infra/windows_first_boot.py, with the extension that runs it.",
    check=check,
    check_paths=(CUSTOM_DATA, LINUX, WINDOWS, "vmName", *EXTENSION_PATHS),
    applies=lambda machine, context: (
        any(machine.at(one) is not MISSING for one in (LINUX, WINDOWS)) and holds_records(machine, context)
    ),
    evaluation_scope="stack",
)
