"""Sizes of virtual machines, by Azure's own grammar for their names: the SDK's list of them ended years ago.

Source: learn.microsoft.com, "Azure VM sizes naming conventions": family, sub-family, vCPUs, constrained vCPUs, additive
features, accelerator, version. Which of them a region offers, and whether the quota reaches, is not known here.
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
"""Family A, B without a version below 12 cores, and one core alone."""
WITHOUT_PREMIUM_DISKS = re.compile(r"(Basic_|Standard_(?![A-Z]+S\d))[A-Z]+\d+(-\d+)?(?![a-z]*s)[a-z]*(_\w+)?")
"""No `s` among the features, nor in the family's name as in DS2_v2."""


def accelerated_networking_fits_size(request: Request) -> None:
    """Old sizes, and those of one core, have no accelerated interface (Azure, "Accelerated Networking overview")."""
    size = str(value_at(request.new, "hardwareProfile.vmSize", ""))
    for id_ in (
        values_at(request.new, "networkProfile.networkInterfaces[*].id")
        if WITHOUT_ACCELERATED_NETWORKING.fullmatch(size)
        else ()
    ):
        nic = request.cloud.get(str(id_))
        if nic and nic.properties.get("enableAcceleratedNetworking") is True:
            text = f"Size {size} of VM {request.name} does not support accelerated networking, which {id_} has."
            refuse("VMSizeIsNotPermittedToEnableAcceleratedNetworking", text, target=str(id_))


def premium_disks_fit_size(request: Request) -> None:
    """Sizes without an `s` take no premium disks (Azure, "VM sizes naming conventions")."""
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
