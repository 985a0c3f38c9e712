"""VM12: no computer brings a public address with it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import COMPUTERS, everywhere, inner

INTERFACES = "networkProfile.networkInterfaceConfigurations[*]"
PUBLIC = f"{INTERFACES}.ipConfigurations[*].publicIPAddressConfiguration"
FORWARDS = f"{INTERFACES}.enableIPForwarding"


def check(computer: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Interfaces that are made with the computer are no resources of their own, so no other rule sees them."""
    if computer.each(inner(computer, PUBLIC)):
        yield Violation(inner(computer, PUBLIC), "gives the computer an address on the Internet; it must not be")
    if any(found is not False for found in computer.each(inner(computer, FORWARDS))):
        yield Violation(inner(computer, FORWARDS), "lets the computer pass on others' traffic; it must be false")


POLICY = Policy(
    id="VM12",
    title="No computer is made with a public address or passes on others' traffic",
    why="An interface written inside a computer escapes every rule on interfaces and addresses.",
    on=COMPUTERS,
    reads=everywhere(PUBLIC, FORWARDS),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.2.09", "2.2.11"), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Remove publicIPAddressConfiguration; computers are reached through Bastion and leave through the firewall.",
    check=check,
)
