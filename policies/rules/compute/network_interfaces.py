"""Virtual machines use network interfaces of their own stack only (VM15)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import subnet_of
from policies.azure_semantics.properties import display
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

INLINE = "networkProfile.networkInterfaceConfigurations"
INTERFACES_PATH = "networkProfile.networkInterfaces"
INTERFACE, SUBNET = "network:NetworkInterface", "ipConfigurations[*].subnet.id"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require each interface to be among the checked resources, so that its subnet and NSG rules are checked too. One
    that is created with the machine is no resource of its own."""
    if machine.each(f"{INLINE}[*]"):
        yield Violation(INLINE, "creates interfaces with the machine; declare them as resources, which are checked")
    for index in range(len(machine.each(f"{INTERFACES_PATH}[*]"))):
        path = f"{INTERFACES_PATH}[{index}].id"
        interface = context.get(machine.at(path))
        if interface is None or interface.type != INTERFACE or interface.stack != machine.stack:
            yield Violation(path, f"is {display(machine.at(path))}, which is no network interface of this stack")
            continue
        for id_ in interface.each(SUBNET):
            subnet = subnet_of(id_, context)  # TY3 refuses one that is not in the estate
            if subnet is not None and subnet.resource.stack != machine.stack:
                yield Violation(path, f"is in the subnet {display(id_)}, which is not in this stack")


POLICY = Policy(
    id="VM15",
    title="Virtual machines use network interfaces of their own stack only",
    why="A second network interface can let traffic between two networks bypass the firewall.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.10"), ncsc=("3", "11"), caf=("B4.a",), iso27001=("8.22",)
    ),
    fix="Use only interfaces that are declared with the virtual machine.",
    check=check,
    check_paths=(f"{INTERFACES_PATH}[*].id", INLINE, f"{INTERFACE}:{SUBNET}"),
    evaluation_scope="stack",
)
