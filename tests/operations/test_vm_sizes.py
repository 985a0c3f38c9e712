"""The sizes that a region offers, and the requirements of desks."""

from __future__ import annotations

from typing import Any

import pytest

from operations.vm_sizes import VmRequirement, unmet_requirements

ABLE = {"PremiumIO": "True", "EncryptionAtHostSupported": "True", "AcceleratedNetworkingEnabled": "True",
        "HyperVGenerations": "V1,V2"}  # fmt: skip


def _sku(name: str = "Standard_D4s_v5", able: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    capabilities = [{"name": key, "value": value} for key, value in (ABLE if able is None else able).items()]
    return {"name": name, "resourceType": "virtualMachines", "capabilities": capabilities} | more


def _unmet(wanted: VmRequirement, *skus: dict[str, Any]) -> list[str]:
    return list(unmet_requirements(wanted, skus, "uksouth"))


def test_a_size_with_every_capability_lacks_nothing() -> None:
    assert _unmet(VmRequirement("Standard_D4s_v5"), _sku()) == []


def test_skus_of_other_resource_types_are_ignored() -> None:
    assert _unmet(VmRequirement("Standard_D4s_v5"), _sku(resourceType="disks")) == ["not offered in uksouth"]


@pytest.mark.parametrize("missing", ["PremiumIO", "EncryptionAtHostSupported", "AcceleratedNetworkingEnabled"])
def test_each_missing_capability_is_named(missing: str) -> None:
    able = {key: value for key, value in ABLE.items() if key != missing}
    assert _unmet(VmRequirement("Standard_D4s_v5"), _sku(able=able)) == [f"no {missing}"]


def test_trusted_launch_requires_generation_2() -> None:
    able = ABLE | {"HyperVGenerations": "V1", "TrustedLaunchDisabled": "True"}
    assert _unmet(VmRequirement("Standard_D4s_v5"), _sku(able=able)) == [
        "no generation 2 virtual machines",
        "no trusted launch",
    ]


def test_a_confidential_desk_has_other_requirements() -> None:
    size = "Standard_DC8ads_v5"
    able = {"PremiumIO": "True", "HyperVGenerations": "V2"}
    wanted = VmRequirement(size, confidential=True)
    assert _unmet(wanted, _sku(size, able)) == ["no confidential computing"]
    assert _unmet(wanted, _sku(size, able | {"ConfidentialComputingType": "SNP"})) == []


def test_restrictions_of_the_subscription_are_named() -> None:
    barred = _sku(restrictions=[{"type": "Location", "reasonCode": "NotAvailableForSubscription"}])
    assert _unmet(VmRequirement("Standard_D4s_v5"), barred) == ["NotAvailableForSubscription in the region"]
    locations = [{"location": "uksouth", "zones": ["1", "2"]}]
    zonal = _sku(locationInfo=locations, restrictions=[
        {"type": "Zone", "reasonCode": "NotAvailableForSubscription", "restrictionInfo": {"zones": ["2"]}}
    ])  # fmt: skip
    assert _unmet(VmRequirement("Standard_D4s_v5", availability_zone=1), zonal) == []
    assert _unmet(VmRequirement("Standard_D4s_v5", availability_zone=2), zonal) == [
        "NotAvailableForSubscription in availability zone 2"
    ]
    assert _unmet(VmRequirement("Standard_D4s_v5", availability_zone=3), zonal) == ["not in availability zone 3"]
