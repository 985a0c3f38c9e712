"""Virtual machines have no run commands (VM8)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Refuse every one."""
    yield Violation("", "runs a command as root from outside; it must be removed")


POLICY = Policy(
    id="VM8",
    title="Virtual machines have no run commands",
    why="A run command needs no sign-in, leaves no trace in the guest, and returns its output to its caller.",
    on=("compute:VirtualMachineRunCommandByVirtualMachine", "compute:VirtualMachineScaleSetVMRunCommand"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.4.02", "3.1.12"), ncsc=("12",), iso27001=("8.9", "8.12"), five_safes=("settings",)
    ),
    fix="Remove the run command, and put what it did into the image.",
    check=check,
)
