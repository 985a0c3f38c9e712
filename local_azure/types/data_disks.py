"""The disks of virtual machines: their LUNs, zones, sizes and host caching.

Facts: docs/azure-facts.md#virtual-machines, #host-caching, #growth-of-an-attached-disk, #resizes-that-azure-refuses.
"""

from __future__ import annotations

from local_azure.model import Request
from local_azure.types.common import refuse, same, value_at, values_at

VM = "azure-native:compute:VirtualMachine"
HOST_CACHING = ("ReadOnly", "ReadWrite")
LARGEST_CACHED_DISK_GIB = 4095
FOUR_TIB_IN_GIB = 4096
RESIZED_ONLINE_AT_ANY_SIZE = ("PremiumV2_LRS", "UltraSSD_LRS")


def luns_are_unique(request: Request) -> None:
    luns = values_at(request.new, "storageProfile.dataDisks[*].lun")
    if len(luns) != len(set(luns)) or any(not 0 <= lun <= 63 for lun in luns):
        refuse("InvalidParameter", f"The luns {luns} of the data disks must be unique, 0 to 63.", target="dataDisk.lun")


def data_disks_are_free_and_in_zone(request: Request) -> None:
    for disk in values_at(request.new, "storageProfile.dataDisks[*].managedDisk.id"):
        stored = request.cloud.get(str(disk))
        if stored and [*(stored.properties.get("zones") or ())] != [*(request.new.get("zones") or ())]:
            text = f"Disk {disk} and virtual machine {request.name} are not in the same availability zone."
            refuse("BadRequest", text, target=disk)
        for user in request.cloud.referencing(str(disk)):
            if user.token == VM and not same(user.id, request.id):
                refuse(
                    "AttachDiskWhileBeingDetached",
                    f"Disk '{disk}' is attached to VM {user.id}.",
                    status=409,
                    target=disk,
                )


def large_disks_are_not_cached(request: Request) -> None:
    """The size is that of the attached disk, or of the entry (docs/azure-facts.md#host-caching)."""
    for entry in values_at(request.new, "storageProfile.dataDisks[*]"):
        stored = request.cloud.get(str(value_at(entry, "managedDisk.id", "")))
        size = value_at(stored.properties, "diskSizeGB") if stored else entry.get("diskSizeGB")
        if entry.get("caching") in HOST_CACHING and (size or 0) > LARGEST_CACHED_DISK_GIB:
            limit = f"{LARGEST_CACHED_DISK_GIB} GB"
            text = f"Only Disk CachingType 'None' is supported for disk with size greater than {limit}"
            refuse("InvalidParameter", text, target="dataDisk.caching")


def attached_disk_stays_below_4_tib(request: Request) -> None:
    """An attached disk cannot grow beyond 4 TiB, nor past the largest size with host caching."""
    before, after = value_at(request.old, "diskSizeGB", 0), request.new.get("diskSizeGB") or 0
    if not before or after <= before or value_at(request.new, "sku.name") in RESIZED_ONLINE_AT_ANY_SIZE:
        return
    for machine in request.cloud.referencing(request.id):
        for entry in values_at(machine.properties, "storageProfile.dataDisks[*]"):
            if not same(str(value_at(entry, "managedDisk.id", "")), request.id):
                continue
            cached = entry.get("caching") in HOST_CACHING and after > LARGEST_CACHED_DISK_GIB
            if cached or before <= FOUR_TIB_IN_GIB < after:
                text = (
                    f"Disk {request.name} of {before:g} GB cannot be resized to {after:g} GB while it is attached to "
                    f"VM {machine.id}. Deallocate the VM and detach the disk."
                )
                refuse("OperationNotAllowed", text, status=409, target="diskSizeGB")


def system_disk_keeps_its_size(request: Request) -> None:
    """A disk never shrinks, and a system disk grows only while its machine is stopped: here every machine runs."""
    path = "storageProfile.osDisk.diskSizeGB"
    before, after = value_at(request.old, path), value_at(request.new, path)
    if before is None or after is None or before == after:
        return
    name = value_at(request.old, "storageProfile.osDisk.name")
    if after < before:
        text = f"The disk resource {name} cannot be resized down from {before:g} GB to {after:g} GB."
        refuse("ResizeDiskError", text, status=409, target="osDisk.diskSizeGB")
    text = f"Change in disk property of OS disk '{name}' is not allowed when VM is running."
    refuse("OperationNotAllowed", text, status=409, target="osDisk.diskSizeGB")
