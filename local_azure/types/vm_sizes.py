"""Sizes of virtual machines, by Azure's grammar of their names, since the SDK's list is years old.

Facts: docs/azure-facts.md#virtual-machine-sizes, #quotas-of-virtual-machines, #resizes-that-azure-refuses.
By default every size is available.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from formats.vm_size_names import has_local_disk
from local_azure.locations import normal_location
from local_azure.model import Json, Request, StoredResource
from local_azure.types.common import refuse, value_at, values_at

VM = "azure-native:compute:VirtualMachine"
FAMILIES = "A|B|D|DC|E|EB|EC|F|FX|G|GS|H|HB|HC|HX|L|M|NC|ND|NG|NP|NV"
CORES = "1|2|4|6|8|12|16|18|20|24|32|36|40|48|60|64|72|80|96|104|112|120|128|144|160|176|192|208|416|832"
FEATURES = "[abcdeilmprst]{0,5}"
"""a AMD, b block storage, d local disk, e Intel TDX, i isolated, l and m memory, p Arm, r RDMA, s premium, t tiny."""
SIZE_GRAMMAR = (rf"Standard_({FAMILIES})({CORES})(-({CORES}))?{FEATURES}(_[A-Z][A-Z0-9]*)?_v[1-9]",)

WITHOUT_ACCELERATED_NETWORKING = re.compile(r"(Basic|Standard)_(A\d\w*|B(1|2|4|8)[a-z]*|(D|DS|F)1s?(_v2)?)", re.I)
"""Family A, family B without a version and below 12 cores, and sizes with one core."""
WITHOUT_PREMIUM_DISKS = re.compile(r"(Basic_|Standard_(?![A-Z]+S\d))[A-Z]+\d+(-\d+)?(?![a-z]*s)[a-z]*(_\w+)?")
"""Sizes without `s`, as a feature or in the family's name such as DS2_v2."""


_SIZE = re.compile(r"Standard_([A-Z]+)(\d+)(?:-\d+)?([a-z]*)(?:_([A-Z][A-Za-z0-9]*))?(?:_v(\d+))?")
TOTAL_CORES = "cores"
"""Azure's usage of all families together."""


def cores_of(size: str) -> int:
    """Return the vCPUs of a size."""
    found = _SIZE.fullmatch(size)
    return int(found[2]) if found else 0


def family_of(size: str) -> str:
    """Return Azure's usage of the size's family, such as `standardDSv5Family` for `Standard_D4s_v5`."""
    found = _SIZE.fullmatch(size)
    letters, _, features, accelerator, version = found.groups() if found else ("", "", "", "", "")
    return f"standard{letters}{features.upper()}{accelerator or ''}{f'v{version}' if version else ''}Family"


def size_is_available(request: Request) -> None:
    """The subscription may use the size."""
    settings, size = request.cloud.settings(request.subscription), _size(request.new)
    if settings and settings.has("unavailable_sizes", size) and _size(request.old) != size:
        text = (
            f"The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: {size}' is "
            f"currently not available in location '{request.location}'. Please try another size or deploy to a "
            "different location or different zone."
        )
        refuse("SkuNotAvailable", text, status=409, target="hardwareProfile.vmSize")


def cores_are_within_quota(request: Request) -> None:
    """The vCPUs of all virtual machines in the region are within the quotas of the family and of the region."""
    settings, size = request.cloud.settings(request.subscription), _size(request.new)
    region = normal_location(request.location)
    if not settings or not settings.quotas.get(region):
        return
    others = [one for one in request.cloud.of_type(VM, request.subscription) if one.id.lower() != request.id.lower()]
    for usage in (family_of(size), TOTAL_CORES):
        limit, used = settings.quota(region, usage), cores_in_use(others, region, usage)
        if limit is not None and used + cores_of(size) > limit:
            name = "Total Regional" if usage == TOTAL_CORES else usage
            text = (
                f"Operation could not be completed as it results in exceeding approved {name} Cores quota. Additional "
                f"details - Deployment Model: Resource Manager, Location: {region}, Current Limit: {limit}, Current "
                f"Usage: {used}, Additional Required: {cores_of(size)}, (Minimum) New Limit Required: "
                f"{used + cores_of(size)}."
            )
            refuse("OperationNotAllowed", text, status=409)


def cores_in_use(machines: Iterable[StoredResource], region: str, usage: str) -> int:
    """Return the vCPUs that count for a usage in a region."""
    sizes = (_size(one.properties) for one in machines if normal_location(one.location) == region)
    return sum(cores_of(size) for size in sizes if usage.lower() in (TOTAL_CORES, family_of(size).lower()))


def _size(properties: Mapping[str, Json] | None) -> str:
    return str(value_at(properties or {}, "hardwareProfile.vmSize", ""))


def accelerated_networking_fits_size(request: Request) -> None:
    """Old sizes and sizes with one core have no accelerated networking."""
    size = str(value_at(request.new, "hardwareProfile.vmSize", ""))
    if not WITHOUT_ACCELERATED_NETWORKING.fullmatch(size):
        return
    for id_ in values_at(request.new, "networkProfile.networkInterfaces[*].id"):
        nic = request.cloud.get(str(id_))
        if nic and nic.properties.get("enableAcceleratedNetworking") is True:
            text = f"Size {size} of VM {request.name} does not support accelerated networking, which {id_} has."
            refuse("VMSizeIsNotPermittedToEnableAcceleratedNetworking", text, target=str(id_))


def premium_disks_fit_size(request: Request) -> None:
    """Sizes without `s` take no premium disks."""
    size = str(value_at(request.new, "hardwareProfile.vmSize", ""))
    kinds = values_at(request.new, "storageProfile.osDisk.managedDisk.storageAccountType")
    kinds += values_at(request.new, "storageProfile.dataDisks[*].managedDisk.storageAccountType")
    for id_ in values_at(request.new, "storageProfile.dataDisks[*].managedDisk.id"):
        disk = request.cloud.get(str(id_))
        kinds.append(value_at(disk.properties, "sku.name") if disk else None)
    found = next((kind for kind in kinds if str(kind).startswith("Premium")), None)
    if found and WITHOUT_PREMIUM_DISKS.fullmatch(size):
        text = (
            f"Requested operation cannot be performed because the VM size {size} does not support the storage account "
            f"type {found} of a disk of VM {request.name}."
        )
        refuse("InvalidParameter", text, target="hardwareProfile.vmSize")


def resize_keeps_the_kind_of_disk(request: Request) -> None:
    """Sizes with and without a temporary disk exclude each other (docs/azure-facts.md#resizes-that-azure-refuses)."""
    before, after = (str(value_at(values, "hardwareProfile.vmSize", "")) for values in (request.old, request.new))
    kinds = {has_local_disk(before), has_local_disk(after)}
    if request.old is not None and kinds == {True, False}:
        text = (
            f"Unable to resize the VM '{request.name}' since changing from resource disk to non-resource disk VM size "
            "and vice-versa is not allowed. Please refer to https://aka.ms/AAah4sj for more details."
        )
        refuse("OperationNotAllowed", text, status=409, target="hardwareProfile.vmSize")
