from __future__ import annotations

import re
from typing import Any

import pytest

from local_azure.validation import Failure, Inputs, validate
from tests.local_azure.types.support import SSH_KEY, World, refused

KEY_URL = "https://kv-one.vault.azure.net/keys/k1"
VERSION = "0" * 32


def encryption_set(world: World, name: str = "des", *, url: str = KEY_URL, **more: Any) -> str:
    more = {"identity": {"type": "SystemAssigned"}, "rotationToLatestKeyVersionEnabled": True} | more
    return world.make("compute:DiskEncryptionSet", diskEncryptionSetName=name, activeKey={"keyUrl": url}, **more)


def granted_set(world: World, **more: Any) -> str:
    world.vault()
    key = world.key()
    made = encryption_set(world, **more)
    world.grant(world.read(made)["identity"]["principalId"], key)
    return made


def disk(world: World, name: str = "disk-1", **more: Any) -> str:
    more = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 64, "sku": {"name": "Premium_LRS"}} | more
    return world.make("compute:Disk", diskName=name, **more)


def linux(card: str, **changes: Any) -> dict[str, Any]:
    path = "/home/steward/.ssh/authorized_keys"
    return {
        "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
        "networkProfile": {"networkInterfaces": [{"id": card, "primary": True}]},
        "osProfile": {
            "adminUsername": "steward",
            "linuxConfiguration": {
                "disablePasswordAuthentication": True,
                "ssh": {"publicKeys": [{"path": path, "keyData": SSH_KEY}]},
            },
        },
        "storageProfile": {
            "imageReference": {
                "publisher": "Canonical",
                "offer": "ubuntu-24_04-lts",
                "sku": "server",
                "version": "latest",
            },
            "osDisk": {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Premium_LRS"}},
        },
    } | changes


def confidential(card: str, **uefi: Any) -> dict[str, Any]:
    made = linux(card, hardwareProfile={"vmSize": "Standard_DC4as_v5"})
    made["storageProfile"]["osDisk"]["managedDisk"]["securityProfile"] = {
        "securityEncryptionType": "DiskWithVMGuestState"
    }
    settings = {"vTpmEnabled": True, "secureBootEnabled": True} | uefi
    return made | {"securityProfile": {"securityType": "ConfidentialVM", "uefiSettings": settings}}


def machine(world: World, name: str = "vm-1", **made: Any) -> str:
    return world.make("compute:VirtualMachine", vmName=name, **made)


@pytest.fixture
def card(world: World) -> str:
    world.vnet()
    return world.card(subnet=world.subnet())


def test_a_linux_machine_comes_up(world: World, card: str) -> None:
    found = world.read(machine(world, **linux(card, identity={"type": "SystemAssigned"})))
    assert found["osProfile"]["computerName"] == "vm-1"
    assert found["identity"]["principalId"]
    assert found["vmId"]


def test_passwords_are_never_given_back(world: World, card: str) -> None:
    made = linux(card, osProfile={"adminUsername": "steward", "adminPassword": "Correct-Horse-9"})
    assert "adminPassword" not in world.read(machine(world, **made))["osProfile"]


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ({"adminUsername": "root", "adminPassword": "Correct-Horse-9"}, "InvalidParameter"),
        ({"adminUsername": "steward", "adminPassword": "short"}, "InvalidParameter"),
        ({"adminUsername": "steward"}, "InvalidParameter"),
        ({"adminUsername": "steward", "adminPassword": "Correct-Horse-9", "computerName": "_x"}, "InvalidParameter"),
    ],
)
def test_logins_and_names_are_azures(world: World, card: str, profile: dict[str, Any], code: str) -> None:
    with refused(code):
        machine(world, **linux(card, osProfile=profile))


def test_a_windows_name_is_at_most_15_characters(world: World, card: str) -> None:
    profile = {"adminUsername": "steward", "adminPassword": "Correct-Horse-9", "windowsConfiguration": {}}
    with refused("InvalidParameter"):
        machine(world, name="workspace-windows-1", **linux(card, osProfile=profile))
    machine(world, name="workspace-windows-1", **linux(card, osProfile=profile | {"computerName": "ws1"}))


def test_keys_are_openssh_in_their_place(world: World, card: str) -> None:
    for key in (
        {"path": "/root/.ssh/keys", "keyData": SSH_KEY},
        {"path": "/home/steward/.ssh/authorized_keys", "keyData": "x"},
    ):
        made = linux(card)
        made["osProfile"]["linuxConfiguration"]["ssh"]["publicKeys"] = [key]
        with refused("InvalidParameter"):
            machine(world, **made)


def test_a_card_serves_one_machine_and_stays_while_it_does(world: World, card: str) -> None:
    first = machine(world, **linux(card))
    with refused("NicInUse"):
        machine(world, name="vm-2", **linux(card))
    with refused("NicInUse"):
        world.remove(card)
    world.remove(first)
    world.remove(card)


def test_zones(world: World, card: str) -> None:
    with refused("InvalidParameter"):
        machine(world, **linux(card, zones=["1", "2"]))
    with refused("InvalidAvailabilityZone"):
        machine(world, **linux(card, zones=["9"]))


def test_uefi_needs_a_security_type(world: World, card: str) -> None:
    uefi = {"uefiSettings": {"vTpmEnabled": True}}
    with refused("BadRequest"):
        machine(world, **linux(card, securityProfile=uefi))
    machine(world, **linux(card, securityProfile=uefi | {"securityType": "TrustedLaunch"}))


def test_confidential_sizes_and_types_go_together(world: World, card: str) -> None:
    with refused("BadRequest"):
        machine(world, **linux(card, hardwareProfile={"vmSize": "Standard_DC4as_v5"}))
    with refused("BadRequest"):
        machine(world, **(confidential(card) | {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}))
    machine(world, **confidential(card))


@pytest.mark.parametrize("setting", ["vTpmEnabled", "secureBootEnabled"])
def test_sealed_disks_need_a_sealed_boot(world: World, card: str, setting: str) -> None:
    with refused("BadRequest"):
        machine(world, **confidential(card, **{setting: False}))


def test_host_encryption_excludes_sealed_disks(world: World, card: str) -> None:
    made = confidential(card)
    made["securityProfile"]["encryptionAtHost"] = True
    with refused("BadRequest"):
        machine(world, **made)


def test_a_sealed_disk_takes_a_confidential_set(world: World, card: str) -> None:
    plain, made = granted_set(world), confidential(card)
    sealed = made["storageProfile"]["osDisk"]["managedDisk"]["securityProfile"]
    sealed["diskEncryptionSet"] = {"id": plain}
    with refused("BadRequest"):
        machine(world, **made)
    kind = "ConfidentialVmEncryptedWithCustomerKey"
    secure = encryption_set(world, "secure", encryptionType=kind, url=f"{KEY_URL}/{VERSION}",
                            rotationToLatestKeyVersionEnabled=False)  # fmt: skip
    sealed["diskEncryptionSet"] = {"id": secure}
    with refused("KeyVaultAccessForbidden"):
        machine(world, **made)
    vault = "/".join(plain.split("/")[:5]) + "/providers/Microsoft.KeyVault/vaults/kv-one"
    world.grant(world.read(secure)["identity"]["principalId"], vault, name="2")
    machine(world, **made)


@pytest.mark.parametrize("size", ["Standard_B2ms", "Standard_A2_v2", "Standard_DS1_v2"])
def test_old_and_small_sizes_are_not_accelerated(world: World, size: str) -> None:
    world.vnet()
    config = {"name": "ip", "subnet": {"id": world.subnet()}}
    card = world.make("network:NetworkInterface", networkInterfaceName="nic-1", ipConfigurations=[config],
                      enableAcceleratedNetworking=True)  # fmt: skip
    made = linux(card, hardwareProfile={"vmSize": size})
    made["storageProfile"]["osDisk"]["managedDisk"] = {"storageAccountType": "Standard_LRS"}
    with refused("VMSizeIsNotPermittedToEnableAcceleratedNetworking"):
        machine(world, **made)
    machine(world, **made | {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}})


@pytest.mark.parametrize("size", ["Standard_D4_v5", "Standard_A2_v2", "Standard_D4ad_v5"])
def test_premium_disks_want_a_size_for_them(world: World, card: str, size: str) -> None:
    with refused("InvalidParameter"):
        machine(world, **linux(card, hardwareProfile={"vmSize": size}))
    for other in ("Standard_DS2_v2", "Standard_NC24ads_A100_v4", "Standard_E4-2s_v5"):
        world.remove(machine(world, **linux(card, hardwareProfile={"vmSize": other})))


def test_data_disks_are_free_and_in_the_zone(world: World, card: str) -> None:
    far = disk(world, zones=["1"])
    made = linux(card, zones=["2"])
    made["storageProfile"]["dataDisks"] = [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": far}}]
    with refused("BadRequest"):
        machine(world, **made)
    held = machine(world, **(made | {"zones": ["1"]}))
    with refused("OperationNotAllowed"):
        world.remove(far)
    world.remove(held)
    world.remove(far)


def test_a_confidential_set_does_not_follow_its_key(world: World) -> None:
    world.vault()
    world.key()
    kind = "ConfidentialVmEncryptedWithCustomerKey"
    with refused("InvalidParameter"):
        encryption_set(world, encryptionType=kind)
    encryption_set(world, encryptionType=kind, url=f"{KEY_URL}/{VERSION}", rotationToLatestKeyVersionEnabled=False)


def test_a_set_names_its_key_for_its_rotation(world: World) -> None:
    world.vault()
    world.key()
    with refused("InvalidParameter"):
        encryption_set(world, url=f"{KEY_URL}/{VERSION}")
    with refused("InvalidParameter"):
        encryption_set(world, rotationToLatestKeyVersionEnabled=False)
    with refused("KeyNotFound"):
        encryption_set(world, url=KEY_URL.replace("k1", "k2"))
    encryption_set(world)


def test_a_set_and_its_vault_are_protected_and_near(world: World) -> None:
    world.vault(enablePurgeProtection=None)
    world.key()
    with refused("KeyVaultPolicyError"):
        encryption_set(world)
    world.vault("kv-two")
    world.key(vault="kv-two")
    with refused("KeyVaultAndDiskEncryptionSetNotInSameRegion"):
        encryption_set(world, url=KEY_URL.replace("kv-one", "kv-two"), location="ukwest")


def test_a_sets_user_identity_is_granted_first(world: World) -> None:
    world.vault()
    key, identity = world.key(), world.identity()
    attached = {"type": "UserAssigned", "userAssignedIdentities": [identity]}
    with refused("KeyVaultAccessForbidden"):
        encryption_set(world, identity=attached)
    world.grant(world.principal(identity), key)
    encryption_set(world, identity=attached)


def test_a_disk_needs_a_set_that_may_reach_its_key(world: World) -> None:
    world.vault()
    key = world.key()
    held = encryption_set(world)
    settings = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": held}
    with refused("KeyVaultAccessForbidden"):
        disk(world, encryption=settings)
    world.grant(world.read(held)["identity"]["principalId"], key)
    made = disk(world, encryption=settings)
    with refused("OperationNotAllowed"):
        world.change(made, encryption={"type": "EncryptionAtRestWithPlatformKey"})
    with refused("OperationNotAllowed"):
        world.remove(held)


@pytest.mark.parametrize(
    "settings",
    [
        {"diskSizeGB": None},
        {"diskIOPSReadWrite": 5000},
        {"tier": "P30", "sku": {"name": "Standard_LRS"}},
        {"burstingEnabled": True},
        {"networkAccessPolicy": "AllowPrivate"},
        {"encryption": {"type": "EncryptionAtRestWithCustomerKey"}},
    ],
)
def test_disks_are_whole_and_fit_their_sku(world: World, settings: dict[str, Any]) -> None:
    settings = {key: value for key, value in settings.items() if value is not None}
    made = {"creationData": {"createOption": "Empty"}, "sku": {"name": "Premium_LRS"}} | settings
    if settings:
        made.setdefault("diskSizeGB", 64)
    with refused("InvalidParameter"):
        world.make("compute:Disk", diskName="d1", **made)


def test_a_disk_only_grows(world: World) -> None:
    made = disk(world)
    with refused("ResizeDiskError"):
        world.change(made, diskSizeGB=32)
    world.change(made, diskSizeGB=128)


def test_extensions_name_their_handler_once(world: World, card: str) -> None:
    machine(world, **linux(card))
    handler = {"publisher": "Microsoft.Azure.Monitor", "typeHandlerVersion": "1.0"}
    with refused("InvalidParameter"):
        world.make("compute:VirtualMachineExtension", vmName="vm-1", vmExtensionName="ama", **handler)
    handler["type"] = "AzureMonitorLinuxAgent"
    world.make("compute:VirtualMachineExtension", vmName="vm-1", vmExtensionName="ama", location="uksouth", **handler)


def test_an_ssh_key_is_one(world: World) -> None:
    with refused("InvalidParameter"):
        world.make("compute:SshPublicKey", sshPublicKeyName="key", publicKey="ssh-dss AAAA")
    world.make("compute:SshPublicKey", sshPublicKeyName="key", publicKey=SSH_KEY)


@pytest.mark.parametrize("size", [
    "Standard_D2_v5", "Standard_E8-4ds_v5", "Standard_NC24ads_A100_v4", "Standard_NV36ads_A10_v5", "Standard_L8as_v3",
    "Standard_HB120rs_v3", "Standard_M64ms_v2", "Standard_EC96ads_v5", "Standard_B4als_v2", "Standard_ND96isr_H100_v5",
])  # fmt: skip
def test_sizes_that_the_old_list_lacks_are_taken(world: World, size: str) -> None:
    assert not _judged(world, size)


@pytest.mark.parametrize("size", ["Standard_D3s_v5", "Standard_Z4s_v5", "standard_D4s_v5", "Standard_D4s_v5 ", "Big"])
def test_a_size_that_follows_no_grammar_is_refused_with_the_nearest(world: World, size: str) -> None:
    (failure,) = _judged(world, size)
    assert failure.property == "hardwareProfile.vmSize"
    assert re.search("which is not one of: .*, and [0-9]+ more", failure.reason)
    assert len(failure.reason) < 400


def _judged(world: World, size: str) -> list[Failure]:
    known = world.arm.known_type("azure-native:compute:VirtualMachine")
    inputs = {"resourceGroupName": "rg", "location": "uksouth", "hardwareProfile": {"vmSize": size}}
    return list(validate(Inputs(known.type, known.schema, inputs)))
