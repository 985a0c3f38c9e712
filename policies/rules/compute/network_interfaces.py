"""Virtual machines are connected to networks of the estate only (VM15)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import shown
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

INTERFACES = "networkProfile.networkInterfaces"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that each interface is a resource of the same check, so that its subnet and rules are checked too."""
    for index in range(len(machine.each(f"{INTERFACES}[*]"))):
        path = f"{INTERFACES}[{index}].id"
        interface = context.get(machine.at(path))
        if interface is None or interface.type != "network:NetworkInterface":
            yield Violation(path, f"is {shown(machine.at(path))}, which is not a network interface of the estate")


POLICY = Policy(
    id="VM15",
    title="Virtual machines are connected to networks of the estate only",
    why="A second network interface can connect two networks past the firewall.",
    on=("compute:VirtualMachine",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.1.14", "2.2.09", "2.2.10"), ncsc=("3", "11"), iso27001=("8.22",)),
    fix="Use only interfaces that are declared with the virtual machine.",
    check=check,
    reads=(f"{INTERFACES}[*].id",),
    scope="stack",
)
