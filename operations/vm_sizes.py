"""Check that a region offers the virtual machine sizes of desks, with the capabilities that desks need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.vm_size_names import has_accelerated_networking


@dataclass(frozen=True)
class VmRequirement:
    """A required size, in one availability zone or anywhere in the region."""

    size: str
    confidential: bool = False
    zone: int | None = None

    @property
    def capabilities(self) -> Mapping[str, str]:
        """The required capabilities, with the names and values of Azure's list."""
        if self.confidential:
            return {"PremiumIO": "True"}
        needed = {"PremiumIO": "True", "EncryptionAtHostSupported": "True"}
        return needed | ({"AcceleratedNetworkingEnabled": "True"} if has_accelerated_networking(self.size) else {})


def lacking(required: VmRequirement, skus: Sequence[Mapping[str, Any]], region: str) -> Iterator[str]:
    """Yield the reasons against a desk of this size, from the region's list of sizes (Resource SKUs - List)."""
    named = (sku for sku in skus if sku.get("resourceType") == "virtualMachines" and sku.get("name") == required.size)
    sku = next(named, None)
    if sku is None:
        yield f"not offered in {region}"
        return
    yield from _restrictions(sku, required.zone)
    has = {str(one.get("name")): str(one.get("value")) for one in sku.get("capabilities") or ()}
    yield from (f"no {name}" for name, value in required.capabilities.items() if has.get(name) != value)
    if "V2" not in has.get("HyperVGenerations", ""):
        yield "no generation 2"
    if required.confidential and not has.get("ConfidentialComputingType"):
        yield "no confidential computing"
    if not required.confidential and has.get("TrustedLaunchDisabled") == "True":
        yield "no trusted launch"


def _restrictions(sku: Mapping[str, Any], zone: int | None) -> Iterator[str]:
    """Yield the restrictions of the subscription in the region or the desk's zone."""
    for one in sku.get("restrictions") or ():
        reason = str(one.get("reasonCode") or "restricted")
        if one.get("type") == "Location":
            yield f"{reason} in the region"
        elif zone and str(zone) in ((one.get("restrictionInfo") or {}).get("zones") or ()):
            yield f"{reason} in zone {zone}"
    zones = {str(zone) for location in sku.get("locationInfo") or () for zone in location.get("zones") or ()}
    if zone and str(zone) not in zones:
        yield f"not in zone {zone}"
