from __future__ import annotations

import re
from typing import Any

import pytest

from local_azure.model import AzureError
from local_azure.validation import Failure, Inputs, validate
from tests.local_azure.types.support import SSH_KEY, SUBSCRIPTION, World, refused

VERSION = "0" * 32
WITHOUT_VERSION = "https://kv-one.vault.azure.net/keys/k1"
KEY_URL = f"{WITHOUT_VERSION}/{VERSION}"


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


def linux(nic: str, **changes: Any) -> dict[str, Any]:
    path = "/home/steward/.ssh/authorized_keys"
    return {
        "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
        "networkProfile": {"networkInterfaces": [{"id": nic, "primary": True}]},
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


def windows(nic: str, **changes: Any) -> dict[str, Any]:
    made = linux(nic)
    image = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2025-datacenter-azure-edition"}
    made["storageProfile"]["imageReference"] |= image
    made["osProfile"] = {"adminUsername": "steward", "adminPassword": "Correct-Horse-9", "computerName": "ws1"}
    return made | changes


def confidential(nic: str, **uefi: Any) -> dict[str, Any]:
    made = linux(nic, hardwareProfile={"vmSize": "Standard_DC4as_v5"})
    made["storageProfile"]["osDisk"]["managedDisk"]["securityProfile"] = {
        "securityEncryptionType": "DiskWithVMGuestState"
    }
    settings = {"vTpmEnabled": True, "secureBootEnabled": True} | uefi
    return made | {"securityProfile": {"securityType": "ConfidentialVM", "uefiSettings": settings}}


def vm(world: World, name: str = "vm-1", **made: Any) -> str:
    return world.make("compute:VirtualMachine", vmName=name, **made)


@pytest.fixture
def nic(world: World) -> str:
    world.vnet()
    return world.nic(subnet=world.subnet())


def test_linux_vm_is_created(world: World, nic: str) -> None:
    found = world.read(vm(world, **linux(nic, identity={"type": "SystemAssigned"})))
    assert found["osProfile"]["computerName"] == "vm-1"
    assert found["identity"]["principalId"]
    assert found["vmId"]


def test_denied_system_disk_refuses_its_vm(world: World, nic: str) -> None:
    """Azure creates it with the machine, and its request has no network settings."""
    disk = "Microsoft.Compute/disks"
    opened = {"field": f"{disk}/networkAccessPolicy", "notEquals": "DenyAll"}
    rule = {"if": {"allOf": [{"field": "type", "equals": disk}, opened]}, "then": {"effect": "deny"}}
    definition = world.make("authorization:PolicyDefinition", policyDefinitionName="closed", mode="All",
                            policyType="Custom", policyRule=rule)  # fmt: skip
    world.make("authorization:PolicyAssignment", policyAssignmentName="closed", policyDefinitionId=definition,
               scope=f"/subscriptions/{SUBSCRIPTION}")  # fmt: skip
    with refused("RequestDisallowedByPolicy"):
        vm(world, **linux(nic))


def test_password_is_not_returned(world: World, nic: str) -> None:
    made = linux(nic, osProfile={"adminUsername": "steward", "adminPassword": "Correct-Horse-9"})
    assert "adminPassword" not in world.read(vm(world, **made))["osProfile"]


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ({"adminUsername": "root", "adminPassword": "Correct-Horse-9"}, "InvalidParameter"),
        ({"adminUsername": "steward", "adminPassword": "short"}, "InvalidParameter"),
        ({"adminUsername": "steward"}, "InvalidParameter"),
        ({"adminUsername": "steward", "adminPassword": "Correct-Horse-9", "computerName": "_x"}, "InvalidParameter"),
    ],
)
def test_invalid_login_or_computer_name_is_refused(world: World, nic: str, profile: dict[str, Any], code: str) -> None:
    with refused(code):
        vm(world, **linux(nic, osProfile=profile))


def test_windows_computer_name_has_at_most_15_characters(world: World, nic: str) -> None:
    profile = {"adminUsername": "steward", "adminPassword": "Correct-Horse-9", "windowsConfiguration": {}}
    with refused("InvalidParameter"):
        vm(world, name="workspace-windows-1", **windows(nic, osProfile=profile))
    vm(world, name="workspace-windows-1", **windows(nic, osProfile=profile | {"computerName": "ws1"}))


def test_what_is_of_another_system_than_the_image_is_refused(world: World, nic: str) -> None:
    """As in Azure/azvmimagebuilder issue 51 and azure-quickstart-templates issue 1497."""
    for made, other in ((windows(nic), "linuxConfiguration"), (linux(nic), "windowsConfiguration")):
        made["osProfile"] = windows(nic)["osProfile"] | {other: {}}
        with pytest.raises(AzureError, match=f"The value of parameter {other} is invalid"):
            vm(world, **made)


def test_a_system_disk_smaller_than_the_image_of_windows_is_refused(world: World, nic: str) -> None:
    made = windows(nic)
    made["storageProfile"]["osDisk"]["diskSizeGB"] = 64
    with refused("OperationNotAllowed"):
        vm(world, **made)


def test_an_extension_of_another_system_is_refused_and_so_is_a_join_without_an_identity(world: World, nic: str) -> None:
    vm(world, **windows(nic))
    entra = {"vmName": "vm-1", "vmExtensionName": "login", "publisher": "Microsoft.Azure.ActiveDirectory",
             "typeHandlerVersion": "1.0", "location": "uksouth"}  # fmt: skip
    for type_, why in (("AADSSHLoginForLinux", "exit code 51"), ("AADLoginForWindows", "TENANTID_UNAVAILABLE")):
        with pytest.raises(AzureError, match=why):
            world.make("compute:VirtualMachineExtension", **entra, type=type_)


def test_ssh_key_has_the_default_path_and_format(world: World, nic: str) -> None:
    for key in (
        {"path": "/root/.ssh/keys", "keyData": SSH_KEY},
        {"path": "/home/steward/.ssh/authorized_keys", "keyData": "x"},
    ):
        made = linux(nic)
        made["osProfile"]["linuxConfiguration"]["ssh"]["publicKeys"] = [key]
        with refused("InvalidParameter"):
            vm(world, **made)


def test_nic_has_one_vm_and_cannot_be_deleted_in_use(world: World, nic: str) -> None:
    first = vm(world, **linux(nic))
    with refused("NicInUse"):
        vm(world, name="vm-2", **linux(nic))
    with refused("NicInUse"):
        world.remove(nic)
    world.remove(first)
    world.remove(nic)


def test_vm_has_at_most_one_existing_zone(world: World, nic: str) -> None:
    with refused("InvalidParameter"):
        vm(world, **linux(nic, zones=["1", "2"]))
    with refused("InvalidAvailabilityZone"):
        vm(world, **linux(nic, zones=["9"]))


def test_uefi_settings_need_a_security_type(world: World, nic: str) -> None:
    uefi = {"uefiSettings": {"vTpmEnabled": True}}
    with refused("BadRequest"):
        vm(world, **linux(nic, securityProfile=uefi))
    vm(world, **linux(nic, securityProfile=uefi | {"securityType": "TrustedLaunch"}))


def test_confidential_size_and_security_type_go_together(world: World, nic: str) -> None:
    with refused("BadRequest"):
        vm(world, **linux(nic, hardwareProfile={"vmSize": "Standard_DC4as_v5"}))
    with refused("BadRequest"):
        vm(world, **(confidential(nic) | {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}))
    vm(world, **confidential(nic))


@pytest.mark.parametrize("setting", ["vTpmEnabled", "secureBootEnabled"])
def test_confidential_disk_needs_vtpm_and_secure_boot(world: World, nic: str, setting: str) -> None:
    with refused("BadRequest"):
        vm(world, **confidential(nic, **{setting: False}))


def test_host_encryption_excludes_confidential_disk_encryption(world: World, nic: str) -> None:
    made = confidential(nic)
    made["securityProfile"]["encryptionAtHost"] = True
    with refused("BadRequest"):
        vm(world, **made)


def test_confidential_disk_needs_a_confidential_set(world: World, nic: str) -> None:
    plain, made = granted_set(world), confidential(nic)
    profile = made["storageProfile"]["osDisk"]["managedDisk"]["securityProfile"]
    profile["diskEncryptionSet"] = {"id": plain}
    with refused("BadRequest"):
        vm(world, **made)
    kind = "ConfidentialVmEncryptedWithCustomerKey"
    secure = encryption_set(world, "secure", encryptionType=kind, url=KEY_URL,
                            rotationToLatestKeyVersionEnabled=False)  # fmt: skip
    profile["diskEncryptionSet"] = {"id": secure}
    with refused("KeyVaultAccessForbidden"):
        vm(world, **made)
    vault = "/".join(plain.split("/")[:5]) + "/providers/Microsoft.KeyVault/vaults/kv-one"
    world.grant(world.read(secure)["identity"]["principalId"], vault, name="2")
    vm(world, **made)


@pytest.mark.parametrize("size", ["Standard_B2ms", "Standard_A2_v2", "Standard_DS1_v2"])
def test_old_and_small_sizes_have_no_accelerated_networking(world: World, size: str) -> None:
    world.vnet()
    config = {"name": "ip", "subnet": {"id": world.subnet()}}
    nic = world.make("network:NetworkInterface", networkInterfaceName="nic-1", ipConfigurations=[config],
                      enableAcceleratedNetworking=True)  # fmt: skip
    made = linux(nic, hardwareProfile={"vmSize": size})
    made["storageProfile"]["osDisk"]["managedDisk"] = {"storageAccountType": "Standard_LRS"}
    with refused("VMSizeIsNotPermittedToEnableAcceleratedNetworking"):
        vm(world, **made)
    vm(world, **made | {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}})


@pytest.mark.parametrize("size", ["Standard_D4_v5", "Standard_A2_v2", "Standard_D4ad_v5"])
def test_premium_disk_needs_a_size_that_supports_it(world: World, nic: str, size: str) -> None:
    with refused("InvalidParameter"):
        vm(world, **linux(nic, hardwareProfile={"vmSize": size}))
    for other in ("Standard_DS2_v2", "Standard_NC24ads_A100_v4", "Standard_E4-2s_v5"):
        world.remove(vm(world, **linux(nic, hardwareProfile={"vmSize": other})))


def test_data_disk_is_free_and_in_the_zone(world: World, nic: str) -> None:
    far = disk(world, zones=["1"])
    made = linux(nic, zones=["2"])
    made["storageProfile"]["dataDisks"] = [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": far}}]
    with refused("BadRequest"):
        vm(world, **made)
    existing = vm(world, **(made | {"zones": ["1"]}))
    with refused("OperationNotAllowed"):
        world.remove(far)
    world.remove(existing)
    world.remove(far)


def test_confidential_set_does_not_rotate(world: World) -> None:
    world.vault()
    world.key()
    kind = "ConfidentialVmEncryptedWithCustomerKey"
    with refused("InvalidParameter"):
        encryption_set(world, encryptionType=kind)
    encryption_set(world, encryptionType=kind, url=KEY_URL, rotationToLatestKeyVersionEnabled=False)


@pytest.mark.parametrize("rotates", [True, False])
def test_key_url_has_a_version(world: World, rotates: bool) -> None:
    world.vault()
    world.key()
    with refused("InvalidParameter"):
        encryption_set(world, url=WITHOUT_VERSION, rotationToLatestKeyVersionEnabled=rotates)
    with refused("KeyNotFound"):
        encryption_set(world, url=KEY_URL.replace("k1", "k2"), rotationToLatestKeyVersionEnabled=rotates)
    encryption_set(world, rotationToLatestKeyVersionEnabled=rotates)


def test_vault_of_a_set_is_protected_and_in_its_region(world: World) -> None:
    world.vault(enablePurgeProtection=None)
    world.key()
    with refused("KeyVaultPolicyError"):
        encryption_set(world)
    world.vault("kv-two")
    world.key(vault="kv-two")
    with refused("KeyVaultAndDiskEncryptionSetNotInSameRegion"):
        encryption_set(world, url=KEY_URL.replace("kv-one", "kv-two"), location="ukwest")


def test_user_identity_of_a_set_needs_key_access(world: World) -> None:
    world.vault()
    key, identity = world.key(), world.identity()
    attached = {"type": "UserAssigned", "userAssignedIdentities": [identity]}
    with refused("KeyVaultAccessForbidden"):
        encryption_set(world, identity=attached)
    world.grant(world.principal(identity), key)
    encryption_set(world, identity=attached)


def test_disk_needs_a_set_with_key_access(world: World) -> None:
    world.vault()
    key = world.key()
    existing = encryption_set(world)
    settings = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": existing}
    with refused("KeyVaultAccessForbidden"):
        disk(world, encryption=settings)
    world.grant(world.read(existing)["identity"]["principalId"], key)
    made = disk(world, encryption=settings)
    with refused("OperationNotAllowed"):
        world.change(made, encryption={"type": "EncryptionAtRestWithPlatformKey"})
    with refused("OperationNotAllowed"):
        world.remove(existing)


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
def test_invalid_disk_settings_are_refused(world: World, settings: dict[str, Any]) -> None:
    settings = {key: value for key, value in settings.items() if value is not None}
    made = {"creationData": {"createOption": "Empty"}, "sku": {"name": "Premium_LRS"}} | settings
    if settings:
        made.setdefault("diskSizeGB", 64)
    with refused("InvalidParameter"):
        world.make("compute:Disk", diskName="d1", **made)


def test_disk_cannot_shrink(world: World) -> None:
    made = disk(world)
    with refused("ResizeDiskError"):
        world.change(made, diskSizeGB=32)
    world.change(made, diskSizeGB=128)


def test_extension_needs_its_handler_type(world: World, nic: str) -> None:
    vm(world, **linux(nic))
    handler = {"publisher": "Microsoft.Azure.Monitor", "typeHandlerVersion": "1.0"}
    with refused("InvalidParameter"):
        world.make("compute:VirtualMachineExtension", vmName="vm-1", vmExtensionName="ama", **handler)
    handler["type"] = "AzureMonitorLinuxAgent"
    world.make("compute:VirtualMachineExtension", vmName="vm-1", vmExtensionName="ama", location="uksouth", **handler)


def test_invalid_ssh_public_key_is_refused(world: World) -> None:
    with refused("InvalidParameter"):
        world.make("compute:SshPublicKey", sshPublicKeyName="key", publicKey="ssh-dss AAAA")
    world.make("compute:SshPublicKey", sshPublicKeyName="key", publicKey=SSH_KEY)


@pytest.mark.parametrize("size", [
    "Standard_D2_v5", "Standard_E8-4ds_v5", "Standard_NC24ads_A100_v4", "Standard_NV36ads_A10_v5", "Standard_L8as_v3",
    "Standard_HB120rs_v3", "Standard_M64ms_v2", "Standard_EC96ads_v5", "Standard_B4als_v2", "Standard_ND96isr_H100_v5",
])  # fmt: skip
def test_size_missing_in_the_sdk_is_accepted(world: World, size: str) -> None:
    assert not _failures(world, size)


@pytest.mark.parametrize("size", ["Standard_D3s_v5", "Standard_Z4s_v5", "standard_D4s_v5", "Standard_D4s_v5 ", "Big"])
def test_invalid_size_is_refused_with_suggestions(world: World, size: str) -> None:
    (failure,) = _failures(world, size)
    assert failure.property == "hardwareProfile.vmSize"
    assert re.search("which is not one of: .*, and [0-9]+ more", failure.reason)
    assert len(failure.reason) < 400


def _failures(world: World, size: str) -> list[Failure]:
    known = world.arm.known_type("azure-native:compute:VirtualMachine")
    inputs = {"resourceGroupName": "rg", "location": "uksouth", "hardwareProfile": {"vmSize": size}}
    return list(validate(Inputs(known.type, known.schema, inputs)))


def _with_data_disk(nic: str, id_: str, caching: str) -> dict[str, Any]:
    made = linux(nic)
    entry = {"lun": 0, "createOption": "Attach", "caching": caching, "managedDisk": {"id": id_}}
    made["storageProfile"]["dataDisks"] = [entry]
    return made


@pytest.mark.parametrize("caching", ["ReadOnly", "ReadWrite"])
def test_a_disk_above_4095_gib_has_no_host_caching(world: World, nic: str, caching: str) -> None:
    large = disk(world, diskSizeGB=4096)
    with refused("InvalidParameter"):
        vm(world, **_with_data_disk(nic, large, caching))
    vm(world, **_with_data_disk(nic, large, "None"))


def test_a_new_disk_above_4095_gib_has_no_host_caching(world: World, nic: str) -> None:
    made = linux(nic)
    made["storageProfile"]["dataDisks"] = [
        {"lun": 0, "createOption": "Empty", "caching": "ReadOnly", "diskSizeGB": 8192}
    ]
    with refused("InvalidParameter"):
        vm(world, **made)


def test_a_disk_of_4095_gib_may_be_cached(world: World, nic: str) -> None:
    vm(world, **_with_data_disk(nic, disk(world, diskSizeGB=4095), "ReadOnly"))


@pytest.mark.parametrize(("caching", "before", "after"), [("ReadOnly", 1024, 4096), ("None", 4096, 8192)])
def test_an_attached_disk_does_not_grow_beyond_4_tib(
    world: World, nic: str, caching: str, before: int, after: int
) -> None:
    grown = disk(world, diskSizeGB=before)
    machine = vm(world, **_with_data_disk(nic, grown, caching))
    with refused("OperationNotAllowed"):
        world.change(grown, diskSizeGB=after)
    world.remove(machine)
    world.change(grown, diskSizeGB=after)


@pytest.mark.parametrize(("caching", "before", "after"), [("ReadOnly", 64, 4095), ("None", 8192, 16384)])
def test_an_attached_disk_grows_on_one_side_of_4_tib(
    world: World, nic: str, caching: str, before: int, after: int
) -> None:
    grown = disk(world, diskSizeGB=before)
    vm(world, **_with_data_disk(nic, grown, caching))
    world.change(grown, diskSizeGB=after)


def test_a_restart_setting_needs_patching_by_the_platform(world: World, nic: str) -> None:
    made = linux(nic)
    patching = {"automaticByPlatformSettings": {"rebootSetting": "Never"}, "patchMode": "ImageDefault"}
    made["osProfile"]["linuxConfiguration"]["patchSettings"] = patching
    with refused("InvalidParameter"):
        vm(world, **made)
    patching["patchMode"] = "AutomaticByPlatform"
    vm(world, **made)


def test_a_schedule_shuts_down_a_virtual_machine_of_its_group_and_region(world: World, nic: str) -> None:
    target = vm(world, **linux(nic))
    made = {
        "targetResourceId": target,
        "taskType": "ComputeVmShutdownTask",
        "dailyRecurrence": {"time": "1900"},
        "timeZoneId": "GMT Standard Time",
        "notificationSettings": {"status": "Disabled"},
    }
    for wrong, code in (
        ({"name": "vm-1"}, "InvalidScheduleId"),
        ({"taskType": "LabVmsShutdownTask"}, "InvalidScheduleTaskType"),
        ({"targetResourceId": f"{target}-other"}, "InvalidScheduleTarget"),
        ({"dailyRecurrence": {"time": "19:00"}}, "InvalidScheduleTime"),
        ({"timeZoneId": "Europe/London"}, "InvalidTimeZoneId"),
        ({"location": "ukwest"}, "InvalidScheduleLocation"),
        ({"notificationSettings": {"status": "Enabled"}}, "InvalidNotificationSettings"),
    ):
        with refused(code):
            world.make("devtestlab:GlobalSchedule", **{"name": "shutdown-computevm-vm-1", **made, **wrong})
    assert world.make("devtestlab:GlobalSchedule", name="shutdown-computevm-vm-1", location="UK South", **made)
