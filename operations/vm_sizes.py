"""Whether a region offers what desks are made of: their sizes, with all that a desk asks of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.vm_size_names import has_accelerated_networking


@dataclass(frozen=True)
class VmRequirement:
    """A size that a desk is to have, in a zone or anywhere in the region."""

    size: str
    confidential: bool = False
    zone: int | None = None

    @property
    def capabilities(self) -> Mapping[str, str]:
        """What Azure's list must say of the size, by its own names and values."""
        if self.confidential:
            return {"PremiumIO": "True"}
        needed = {"PremiumIO": "True", "EncryptionAtHostSupported": "True"}
        return needed | ({"AcceleratedNetworkingEnabled": "True"} if has_accelerated_networking(self.size) else {})


def lacking(wanted: VmRequirement, skus: Sequence[Mapping[str, Any]], region: str) -> Iterator[str]:
    """What stands in the way of a desk of this size, by the region's list of sizes (Resource SKUs - List)."""
    named = (sku for sku in skus if sku.get("resourceType") == "virtualMachines" and sku.get("name") == wanted.size)
    sku = next(named, None)
    if sku is None:
        yield f"not offered in {region}"
        return
    yield from _restrictions(sku, wanted.zone)
    has = {str(one.get("name")): str(one.get("value")) for one in sku.get("capabilities") or ()}
    yield from (f"no {name}" for name, value in wanted.capabilities.items() if has.get(name) != value)
    if "V2" not in has.get("HyperVGenerations", ""):
        yield "no generation 2"
    if wanted.confidential and not has.get("ConfidentialComputingType"):
        yield "no confidential computing"
    if not wanted.confidential and has.get("TrustedLaunchDisabled") == "True":
        yield "no trusted launch"


def _restrictions(sku: Mapping[str, Any], zone: int | None) -> Iterator[str]:
    """What this subscription may not have of it: nothing at all, or not in the desk's zone."""
    for one in sku.get("restrictions") or ():
        reason = str(one.get("reasonCode") or "restricted")
        if one.get("type") == "Location":
            yield f"{reason} in the region"
        elif zone and str(zone) in ((one.get("restrictionInfo") or {}).get("zones") or ()):
            yield f"{reason} in zone {zone}"
    zones = {str(z) for place in sku.get("locationInfo") or () for z in place.get("zones") or ()}
    if zone and str(zone) not in zones:
        yield f"not in zone {zone}"
