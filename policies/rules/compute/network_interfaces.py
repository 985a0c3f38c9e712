"""VM15: a computer stands in no network that nobody judged."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import shown
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

INTERFACES = "networkProfile.networkInterfaces"


def check(computer: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Each interface is a resource that is judged here, and so are its subnet, rules and routes."""
    for index in range(len(computer.each(f"{INTERFACES}[*]"))):
        path = f"{INTERFACES}[{index}].id"
        interface = context.get(computer.at(path))
        if interface is None or interface.type != "network:NetworkInterface":
            yield Violation(path, f"is {shown(computer.at(path))}, which is no interface that is judged here")


POLICY = Policy(
    id="VM15",
    title="Computers stand only in networks of the estate's own",
    why="A computer with one more interface joins two networks, past the firewall and all that keeps them apart.",
    on=("compute:VirtualMachine",),
    reads=(f"{INTERFACES}[*].id",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.1.14", "2.2.09", "2.2.10"), ncsc=("3", "11"), iso27001=("8.22",)),
    fix="Name only interfaces that are declared with the computer.",
    check=check,
    scope="stack",
)
