"""Microsoft.Compute: virtual machines and their extensions. Sources: azure-facts 1.1, 2.6, 3, 7.

The feature Microsoft.Compute/EncryptionAtHost is taken to be registered on the local subscriptions; on real Azure it
must be, or encryptionAtHost is refused (azure-facts 2.6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import every, guid, identity_outputs, one, place, refuse, same, upto, zones_exist
from local_azure.types.compute_disk import DISK, refuse_unusable_set, ssh_key_is_sound
from local_azure.types.vm_sizes import NEWER, accelerated_only_where_possible, premium_disks_fit

MACHINE = "azure-native:compute:VirtualMachine"
EXTENSION = "azure-native:compute:VirtualMachineExtension"
CARD = "azure-native:network:NetworkInterface"
MADE = "2026-01-01T00:00:00+00:00"

CONFIDENTIAL_SIZE = re.compile(r"Standard_[DE]C\d+(a|e)\w*_v[5-9](_cc)?", re.I)
"""Confidential families: DCas/DCads/ECas/ECads and DCes/DCeds/ECes/ECeds, v5 and later (azure-facts 2.6, CVM)."""

FORBIDDEN_USERS = frozenset(
    [
        "1",
        "123",
        "a",
        "actuser",
        "adm",
        "admin",
        "admin1",
        "admin2",
        "administrator",
        "aspnet",
        "backup",
        "console",
        "david",
        "guest",
        "john",
        "owner",
        "root",
        "server",
        "sql",
        "support",
        "support_388945a0",
        "sys",
        "test",
        "test1",
        "test2",
        "test3",
        "user",
        "user1",
        "user2",
        "user3",
        "user4",
        "user5",
        "video",
    ]
)
"""Names that Azure refuses for the first user (azure-facts 1.1)."""


def _windows(change: Change) -> bool:
    asked: bool = one(change.new, "osProfile.windowsConfiguration") is not None
    return asked or bool(one(change.new, "storageProfile.osDisk.osType") == "Windows")


def _made_from_image(change: Change) -> bool:
    return bool(one(change.new, "storageProfile.osDisk.createOption") == "FromImage")


def _invalid(text: str, target: str, code: str = "InvalidParameter") -> None:
    refuse(code, text, target=target)


def _says_what_it_is(change: Change) -> None:
    for path in ("hardwareProfile.vmSize", "storageProfile.osDisk.createOption"):
        if one(change.new, path) is None:
            _invalid(f"Required parameter '{path}' is missing (null).", path)
    if _made_from_image(change) and not one(change.new, "storageProfile.imageReference"):
        path = "storageProfile.imageReference"
        _invalid(f"Required parameter '{path}' is missing (null).", path)


def _zone_or_availability_set(change: Change) -> None:
    if change.new.get("zones") and change.new.get("availabilitySet"):
        refuse("BadRequest", "Availability zone and availability set exclude each other.")
    if len(change.new.get("zones") or ()) > 1:
        refuse("InvalidParameter", "A virtual machine stands in one zone at most.", target="zones")


def _user_and_login_are_given(change: Change) -> None:
    if not _made_from_image(change):
        return
    user = str(one(change.new, "osProfile.adminUsername", ""))
    if not user:
        path = "osProfile.adminUsername"
        _invalid(f"Required parameter '{path}' is missing (null).", path)
    if user.lower() in FORBIDDEN_USERS:
        text = "The Admin Username specified is not allowed. For more information about disallowed usernames, see "
        _invalid(text + "https://aka.ms/vmosprofile", "adminUsername")
    if len(user) > (20 if _windows(change) else 64):
        _invalid(f"Admin username is {len(user)} characters long.", "adminUsername")


def _login_is_possible(change: Change) -> None:
    """Windows needs a password; Linux a password or, where passwords are off, an SSH key."""
    if not _made_from_image(change):
        return
    secret = one(change.new, "osProfile.adminPassword")
    off = one(change.new, "osProfile.linuxConfiguration.disablePasswordAuthentication") is True
    keys = every(change.new, "osProfile.linuxConfiguration.ssh.publicKeys[*]")
    if _windows(change) and not secret:
        _invalid("Required parameter 'adminPassword' is missing (null).", "adminPassword")
    if not _windows(change) and off and not keys:
        _invalid(
            "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
            "linuxConfiguration",
        )
    if not _windows(change) and not off and not secret:
        _invalid(
            "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
            "linuxConfiguration",
        )


def _password_is_strong(change: Change) -> None:
    """12 to 123 (Linux 72) characters with three of: lower case, upper case, digit, other."""
    word = one(change.new, "osProfile.adminPassword")
    if not isinstance(word, str):
        return
    kinds = sum(bool(re.search(kind, word)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"[\W_]"))
    longest = 123 if _windows(change) else 72
    if not 12 <= len(word) <= longest or kinds < 3:
        text = f"The supplied password must be between 12-{longest} characters long and must satisfy at least 3 of "
        _invalid(text + "password complexity requirements.", "adminPassword")


def _keys_are_openssh(change: Change) -> None:
    user = one(change.new, "osProfile.adminUsername")
    for key in every(change.new, "osProfile.linuxConfiguration.ssh.publicKeys[*]"):
        path = f"/home/{user}/.ssh/authorized_keys"
        if key.get("path") != path:
            text = f"Destination path for SSH public keys is currently limited to its default value {path}"
            _invalid(text, "linuxConfiguration.ssh.publicKeys.path")
        if not ssh_key_is_sound(str(key.get("keyData", ""))):
            _invalid(
                "The value of parameter keyData is invalid: not an OpenSSH public key.",
                "linuxConfiguration.ssh.publicKeys.keyData",
            )


def _computer_name_fits(change: Change) -> None:
    """15 characters for Windows, 64 for Linux; left out, it is the machine's own name (azure-facts 1.1)."""
    if not _made_from_image(change):
        return
    name = str(one(change.new, "osProfile.computerName", change.name))
    windows = _windows(change)
    shape = (
        r"(?!\d+$)[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?" if windows else r"(?!_)[A-Za-z0-9_.-]{0,63}[A-Za-z0-9_]"
    )
    if not re.fullmatch(shape, name):
        limit = 15 if windows else 64
        text = (
            f"{'Windows' if windows else 'Linux'} computer name '{name}' cannot be more than {limit} characters long, "
        )
        _invalid(text + "be entirely numeric (Windows), or contain other than letters, digits and -.", "computerName")


def _cards_are_free_and_near(change: Change) -> None:
    cards = [str(id_) for id_ in every(change.new, "networkProfile.networkInterfaces[*].id")]
    if not cards and not every(change.new, "networkProfile.networkInterfaceConfigurations[*]"):
        path = "networkProfile.networkInterfaces"
        _invalid(f"The VM must have at least one network interface: {path}.", path)
    for card in cards:
        stored = change.cloud.get(card)
        if stored and place(stored.location) != place(change.location):
            text = f"Resource {card} referenced by resource {change.id} was not found. Please make sure that the "
            refuse(
                "InvalidResourceReference",
                text + "referenced resource exists, and that both resources are in the same region.",
            )
        for user in change.cloud.users(card):
            if user.token == MACHINE and not same(user.id, change.id):
                text = f"Network Interface {card} is used by existing resource {user.id}."
                refuse("NicInUse", text, target=card)


def _cards_stand_in_one_network(change: Change) -> None:
    cards = [change.cloud.get(str(id_)) for id_ in every(change.new, "networkProfile.networkInterfaces[*].id")]
    subnets = [str(id_) for card in cards if card for id_ in every(card.properties, "ipConfigurations[*].subnet.id")]
    if len({str(upto(id_, "virtualNetworks")).lower() for id_ in subnets}) > 1:
        refuse("SubnetsNotInSameVnet", f"The network interfaces of {change.name} are not in one virtual network.")


def _one_card_is_primary(change: Change) -> None:
    cards = every(change.new, "networkProfile.networkInterfaces[*]")
    if len(cards) > 1 and sum(card.get("primary") is True for card in cards) != 1:
        text = "Virtual machine has multiple network interfaces; exactly one must be marked as primary."
        refuse("VirtualMachineMustHaveOneNetworkInterfaceAsPrimary", text)


def _uefi_needs_a_security_type(change: Change) -> None:
    if one(change.new, "securityProfile.uefiSettings") and one(change.new, "securityProfile.securityType") in (
        None,
        "Standard",
    ):
        refuse(
            "BadRequest", "Use of UEFI settings is not supported for VMs of this security type.", target="uefiSettings"
        )


def _confidential(change: Change) -> bool:
    return bool(one(change.new, "securityProfile.securityType") == "ConfidentialVM")


def _disk_secret(change: Change) -> str | None:
    return one(change.new, "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType")  # type: ignore[no-any-return]


def _confidential_size_and_type_go_together(change: Change) -> None:
    size = str(one(change.new, "hardwareProfile.vmSize", ""))
    fits = CONFIDENTIAL_SIZE.fullmatch(size) is not None
    if _confidential(change) != fits:
        text = f"The VM size '{size}' {'is not supported for' if not fits else 'requires'} securityType ConfidentialVM."
        refuse("BadRequest", text, target="hardwareProfile.vmSize")


def _confidential_says_how_its_disk_is_sealed(change: Change) -> None:
    sealed, vtpm = _disk_secret(change), one(change.new, "securityProfile.uefiSettings.vTpmEnabled") is True
    if _confidential(change) != bool(sealed):
        text = "securityEncryptionType on the OS disk goes with securityType ConfidentialVM, and only with it."
        refuse("BadRequest", text, target="securityEncryptionType")
    if sealed and not vtpm:
        refuse("BadRequest", "A confidential VM needs uefiSettings.vTpmEnabled.", target="vTpmEnabled")
    if (
        sealed == "DiskWithVMGuestState"
        and one(change.new, "securityProfile.uefiSettings.secureBootEnabled") is not True
    ):
        text = "securityEncryptionType DiskWithVMGuestState needs uefiSettings.secureBootEnabled."
        refuse("BadRequest", text, target="secureBootEnabled")


def _host_encryption_excludes_sealed_disks(change: Change) -> None:
    """Both would encrypt the OS disk twice (azure-facts 2.6)."""
    if one(change.new, "securityProfile.encryptionAtHost") is True and _disk_secret(change) == "DiskWithVMGuestState":
        text = (
            "encryptionAtHost cannot be enabled together with confidential OS disk encryption (DiskWithVMGuestState)."
        )
        refuse("BadRequest", text, target="encryptionAtHost")


def _confidential_lacks_accelerated_networking(change: Change) -> None:
    """azure-facts 2.6 (CVM, 2023)."""
    for id_ in every(change.new, "networkProfile.networkInterfaces[*].id") if _confidential(change) else ():
        card = change.cloud.get(str(id_))
        if card and card.properties.get("enableAcceleratedNetworking") is True:
            refuse(
                "BadRequest", f"Network interface {id_} is accelerated; confidential VMs do not support it.", target=id_
            )


def _disk_sets_fit(change: Change) -> None:
    """A sealed disk takes a confidential set under securityProfile, a plain one under diskEncryptionSet."""
    secure = one(change.new, "storageProfile.osDisk.managedDisk.securityProfile.diskEncryptionSet.id")
    if secure and _disk_secret(change) != "DiskWithVMGuestState":
        text = "securityProfile.diskEncryptionSet needs securityEncryptionType DiskWithVMGuestState."
        refuse("BadRequest", text, target="diskEncryptionSet")
    if secure:
        refuse_unusable_set(change.cloud, secure, region=change.location, confidential=True)
    plain = every(change.new, "storageProfile.osDisk.managedDisk.diskEncryptionSet.id")
    for id_ in plain + every(change.new, "storageProfile.dataDisks[*].managedDisk.diskEncryptionSet.id"):
        refuse_unusable_set(change.cloud, id_, region=change.location, confidential=False)


def _data_disks_have_places_of_their_own(change: Change) -> None:
    luns = every(change.new, "storageProfile.dataDisks[*].lun")
    if len(luns) != len(set(luns)) or any(not 0 <= lun <= 63 for lun in luns):
        _invalid(f"The luns {luns} of the data disks must each be its own, 0 to 63.", "dataDisk.lun")


def _data_disks_are_near_and_free(change: Change) -> None:
    for disk in every(change.new, "storageProfile.dataDisks[*].managedDisk.id"):
        stored = change.cloud.get(str(disk))
        if stored and [*(stored.properties.get("zones") or ())] != [*(change.new.get("zones") or ())]:
            text = f"Disk {disk} and virtual machine {change.name} are not in the same availability zone."
            refuse("BadRequest", text, target=disk)
        for user in change.cloud.users(str(disk)):
            if user.token == MACHINE and not same(user.id, change.id):
                refuse(
                    "AttachDiskWhileBeingDetached",
                    f"Disk '{disk}' is attached to VM {user.id}.",
                    status=409,
                    target=disk,
                )


def _ephemeral_disks_are_read_cached(change: Change) -> None:
    disk = one(change.new, "storageProfile.osDisk", {})
    if one(disk, "diffDiskSettings.option") == "Local" and disk.get("caching") != "ReadOnly":
        _invalid("An ephemeral OS disk needs caching ReadOnly.", "osDisk.caching")


def _write_accelerator_needs_premium(change: Change) -> None:
    disks = every(change.new, "storageProfile.osDisk") + every(change.new, "storageProfile.dataDisks[*]")
    for disk in disks:
        premium = one(disk, "managedDisk.storageAccountType") == "Premium_LRS" and disk.get("caching") in (None, "None")
        if disk.get("writeAcceleratorEnabled") is True and not premium:
            _invalid("writeAcceleratorEnabled needs Premium_LRS and caching None.", "writeAcceleratorEnabled")


def _outputs(change: Change) -> Mapping[str, Json]:
    profile = dict(change.new.get("storageProfile") or {})
    os_disk = dict(profile.get("osDisk") or {})
    os_disk.setdefault("name", f"{change.name}_OsDisk_1_{guid(change.id, 'os').replace('-', '')}")
    profile["osDisk"] = os_disk
    login = {
        key: value
        for key, value in (change.new.get("osProfile") or {}).items()
        if key not in ("adminPassword", "customData")
    }
    login |= {
        "computerName": login.get("computerName", change.name),
        "allowExtensionOperations": login.get("allowExtensionOperations", True),
    }
    outputs: dict[str, Json] = {
        "vmId": guid(change.id, "machine"),
        "provisioningState": "Succeeded",
        "timeCreated": MADE,
        "etag": guid(change.id, "etag"),
        "storageProfile": profile,
        **identity_outputs(change),
    }
    return outputs | ({"osProfile": login} if change.new.get("osProfile") else {})


# Extensions ----------------------------------------------------------------------------------------------------------


def _extension_names_its_handler(change: Change) -> None:
    for path in ("publisher", "type", "typeHandlerVersion"):
        if not change.new.get(path):
            _invalid(f"Required parameter '{path}' is missing (null).", path)


def _extensions_are_allowed(change: Change) -> None:
    machine = change.cloud.get(str(upto(change.id, "virtualMachines")))
    if machine and one(machine.properties, "osProfile.allowExtensionOperations") is False:
        text = f"Extension operations are disallowed on virtual machine {machine.name}."
        refuse("OperationNotAllowed", text, status=409)


def _extension_outputs(_: Change) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded"}


TYPES = (
    AzureType(
        token=MACHINE,
        name=Name(
            r"(?!\d+$)(?=.{1,64}$)[A-Za-z0-9]([\w.-]*[A-Za-z0-9_])?", "1-64 letters, digits, ., - or _, not all digits"
        ),
        references={
            "networkProfile.networkInterfaces[*].id": (CARD,),
            "storageProfile.dataDisks[*].managedDisk.id": (DISK,),
            "storageProfile.osDisk.managedDisk.id": (DISK,),
        },
        fixed=(
            "zones",
            "availabilitySet.id",
            "osProfile.adminUsername",
            "osProfile.computerName",
            "osProfile.customData",
            "osProfile.linuxConfiguration.ssh",
            "osProfile.adminPassword",
            "priority",
            "plan",
            "platformFaultDomain",
            "storageProfile.imageReference",
            "storageProfile.osDisk.name",
            "storageProfile.osDisk.osType",
            "storageProfile.osDisk.createOption",
            "storageProfile.osDisk.managedDisk.securityProfile",
            "securityProfile.securityType",
        ),
        also_open={"hardwareProfile.vmSize": NEWER},
        computed=_outputs,
        write_only=("osProfile.adminPassword", "osProfile.customData"),
        rules=(
            _says_what_it_is,
            _zone_or_availability_set,
            _user_and_login_are_given,
            _login_is_possible,
            _password_is_strong,
            _keys_are_openssh,
            _computer_name_fits,
            _cards_are_free_and_near,
            _cards_stand_in_one_network,
            _one_card_is_primary,
            _uefi_needs_a_security_type,
            _confidential_size_and_type_go_together,
            _confidential_says_how_its_disk_is_sealed,
            _host_encryption_excludes_sealed_disks,
            _confidential_lacks_accelerated_networking,
            accelerated_only_where_possible,
            premium_disks_fit,
            _disk_sets_fit,
            _data_disks_have_places_of_their_own,
            _data_disks_are_near_and_free,
            _ephemeral_disks_are_read_cached,
            _write_accelerator_needs_premium,
            zones_exist,
        ),
    ),
    AzureType(
        token=EXTENSION,
        name=Name(r"[A-Za-z0-9_.-]{1,80}", "1-80 letters, digits, _, . or -", scope="parent"),
        location="inherited",
        computed=_extension_outputs,
        fixed=("publisher", "type"),
        write_only=("protectedSettings",),
        rules=(_extension_names_its_handler, _extensions_are_allowed),
    ),
)
