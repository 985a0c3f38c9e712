"""The input of `sde azure check`."""

from __future__ import annotations

from operations.cli.azurecheck import desks_of
from operations.vm_sizes import VmRequirement
from tests.infra import samples


def test_desk_sizes_are_checked_in_their_subscription() -> None:
    plain = samples.tenancy()
    elsewhere = "3c1f6f0e-0000-4000-8000-00000000abcd"
    desk = {"size": "Standard_DC8ads_v5", "os_disk_gib": 128, "data_disk_gib": 256, "admin_public_key": samples.KEY}
    sealed = samples.tenancy(subscription=elsewhere, data_class="identifiable", desk={**desk, "zone": 2},
                             confidential_orchestrator=elsewhere)  # fmt: skip
    found = desks_of([samples.platform(), plain, sealed])
    assert found[str(plain.subscription)] == [VmRequirement(plain.desk.size)]
    assert found[elsewhere] == [VmRequirement("Standard_DC8ads_v5", confidential=True, availability_zone=2)]
