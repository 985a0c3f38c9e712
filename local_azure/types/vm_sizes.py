"""Sizes of virtual machines, by Azure's grammar of their names, since the SDK's list is years old.

Facts: docs/azure-facts.md#virtual-machine-sizes. Regional availability and quotas are not modelled.
"""

from __future__ import annotations

import re

from local_azure.model import Request
from local_azure.types.common import refuse, value_at, values_at

FAMILIES = "A|B|D|DC|E|EB|EC|F|FX|G|GS|H|HB|HC|HX|L|M|NC|ND|NG|NP|NV"
CORES = "1|2|4|6|8|12|16|18|20|24|32|36|40|48|60|64|72|80|96|104|112|120|128|144|160|176|192|208|416|832"
FEATURES = "[abcdeilmprst]{0,5}"
"""a AMD, b block storage, d local disk, e Intel TDX, i isolated, l and m memory, p Arm, r RDMA, s premium, t tiny."""
SIZE_GRAMMAR = (rf"Standard_({FAMILIES})({CORES})(-({CORES}))?{FEATURES}(_[A-Z][A-Z0-9]*)?_v[1-9]",)

WITHOUT_ACCELERATED_NETWORKING = re.compile(r"(Basic|Standard)_(A\d\w*|B(1|2|4|8)[a-z]*|(D|DS|F)1s?(_v2)?)", re.I)
"""Family A, family B without a version and below 12 cores, and sizes with one core."""
WITHOUT_PREMIUM_DISKS = re.compile(r"(Basic_|Standard_(?![A-Z]+S\d))[A-Z]+\d+(-\d+)?(?![a-z]*s)[a-z]*(_\w+)?")
"""Sizes without `s`, as a feature or in the family's name such as DS2_v2."""


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
