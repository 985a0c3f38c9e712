"""Desks have the size, the disks and the zone that the request states (VM22)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import TenancyConfig
from policies.azure_semantics.properties import require
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

MACHINE, DISK = "compute:VirtualMachine", "compute:Disk"
SIZE, SYSTEM_DISK, DATA_DISK, ZONES = (
    "hardwareProfile.vmSize",
    "storageProfile.osDisk.diskSizeGB",
    "diskSizeGB",
    "zones",
)


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare with the request. Stacks without one have no computers of their own."""
    config = context.configs[resource.stack]
    if not isinstance(config, TenancyConfig):
        yield Violation("", "is in a stack without a request for a desk")
        return
    desk = config.desk
    if resource.type == MACHINE:
        yield from require(resource, SIZE, desk.size)
        yield from require(resource, SYSTEM_DISK, desk.os_disk_gib)
    else:
        yield from require(resource, DATA_DISK, desk.data_disk_gib)
    found, wanted = resource.at(ZONES), [str(desk.zone)] if desk.zone else []
    if ([] if found is MISSING else list(found)) != wanted:
        yield Violation(ZONES, f"is {found}; the request's is {', '.join(wanted) or 'not set'}")


POLICY = Policy(
    id="VM22",
    title="Desks have the size, the disks and the zone that the request states",
    why="A larger computer costs more than was approved, and one of another kind may lack what the data needs.",
    resource_types=(MACHINE, DISK),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("1.4.06", "3.1.03"), ncsc=("5",), iso27001=("5.9",), five_safes=("projects",)),
    fix="Take the values from `desk` of the stack's configuration; change the request for others.",
    check=check,
    check_paths=(f"{MACHINE}:{SIZE}", f"{MACHINE}:{SYSTEM_DISK}", f"{DISK}:{DATA_DISK}", ZONES),
    needs_config=True,
)
