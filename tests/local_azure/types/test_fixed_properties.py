"""Properties that Azure never changes: each update is refused with Azure's code, or answered without a write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from copy import deepcopy
from typing import Any

import pytest

from formats.property_paths import parse
from local_azure.model import AzureError
from local_azure.types import TYPES
from tests.local_azure.support import SUBSCRIPTION
from tests.local_azure.types.support import World, refused
from tests.local_azure.types.test_compute import disk, linux, vm

OTHER_KEY = "ssh-ed25519 " + "B" * 68
FIXED = "PropertyChangeNotAllowed"
ZONES = "ResourceAvailabilityZonesCannotBeModified"


def changed(inputs: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of the inputs with another value at a path; parents that are missing are added."""
    copy = deepcopy(dict(inputs))
    *parents, last = parse(path)
    holder: Any = copy
    for step in parents:
        holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
    holder[last] = value
    return copy


def update(world: World, id_: str, before: Mapping[str, Any], path: str, value: Any) -> None:
    """Send the update of one property, with the inputs of the last request, as the provider does."""
    stored = world.store.get(id_)
    assert stored is not None
    sent = {**before, "location": stored.location} if stored.location else dict(before)
    world.arm.update(id_, stored.token, changed(sent, path, value), SUBSCRIPTION, sent=sent)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("osProfile.customData", "Yg==", "customData"),
        ("osProfile.computerName", "other", "computerName"),
        ("osProfile.adminUsername", "other", "adminUsername"),
        ("osProfile.linuxConfiguration.ssh.publicKeys[0].keyData", OTHER_KEY, "linuxConfiguration.ssh.publicKeys"),
        ("storageProfile.imageReference.sku", "minimal", "imageReference"),
        ("storageProfile.osDisk.name", "other", "osDisk.name"),
        ("storageProfile.osDisk.managedDisk.storageAccountType", "StandardSSD_LRS",
         "osDisk.managedDisk.storageAccountType"),
        ("zones", ["2"], "zones"),
    ],
)  # fmt: skip
def test_fixed_property_of_a_vm_is_refused_with_its_name(world: World, path: str, value: Any, told: str) -> None:
    world.vnet()
    made = linux(world.nic(subnet=world.subnet()))
    made["osProfile"]["customData"] = "YQ=="
    made["storageProfile"]["osDisk"]["name"] = "os"
    id_ = vm(world, **made)
    with pytest.raises(AzureError) as caught:
        update(world, id_, made, path, value)
    assert (caught.value.code, caught.value.status) == (FIXED, 409)
    assert caught.value.message == f"Changing property '{told}' is not allowed."


def test_size_and_tags_of_a_vm_are_updated(world: World) -> None:
    world.vnet()
    made = linux(world.nic(subnet=world.subnet()))
    id_ = vm(world, **made)
    update(world, id_, made, "hardwareProfile.vmSize", "Standard_D8s_v5")
    update(world, id_, made, "tags", {"owner": "ann"})
    assert world.read(id_)["tags"] == {"owner": "ann"}


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("Standard_D4s_v3", "Standard_D4s_v5", "OperationNotAllowed"),
        ("Standard_D4s_v5", "Standard_D4ds_v5", "OperationNotAllowed"),
        ("Standard_D4s_v5", "Standard_E8s_v5", ""),
        ("Standard_D4ds_v5", "Standard_NC24ads_A100_v4", ""),
    ],
)
def test_resize_keeps_the_kind_of_temporary_disk(world: World, before: str, after: str, code: str) -> None:
    world.vnet()
    made = linux(world.nic(subnet=world.subnet()), hardwareProfile={"vmSize": before})
    id_ = vm(world, **made)
    with refused(code) if code else nullcontext():
        update(world, id_, made, "hardwareProfile.vmSize", after)


@pytest.mark.parametrize(("size", "code"), [(64, "ResizeDiskError"), (256, "OperationNotAllowed")])
def test_system_disk_keeps_its_size(world: World, size: int, code: str) -> None:
    world.vnet()
    made = linux(world.nic(subnet=world.subnet()))
    made["storageProfile"]["osDisk"]["diskSizeGB"] = 128
    id_ = vm(world, **made)
    with refused(code):
        update(world, id_, made, "storageProfile.osDisk.diskSizeGB", size)


def zoned_disk(world: World) -> str:
    return disk(world, zones=["1"])


def zoned_address(world: World) -> str:
    return world.public_ip(zones=["1", "2"])


@pytest.mark.parametrize(
    ("make", "path", "value", "code"),
    [
        (zoned_disk, "zones", ["2"], ZONES),
        (zoned_disk, "creationData.createOption", "Copy", FIXED),
        (zoned_disk, "location", "ukwest", "InvalidResourceLocation"),
        (zoned_address, "zones", ["1"], ZONES),
        (World.account, "kind", "BlobStorage", "AccountPropertyCannotBeUpdated"),
        (World.account, "encryption.requireInfrastructureEncryption", True, "AccountPropertyCannotBeUpdated"),
        (World.account, "location", "ukwest", "InvalidResourceLocation"),
    ],
)
def test_fixed_property_is_refused(
    world: World, make: Callable[[World], str], path: str, value: Any, code: str
) -> None:
    id_ = make(world)
    with refused(code):
        world.change(id_, **changed(world.read(id_), path, value))


def test_zones_cannot_be_left_out(world: World) -> None:
    made = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 64, "sku": {"name": "Premium_LRS"}, "zones": ["1"]}
    id_ = disk(world, **made)
    before = {**made, "location": "uksouth"}
    without = {key: value for key, value in before.items() if key != "zones"}
    with refused(ZONES):
        world.arm.update(id_, "azure-native:compute:Disk", without, SUBSCRIPTION, sent=before)


@pytest.mark.parametrize(
    "change",
    [
        {"properties": {"kty": "RSA-HSM", "keySize": 4096}},
        {"properties": {"kty": "RSA", "rotationPolicy": {"attributes": {"expiryTime": "P2Y"}}}},
        {"tags": {"owner": "ann"}},
    ],
)
def test_existing_key_is_returned_without_a_write(world: World, change: dict[str, Any]) -> None:
    world.vault()
    id_ = world.key()
    before = world.read(id_)
    world.change(id_, **change)
    assert world.read(id_) == before


def test_replacements_requested_by_azure_native_itself() -> None:
    told = {t.removeprefix("azure-native:"): d.replace_on_change for t, d in TYPES.items() if d.replace_on_change}
    assert told == {
        "authorization:RoleAssignment": ("principalId", "scope"),
        "containerregistry:Registry": ("location",),
        "managedidentity:UserAssignedIdentity": ("location",),
        "network:PrivateEndpoint": ("subnet",),
        "network:PublicIPAddress": ("location", "publicIPAddressVersion", "publicIPPrefix", "sku"),
        "network:VirtualNetwork": ("location",),
        "resources:ResourceGroup": ("location",),
        "storage:StorageAccount": ("isHnsEnabled", "location"),
    }
