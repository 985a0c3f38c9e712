"""What an Azure size says of a computer in its name (learn.microsoft.com, "Azure VM sizes naming conventions")."""

from __future__ import annotations

import re

_PREMIUM = re.compile(r"Standard_([A-Z]+S\d|[A-Z]+\d+(-\d+)?[a-z]*s)\w*")
"""An `s` among the features, or in the family's name in the oldest sizes, such as DS2_v2."""
_VERSION = re.compile(r"_v(\d+)$")
_SMALL_OR_SLOW = re.compile(r"Standard_(A|[A-Z]+1[a-z]*_)")
"""Family A, and one core alone."""


def has_premium_storage(size: str) -> bool:
    """Whether disks of the kind that desks have can be attached."""
    return _PREMIUM.fullmatch(size) is not None


def accelerates(size: str) -> bool:
    """Whether the network interface can be accelerated, which network encryption asks for.

    Sizes from version 3 on, and those of version 2 with two cores or more that are not of family A; no older ones, and
    so no B without a version (learn.microsoft.com, "Accelerated Networking overview"; Azure refuses the others with
    VMSizeIsNotPermittedToEnableAcceleratedNetworking).
    """
    version = _VERSION.search(size)
    generation = int(version[1]) if version else 1
    return generation >= 3 or (generation == 2 and _SMALL_OR_SLOW.match(size) is None)
