"""The charges of planned resources."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.plan import SECRET, UNKNOWN
from local_azure.types import TYPES
from operations.prices.charges import DISK_SIZES, FREE, USAGE, Charge, charges_of, disk_tier, usage_of

AZ = "azure-native:"
KEYS = ("sku", "diskSizeGB", "tier", "scaleUnits", "storageProfile", "osDisk", "dataDisks", "managedDisk", "name",
        "hardwareProfile", "vmSize", "properties", "kty", "keySize", "priority", "maxShares", "osProfile",
        "licenseType", "storageAccountType", "imageReference", "publisher", "createOption")  # fmt: skip
SCALARS = (None, True, False, 0, -1, 2, 64, 1.5, float("nan"), float("inf"), 10**30, "", "Standard", "Premium_LRS",
           "RSA-HSM", "Attach", UNKNOWN, SECRET)  # fmt: skip
JSON = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)


def items(type_: str, **inputs: Any) -> dict[str, int]:
    return {charge.item: int(charge.quantity) for charge in charges_of(AZ + type_, inputs)}


def vm(size: str = "Standard_D4s_v5", **more: Any) -> dict[str, Any]:
    disk = {"createOption": "FromImage", "diskSizeGB": 128, "managedDisk": {"storageAccountType": "Premium_LRS"}}
    image = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
    storage = {"osDisk": disk, "imageReference": image, **more.pop("storage", {})}
    return {"hardwareProfile": {"vmSize": size}, "storageProfile": storage, **more}


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_each_local_type_is_priced_free_or_named(type_: str) -> None:
    named = charges_of(type_, {}) or type_ in FREE or usage_of(type_) or not type_.startswith(AZ)
    assert named, f"{type_} would be free without a decision"


@given(st.sampled_from(sorted(TYPES)), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
def test_any_inputs_give_charges_of_at_least_one(type_: str, inputs: dict[str, Any]) -> None:
    for charge in charges_of(type_, inputs):
        assert charge.quantity >= 1
        assert charge.item
        assert UNKNOWN not in charge.item
        assert SECRET not in charge.item


@pytest.mark.parametrize("type_", ["azure-native:cache:Redis", "azure:storage/account:Account", "azuread:index:Group"])
def test_a_type_without_a_rule_is_an_item_of_its_own(type_: str) -> None:
    assert charges_of(type_, {}) == (Charge(type_),)


def test_a_type_of_an_older_api_is_priced_alike() -> None:
    assert items("network/v20230401:PrivateEndpoint") == {"Private endpoint": 1}
    assert items("storage/v20210101preview:BlobContainer") == {}


def test_resources_outside_azure_have_no_charge() -> None:
    assert charges_of("random:index/randomBytes:RandomBytes", {}) == ()
    assert charges_of("pulumi:providers:azure-native", {}) == ()


@pytest.mark.parametrize(
    ("sku", "gib", "tier"),
    [
        ("Premium_LRS", 1, "P1"), ("Premium_LRS", 32, "P4"), ("Premium_ZRS", 33, "P6"), ("Premium_LRS", 1024, "P30"),
        ("Premium_LRS", 1025, "P40"), ("Premium_LRS", 32767, "P80"), ("Premium_LRS", 32768, None),
        ("StandardSSD_LRS", 5, "E2"), ("Standard_LRS", 5, "S4"), ("Standard_LRS", 64, "S6"),
        ("PremiumV2_LRS", 64, None), ("UltraSSD_LRS", 64, None), ("Premium_LRS", 0, None),
    ],
)  # fmt: skip
def test_a_disk_is_billed_by_the_tier_of_its_size(sku: str, gib: int, tier: str | None) -> None:
    assert disk_tier(sku, gib) == tier


@given(st.integers(1, DISK_SIZES[-1] - 1))
def test_a_larger_disk_never_has_a_smaller_tier(gib: int) -> None:
    number = [int((disk_tier("Premium_LRS", size) or "")[1:]) for size in (gib, gib + 1)]
    assert number == sorted(number)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"sku": {"name": "Premium_LRS"}, "diskSizeGB": 1024}, "Disk P30 Premium_LRS"),
        ({"sku": {"name": "Premium_LRS"}, "diskSizeGB": 1024.0}, "Disk P30 Premium_LRS"),
        ({"sku": {"name": "Premium_LRS"}, "diskSizeGB": 64, "tier": "P40"}, "Disk P40 Premium_LRS"),
        ({"sku": {"name": "Premium_LRS"}, "diskSizeGB": 64, "tier": UNKNOWN}, "Disk Premium_LRS 64 GiB"),
        ({"sku": {"name": "PremiumV2_LRS"}, "diskSizeGB": 64}, "Disk PremiumV2_LRS 64 GiB"),
        ({"sku": {"name": "Premium_LRS"}, "diskSizeGB": UNKNOWN}, "Disk Premium_LRS of unknown size or kind"),
    ],
)
def test_a_managed_disk_names_its_tier_or_its_size(inputs: dict[str, Any], expected: str) -> None:
    assert items("compute:Disk", **inputs) == {expected: 1}


def test_a_shared_or_bursting_disk_has_further_charges() -> None:
    disk = {"sku": {"name": "Premium_LRS"}, "diskSizeGB": 64}
    assert "Shared disk: additional mounts" in items("compute:Disk", **disk, maxShares=2)
    assert "Disk: on-demand bursting" in items("compute:Disk", **disk, burstingEnabled=True)


def test_a_vm_has_its_size_and_the_disks_it_makes() -> None:
    new = {"createOption": "Empty", "diskSizeGB": 64, "managedDisk": {"storageAccountType": "Premium_LRS"}}
    attached = {"createOption": "Attach", "managedDisk": {"id": UNKNOWN}}
    found = items("compute:VirtualMachine", **vm(storage={"dataDisks": [new, attached]}))
    assert found == {"VM Standard_D4s_v5": 1, "Disk P10 Premium_LRS": 1, "Disk P6 Premium_LRS": 1}


@pytest.mark.parametrize(
    ("changed", "item"),
    [
        ({"priority": "Spot"}, "VM Standard_D4s_v5 Spot"),
        ({"osProfile": {"windowsConfiguration": {}}}, "VM Standard_D4s_v5"),
        ({"osProfile": {"windowsConfiguration": {}}}, "VM licence of Windows Server for Standard_D4s_v5"),
        ({"osProfile": {"windowsConfiguration": {}}, "licenseType": "Windows_Server"}, "VM Standard_D4s_v5"),
        ({"storage": {"imageReference": {"publisher": "RedHat"}}}, "VM Standard_D4s_v5 with an image of RedHat"),
        ({"storage": {"imageReference": {"offer": "ubuntu-pro"}}}, "VM Standard_D4s_v5 Ubuntu Pro"),
        ({"plan": {"name": "x"}}, "Image with a plan of the Azure Marketplace"),
    ],
)  # fmt: skip
def test_software_and_spot_are_items_of_their_own(changed: dict[str, Any], item: str) -> None:
    assert item in items("compute:VirtualMachine", **vm(**changed))


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"sku": {"name": "Standard"}, "scaleUnits": 2}, {"Bastion Standard": 1}),
        ({"sku": {"name": "Standard"}, "scaleUnits": 5.0},
         {"Bastion Standard": 1, "Bastion Standard additional scale unit": 3}),
        ({"sku": {"name": "Developer"}}, {}),
        ({}, {"Bastion of unknown size or kind": 1}),
    ],
)  # fmt: skip
def test_bastion_is_billed_by_sku_and_scale_units(inputs: dict[str, Any], expected: dict[str, int]) -> None:
    assert items("network:BastionHost", **inputs) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"kty": "RSA", "keySize": 4096}, {}),
        ({"kty": "RSA-HSM", "keySize": 2048}, {"Key in hardware, RSA 2048": 1}),
        ({"kty": "RSA-HSM", "keySize": 3072}, {"Key in hardware, other than RSA 2048": 1}),
        ({"kty": "EC-HSM"}, {"Key in hardware, other than RSA 2048": 1}),
        ({"kty": UNKNOWN}, {"Key of unknown size or kind": 1}),
    ],
)
def test_only_keys_in_hardware_are_billed_unused(properties: dict[str, Any], expected: dict[str, int]) -> None:
    assert items("keyvault:Key", properties=properties) == expected


def test_firewalls_and_addresses_are_billed_by_tier() -> None:
    assert items("network:AzureFirewall", sku={"tier": "Premium", "name": "AZFW_VNet"}) == {"Azure Firewall Premium": 1}
    assert items("network:AzureFirewall", sku={"tier": "Basic", "name": "AZFW_Hub"}) == {
        "Azure Firewall Basic in a virtual hub": 1
    }
    assert items("network:PublicIPAddress", sku={"name": "Standard"}) == {"Public IP address Standard IPv4": 1}


def test_optional_features_of_stores_and_logs_are_charges() -> None:
    assert items("security:DefenderForStorage", properties={"isEnabled": False}) == {}
    assert items("security:DefenderForStorage", properties={"isEnabled": True})
    assert items("storage:StorageAccount", isSftpEnabled=True) == {"SFTP endpoint of a storage account": 1}
    assert items("operationalinsights:Workspace", sku={"name": "PerGB2018"}) == {}
    assert items("operationalinsights:Workspace", sku={"name": "CapacityReservation", "capacityReservationLevel": 100})


def test_the_use_that_is_billed_is_named() -> None:
    assert usage_of(AZ + "operationalinsights:Workspace") == "ingested logs"
    assert not FREE & USAGE.keys()


@pytest.mark.parametrize(("kind", "sku", "item"), [
    ("Vpn", "VpnGw1AZ", "VPN gateway VpnGw1AZ"), ("ExpressRoute", "ErGw1AZ", "ExpressRoute gateway ErGw1AZ"),
    (UNKNOWN, "VpnGw1AZ", "Virtual network gateway of unknown size or kind VpnGw1AZ"),
])  # fmt: skip
def test_a_gateway_is_billed_by_kind_and_size(kind: str, sku: str, item: str) -> None:
    assert items("network:VirtualNetworkGateway", gatewayType=kind, sku={"name": sku}) == {item: 1}
