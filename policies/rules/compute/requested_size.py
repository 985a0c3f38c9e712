"""Virtual machines have the size, the disks, the zone and the parts that a request or the estate states (VM22)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from formats.stack_config import TenancyConfig
from policies.azure_semantics.assigned_identities import ASSIGNED, assigned_identities
from policies.azure_semantics.properties import require
from policies.expected.staff import desk_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

MACHINE, DISK = "compute:VirtualMachine", "compute:Disk"
SIZE, SYSTEM_DISK, DATA_DISK, ZONES = (
    "hardwareProfile.vmSize",
    "storageProfile.osDisk.diskSizeGB",
    "diskSizeGB",
    "zones",
)
INTERFACE = "network:NetworkInterface"
INTERFACES, DATA_DISKS = "networkProfile.networkInterfaces[*].id", "storageProfile.dataDisks[*].managedDisk.id"
IDENTITY = "managedidentity:UserAssignedIdentity"
DATA = "-data"
"""Ends the logical name of a virtual machine's data disk."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare with the request, or with the estate's `staff`. Other stacks have no computers of their own."""
    name = resource.name if resource.type == MACHINE else resource.name.removesuffix(DATA)
    desk = desk_of(name, context.configs[resource.stack])
    if desk is None:
        yield Violation("", "is a virtual machine, or a disk of one, that neither a request nor the estate names")
        return
    if resource.type == MACHINE:
        yield from _check_parts(resource, context)
        yield from require(resource, SIZE, desk.size)
        yield from require(resource, SYSTEM_DISK, desk.os_disk_gib)
    else:
        yield from require(resource, DATA_DISK, desk.data_disk_gib)
    found, wanted = resource.at(ZONES), [str(desk.zone)] if desk.zone else []
    if ([] if found is MISSING else list(found)) != wanted:
        yield Violation(ZONES, f"is {found}; the request's is {', '.join(wanted) or 'not set'}")


def _check_parts(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the interface, the data disk and, for a desk, the identity of its own name: those of another one have
    that one's connections, files and rights."""
    parts_of: list[tuple[str, Iterable[object], str, str]] = [
        (INTERFACES, machine.each(INTERFACES), INTERFACE, machine.name),
        (DATA_DISKS, machine.each(DATA_DISKS), DISK, machine.name + DATA),
    ]
    if isinstance(context.configs[machine.stack], TenancyConfig):
        parts_of.append((ASSIGNED, assigned_identities(machine), IDENTITY, machine.name))
    for path, found, type_, name in parts_of:
        parts = [context.get(id_) for id_ in found]
        if [(part.type, part.name, part.stack) if part else None for part in parts] != [(type_, name, machine.stack)]:
            yield Violation(path, f"is not {name} alone")


POLICY = Policy(
    id="VM22",
    title="Virtual machines have the size, the disks, the zone and the parts that a request or the estate states",
    why="A larger computer costs more than was approved, and one of another kind may lack what the data needs.",
    resource_types=(MACHINE, DISK),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.3.04", "2.4.03"), ncsc=("5",), caf=("A3.a",), iso27001=("5.9",), five_safes=("projects",)
    ),
    fix="Take the values from `desks` or `staff` of the stack's configuration; change the request or the estate for "
    "others.",
    check=check,
    check_paths=(
        f"{MACHINE}:{SIZE}",
        f"{MACHINE}:{SYSTEM_DISK}",
        f"{DISK}:{DATA_DISK}",
        ZONES,
        f"{MACHINE}:{INTERFACES}",
        f"{MACHINE}:{DATA_DISKS}",
        f"{MACHINE}:{ASSIGNED}",
    ),
    evaluation_scope="stack",
    needs_config=True,
)
