"""Steps between two valid states that Azure refuses: both are right, and Azure does not go from one to the other.

Policies judge a state, so most pass. These are found in the plan, from the inputs before and after, before anything
is changed. Facts: docs/azure-facts.md#resizes-that-azure-refuses, #growth-of-an-attached-disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.errors import Refused
from formats.plan import Operation, Plan, PlannedResource
from formats.property_paths import get, parse
from formats.vm_size_names import has_local_disk
from operations.cli.output import printable
from operations.cli.text import kind_of

SUBNET = "azure-native:network:Subnet"
MACHINE, DISK = "azure-native:compute:VirtualMachine", "azure-native:compute:Disk"
NETWORK_INTERFACE, PRIVATE_ENDPOINT = "azure-native:network:NetworkInterface", "azure-native:network:PrivateEndpoint"
SIZE, SYSTEM_DISK = "hardwareProfile.vmSize", "storageProfile.osDisk.diskSizeGB"
LARGEST_CACHED_GIB, FOUR_TIB_IN_GIB = 4095, 4096
ONLINE_AT_ANY_SIZE = ("PremiumV2_LRS", "UltraSSD_LRS")
REBUILD = "replace the virtual machine in the same change (rebuilds of the desk in its request, one higher), or undo it"


@dataclass(frozen=True)
class RefusedStep:
    """A change of one resource that Azure would refuse."""

    resource: PlannedResource
    reason: str
    fix: str

    def __str__(self) -> str:
        name = f"{kind_of(self.resource.type)} {printable(self.resource.name)}"
        return f"  - {name}: {self.reason}\n    fix: {self.fix}"


def refused_steps(plan: Plan) -> tuple[RefusedStep, ...]:
    """Return the steps of a plan that Azure would refuse."""
    updated = [r for r in plan.resources if r.operation is Operation.UPDATE]
    machines = [step for r in updated if r.type == MACHINE for step in _resizes(r)]
    disks = [step for r in updated if r.type == DISK for step in _disk_sizes(r, plan)]
    subnets = [step for r in updated if r.type == SUBNET for step in _moves(r, plan)]
    return (*machines, *disks, *subnets)


def refuse_refused_steps(stack: str, found: Sequence[RefusedStep]) -> None:
    """Raise `Refused` with the steps and what to do instead."""
    if found:
        listed = "\n".join(map(str, found))
        raise Refused(f"{stack}: Azure refuses these steps. Nothing was changed:\n{listed}")


def _resizes(machine: PlannedResource) -> Iterator[RefusedStep]:
    before, after = _values(machine, SIZE)
    local = has_local_disk(str(before)), has_local_disk(str(after))
    if None not in local and local[0] != local[1]:
        first, second = ("with", "without") if local[0] else ("without", "with")
        reason = (
            f"from {before} ({first} a temporary disk) to {after} ({second} one): Azure resizes no machine from "
            "one kind to the other"
        )
        yield RefusedStep(machine, reason, REBUILD)
    before, after = _values(machine, SYSTEM_DISK)
    if _is_number(before) and _is_number(after) and before != after:
        limit = "a disk never shrinks" if after < before else "a system disk does not grow while its machine runs"
        yield RefusedStep(machine, f"system disk from {before:g} to {after:g} GiB: {limit}", REBUILD)


def _disk_sizes(disk: PlannedResource, plan: Plan) -> Iterator[RefusedStep]:
    before, after = _values(disk, "diskSizeGB")
    if not (_is_number(before) and _is_number(after)) or before == after:
        return
    if after < before:
        yield RefusedStep(disk, f"from {before:g} to {after:g} GiB: a disk never shrinks",
                          f"set data_disk_gib back to {before:g}")  # fmt: skip
        return
    sku = get(disk.inputs, parse("sku.name"))
    machine, caching = _attached_to(disk, plan)
    crosses = before <= FOUR_TIB_IN_GIB < after and sku not in ONLINE_AT_ANY_SIZE
    cached = caching not in (None, "None") and after > LARGEST_CACHED_GIB
    if machine is not None and (crosses or cached):
        group, name = machine.inputs.get("resourceGroupName"), machine.inputs.get("vmName")
        fix = (
            f"az vm deallocate -g {group} -n {name}; az vm disk detach -g {group} --vm-name {name} "
            f"-n {disk.inputs.get('diskName')}; scripts/sde refresh {plan.stack}; then up, "
            "which attaches it again, and az vm start"
        )
        reason = f"from {before:g} to {after:g} GiB: an attached disk does not grow beyond 4 TiB"
        yield RefusedStep(disk, reason, printable(fix))


def _moves(subnet: PlannedResource, plan: Plan) -> Iterator[RefusedStep]:
    """Yield the step to another range of a subnet with addresses in use (error InUsePrefixCannotBeDeleted)."""
    before, after = _values(subnet, "addressPrefix")
    if before != after and subnet.id and _is_in_use(subnet.id.lower(), plan):
        fix = (
            f"restore allocations.yaml from version control, with the cell and slot that {plan.stack} was deployed with"
        )
        yield RefusedStep(subnet, f"from {before} to {after}: a subnet in use keeps its range", fix)


def _is_in_use(subnet: str, plan: Plan) -> bool:
    """Return True if a resource that exists has an address of a subnet."""
    users = [r for r in plan.resources if r.type in (NETWORK_INTERFACE, PRIVATE_ENDPOINT)]
    there = [r.old_inputs or r.inputs for r in users if r.operation is not Operation.CREATE]
    return any(subnet in str(inputs).lower() for inputs in there)


def _attached_to(disk: PlannedResource, plan: Plan) -> tuple[PlannedResource | None, str | None]:
    """Return the machine that has a disk before the plan, and the disk's host caching."""
    for machine in plan.resources:
        inputs = machine.old_inputs if machine.old_inputs is not None else machine.inputs
        if machine.type != MACHINE or machine.operation is Operation.CREATE:
            continue
        for entry in get(inputs, parse("storageProfile.dataDisks")) or ():
            id_ = get(entry, parse("managedDisk.id")) if isinstance(entry, Mapping) else None
            if disk.id and str(id_).lower() == disk.id.lower():
                return machine, entry.get("caching")
    return None, None


def _values(resource: PlannedResource, path: str) -> tuple[Any, Any]:
    return get(resource.old_inputs or {}, parse(path)), get(resource.inputs, parse(path))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
