"""Check that a region offers the virtual machine sizes of desks, with the capabilities that desks need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.vm_size_names import has_accelerated_networking


@dataclass(frozen=True)
class VmRequirement:
    """The virtual machine size that a desk requires."""

    size: str
    confidential: bool = False
    """True for a confidential virtual machine, which identifiable data requires."""
    availability_zone: int | None = None
    """None: any in the region."""

    @property
    def capabilities(self) -> Mapping[str, str]:
        """The required capabilities, with the names and values of Azure's API (Resource SKUs - List)."""
        if self.confidential:
            # Its system disk is encrypted in the guest, which excludes encryption at host.
            return {"PremiumIO": "True"}
        needed = {"PremiumIO": "True", "EncryptionAtHostSupported": "True"}
        return needed | ({"AcceleratedNetworkingEnabled": "True"} if has_accelerated_networking(self.size) else {})


def unmet_requirements(required: VmRequirement, skus: Sequence[Mapping[str, Any]], region: str) -> Iterator[str]:
    """Yield why the region cannot run a desk of this size; `skus` is the region's list (Resource SKUs - List)."""
    named = (sku for sku in skus if sku.get("resourceType") == "virtualMachines" and sku.get("name") == required.size)
    sku = next(named, None)
    if sku is None:
        yield f"not offered in {region}"
        return
    yield from _availability_problems(sku, required.availability_zone)
    has = {str(one.get("name")): str(one.get("value")) for one in sku.get("capabilities") or ()}
    yield from (f"no {name}" for name, value in required.capabilities.items() if has.get(name) != value)
    if "V2" not in has.get("HyperVGenerations", ""):
        yield "no generation 2 virtual machines"
    if required.confidential and not has.get("ConfidentialComputingType"):
        yield "no confidential computing"
    if not required.confidential and has.get("TrustedLaunchDisabled") == "True":
        yield "no trusted launch"


def _availability_problems(sku: Mapping[str, Any], zone: int | None) -> Iterator[str]:
    """Yield why the subscription cannot use the size in the region or in the desk's availability zone."""
    for one in sku.get("restrictions") or ():
        reason = str(one.get("reasonCode") or "restricted")
        if one.get("type") == "Location":
            yield f"{reason} in the region"
        elif zone and str(zone) in ((one.get("restrictionInfo") or {}).get("zones") or ()):
            yield f"{reason} in availability zone {zone}"
    zones = {str(zone) for location in sku.get("locationInfo") or () for zone in location.get("zones") or ()}
    if zone and str(zone) not in zones:
        yield f"not in availability zone {zone}"
