"""Every virtual machine's network interface has a network security group of its own (NW19)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.network import subnet_of
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import not_empty

INTERFACE = "network:NetworkInterface"
GROUP = "networkSecurityGroup.id"
INTERFACES = "networkProfile.networkInterfaceConfigurations"
INTERFACE_LISTS = {
    "compute:VirtualMachine": INTERFACES,
    "compute:VirtualMachineScaleSet": f"virtualMachineProfile.{INTERFACES}",
}
"""Paths of the interfaces that virtual machines create themselves."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a group other than the subnet's: one change to a shared group would open both."""
    if resource.type == INTERFACE:
        yield from _check_interface(resource, "", context)
    else:
        for entry in entries(resource, INTERFACE_LISTS[resource.type]):
            yield from _check_interface(resource, f"{entry}.", context)


def _check_interface(resource: Resource, prefix: str, context: PolicyContext) -> Iterator[Violation]:
    path = f"{prefix}{GROUP}"
    group_id = resource.at(path)
    if group_id is MISSING:
        yield Violation(path, "is not set, so only the subnet's group protects the machine")
        return
    if context.get(group_id) is None:
        yield Violation(path, "names a network security group that is not in this check, so its rules are unknown")
    for entry in entries(resource, f"{prefix}ipConfigurations"):
        subnet = subnet_of(resource.at(f"{entry}.subnet.id"), context)
        subnet_group_id = subnet.at(GROUP) if subnet is not None else MISSING
        if subnet_group_id is not MISSING and ids.plain(subnet_group_id) == ids.plain(group_id):
            yield Violation(path, "is the subnet's group too; one change would open both")


POLICY = Policy(
    id="NW19",
    title="Every virtual machine's network interface has a network security group of its own",
    why="With the subnet's group alone, one wrong rule opens every machine in it.",
    resource_types=(INTERFACE, *INTERFACE_LISTS),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("3", "11"),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Give the interface a network security group of its own stack, which allows only what the machine needs.",
    check=check,
    required_by_check=(not_empty(GROUP, only_on=INTERFACE),),
    check_paths=(
        "ipConfigurations[*].subnet.id",
        INTERFACES,
        f"virtualMachineProfile.{INTERFACES}",
        f"network:Subnet:{GROUP}",
    ),
    evaluation_scope="stack",
)
