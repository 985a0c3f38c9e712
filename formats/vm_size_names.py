"""The features of a virtual machine size, read from its name (learn.microsoft.com, "Azure VM sizes naming
conventions")."""

from __future__ import annotations

import re

CONFIDENTIAL_SIZES = re.compile(r"Standard_[DE]C\d+(a|e)d?s_v[56]")
"""The AMD SEV-SNP and Intel TDX families (learn.microsoft.com, "About Azure confidential VMs")."""
_CONFIDENTIAL_FAMILIES = re.compile(r"Standard_[DE]C\d+[ae]\w*_v[5-9]\w*")
"""All sizes of these families, also those that are newer than the ones that desks may have."""
_PREMIUM_STORAGE = re.compile(r"Standard_([A-Z]+S\d|[A-Z]+\d+(-\d+)?[a-z]*s)\w*")
"""An `s` among the features, or in the family's name in the oldest sizes, such as DS2_v2."""
_GPU = re.compile(r"Standard_N[CDGV]\d\w*|Standard_NCC\w+")
"""Family N, but for NP, which has FPGAs."""
_NVIDIA_COMPUTE = re.compile(r"Standard_NC\d+[a-z]*_(T4|A100|H100)_v\d+")
"""The sizes with NVIDIA's compute driver alone. Sizes of family NV take the GRID driver or have AMD's GPUs; family ND
needs a fabric manager too (learn.microsoft.com, "GPU accelerated virtual machine sizes")."""
_VERSION = re.compile(r"_v(\d+)$")
_NOT_ACCELERATED = re.compile(r"Standard_(A|[A-Z]+1[a-z]*_)")
"""Family A, and sizes with one core."""

_NUMBERS = re.compile(r"Standard_([A-Z]+)\d+(?:-\d+)?")
"""The family of a size, and its numbers of cores."""

_PARTS = re.compile(r"Standard_(?P<family>[A-Z]+?)S?\d+(-\d+)?(?P<features>[a-z]*)(_[A-Z]\w*?)?(_v(?P<version>\d+))?")
_LAST_WITH_LOCAL_DISK = {"B": 1, "D": 3, "DC": 2, "E": 3, "F": 2, "M": 2}
"""By family, the last version whose sizes without the feature `d` have a temporary disk. The older families have one in
every size, and so have the GPU, HPC and storage families."""
_ALWAYS_LOCAL_DISK = ("A", "G", "H", "L", "N")


def series_of(size: str) -> str:
    """Return the size without its numbers of cores: `DCads_v5` for `Standard_DC8ads_v5`, a series of Azure's."""
    return _NUMBERS.sub(r"\1", size, count=1)


def has_local_disk(size: str) -> bool | None:
    """Return True if the size has a local temporary disk; None for a name in another form.

    Newer sizes have one with the feature `d` only (learn.microsoft.com, "Azure VM sizes naming conventions", "FAQ Azure
    VM sizes with no local temporary disk"; the pages of the families).
    """
    parts = _PARTS.fullmatch(size)
    if parts is None:
        return None
    if "d" in parts["features"] or parts["family"].startswith(_ALWAYS_LOCAL_DISK):
        return True
    return int(parts["version"] or 1) <= _LAST_WITH_LOCAL_DISK.get(parts["family"], 0)


def has_premium_storage(size: str) -> bool:
    """Return True if premium SSDs, which desks have, can be attached."""
    return _PREMIUM_STORAGE.fullmatch(size) is not None


def has_accelerated_networking(size: str) -> bool:
    """Return True if the size supports accelerated networking, which network encryption requires.

    These are sizes from version 3 on, and those of version 2 with two cores or more outside family A. B sizes without a
    version do not support it (learn.microsoft.com, "Accelerated Networking overview"; Azure refuses the others with
    VMSizeIsNotPermittedToEnableAcceleratedNetworking).
    """
    match = _VERSION.search(size)
    version = int(match[1]) if match else 1
    return version >= 3 or (version == 2 and _NOT_ACCELERATED.match(size) is None)


def is_confidential(size: str) -> bool:
    """Return True if virtual machines of this size encrypt their memory against the host."""
    return CONFIDENTIAL_SIZES.fullmatch(size) is not None


def requires_confidential(size: str) -> bool:
    """Return True if Azure refuses this size for virtual machines without the security type ConfidentialVM."""
    return _CONFIDENTIAL_FAMILIES.fullmatch(size) is not None


def has_gpu(size: str) -> bool:
    """Return True if the size has a GPU."""
    return _GPU.fullmatch(size) is not None


def has_nvidia_compute_gpu(size: str) -> bool:
    """Return True if NVIDIA's compute driver is all that the size's GPU needs."""
    return _NVIDIA_COMPUTE.fullmatch(size) is not None
