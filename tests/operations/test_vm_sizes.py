"""What a region offers, against what a desk asks of its size."""

from __future__ import annotations

from typing import Any

import pytest

from operations.vm_sizes import VmRequirement, lacking

ABLE = {"PremiumIO": "True", "EncryptionAtHostSupported": "True", "AcceleratedNetworkingEnabled": "True",
        "HyperVGenerations": "V1,V2"}  # fmt: skip


def _sku(name: str = "Standard_D4s_v5", able: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    capabilities = [{"name": key, "value": value} for key, value in (ABLE if able is None else able).items()]
    return {"name": name, "resourceType": "virtualMachines", "capabilities": capabilities} | more


def _lacking(wanted: VmRequirement, *skus: dict[str, Any]) -> list[str]:
    return list(lacking(wanted, skus, "uksouth"))


def test_a_size_that_can_all_that_a_desk_asks_lacks_nothing() -> None:
    assert _lacking(VmRequirement("Standard_D4s_v5"), _sku()) == []


def test_a_disk_of_that_name_is_no_computer() -> None:
    assert _lacking(VmRequirement("Standard_D4s_v5"), _sku(resourceType="disks")) == ["not offered in uksouth"]


@pytest.mark.parametrize("missing", ["PremiumIO", "EncryptionAtHostSupported", "AcceleratedNetworkingEnabled"])
def test_each_thing_that_a_desk_asks_is_looked_for(missing: str) -> None:
    able = {key: value for key, value in ABLE.items() if key != missing}
    assert _lacking(VmRequirement("Standard_D4s_v5"), _sku(able=able)) == [f"no {missing}"]


def test_trusted_launch_wants_generation_2_and_not_to_be_disabled() -> None:
    able = ABLE | {"HyperVGenerations": "V1", "TrustedLaunchDisabled": "True"}
    assert _lacking(VmRequirement("Standard_D4s_v5"), _sku(able=able)) == ["no generation 2", "no trusted launch"]


def test_a_confidential_desk_asks_other_things() -> None:
    size = "Standard_DC8ads_v5"
    able = {"PremiumIO": "True", "HyperVGenerations": "V2"}
    wanted = VmRequirement(size, confidential=True)
    assert _lacking(wanted, _sku(size, able)) == ["no confidential computing"]
    assert _lacking(wanted, _sku(size, able | {"ConfidentialComputingType": "SNP"})) == []


def test_what_the_subscription_may_not_have_is_said() -> None:
    barred = _sku(restrictions=[{"type": "Location", "reasonCode": "NotAvailableForSubscription"}])
    assert _lacking(VmRequirement("Standard_D4s_v5"), barred) == ["NotAvailableForSubscription in the region"]
    places = [{"location": "uksouth", "zones": ["1", "2"]}]
    zonal = _sku(locationInfo=places, restrictions=[
        {"type": "Zone", "reasonCode": "NotAvailableForSubscription", "restrictionInfo": {"zones": ["2"]}}
    ])  # fmt: skip
    assert _lacking(VmRequirement("Standard_D4s_v5", zone=1), zonal) == []
    assert _lacking(VmRequirement("Standard_D4s_v5", zone=2), zonal) == ["NotAvailableForSubscription in zone 2"]
    assert _lacking(VmRequirement("Standard_D4s_v5", zone=3), zonal) == ["not in zone 3"]
