"""Virtual machines have no managed run commands (VM8)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Report every run command."""
    yield Violation(
        "", "runs a script in the virtual machine through the Azure API, by default as root; it must be removed"
    )


POLICY = Policy(
    id="VM8",
    title="Virtual machines have no managed run commands",
    why="A run command bypasses the sign-in to the guest, and returns its output past all network controls.",
    resource_types=("compute:VirtualMachineRunCommandByVirtualMachine", "compute:VirtualMachineScaleSetVMRunCommand"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.4.02", "3.1.12"), ncsc=("12",), caf=("B4.c",), iso27001=("8.9", "8.12"), five_safes=("settings",)
    ),
    fix="Remove the run command, and make its change in the image.",
    check=check,
)
