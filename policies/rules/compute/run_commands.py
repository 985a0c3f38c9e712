"""VM8: no command is run in a computer from outside."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """That it is there at all is what must not be."""
    yield Violation("", "runs a command as root from outside; it must not be")


POLICY = Policy(
    id="VM8",
    title="No run commands",
    why="A run command needs no sign-in inside, leaves no trace there, and hands its output to whoever asked.",
    on=("compute:VirtualMachineRunCommandByVirtualMachine", "compute:VirtualMachineScaleSetVMRunCommand"),
    reads=(),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.4.02", "3.1.12"), ncsc=("12",), iso27001=("8.9", "8.12"), five_safes=("settings",)
    ),
    fix="Remove the run command, and put what it did into the image.",
    check=check,
)
