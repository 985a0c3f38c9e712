"""Virtual machines are not created with a public address or IP forwarding (VM12)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import MACHINES, for_vm_and_scale_set, profile_path

INTERFACES = "networkProfile.networkInterfaceConfigurations[*]"
PUBLIC = f"{INTERFACES}.ipConfigurations[*].publicIPAddressConfiguration"
FORWARDS = f"{INTERFACES}.enableIPForwarding"


def check(machine: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Check the interfaces that are created with the machine."""
    if machine.each(profile_path(machine, PUBLIC)):
        yield Violation(profile_path(machine, PUBLIC), "gives the machine a public address; it must not be set")
    if any(found is not False for found in machine.each(profile_path(machine, FORWARDS))):
        yield Violation(profile_path(machine, FORWARDS), "lets the machine forward traffic; it must be false")


POLICY = Policy(
    id="VM12",
    title="Virtual machines are not created with a public address or IP forwarding",
    why="An interface that is part of a virtual machine is no resource of its own, so the rules on interfaces "
    "and addresses do not see it.",
    resource_types=MACHINES,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Remove publicIPAddressConfiguration; people connect through Bastion, and traffic leaves through the firewall.",
    check=check,
    check_paths=for_vm_and_scale_set(PUBLIC, FORWARDS),
)
