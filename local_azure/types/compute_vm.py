"""Microsoft.Compute: virtual machines.

Facts: docs/azure-facts.md#names-of-disks-and-virtual-machines, #virtual-machines, #logins, #fixed-properties,
#restarts-by-patching.

The feature Microsoft.Compute/EncryptionAtHost is registered by default (docs/azure-facts.md#encryption-at-host).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.fixed_properties import PROPERTY_FIXED
from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types import system_disk
from local_azure.types.common import (
    ancestor_id,
    availability_zones_exist,
    guid,
    identity_outputs,
    refuse,
    same,
    value_at,
    values_at,
)
from local_azure.types.compute_disk import DISK, is_valid_ssh_key, require_usable_set
from local_azure.types.data_disks import (
    data_disks_are_free_and_in_zone,
    large_disks_are_not_cached,
    luns_are_unique,
    system_disk_keeps_its_size,
)
from local_azure.types.vm_sizes import (
    SIZE_GRAMMAR,
    VM,
    accelerated_networking_fits_size,
    cores_are_within_quota,
    premium_disks_fit_size,
    resize_keeps_the_kind_of_disk,
    size_is_available,
)
from local_azure.types.vm_system import is_windows, profile_fits_the_image, system_disk_holds_the_image

HOST_ENCRYPTION = "Microsoft.Compute/EncryptionAtHost"
NIC = "azure-native:network:NetworkInterface"
CREATED_AT = "2026-01-01T00:00:00+00:00"

CONFIDENTIAL_SIZE = re.compile(r"Standard_[DE]C\d+(a|e)\w*_v[5-9](_cc)?", re.I)
"""Sizes of confidential virtual machines (docs/azure-facts.md#confidential-virtual-machines)."""

_DISALLOWED = """
1 123 a actuser adm admin admin1 admin2 administrator aspnet backup console david guest john owner root
server sql support support_388945a0 sys test test1 test2 test3 user user1 user2 user3 user4 user5 video
"""
DISALLOWED_USERNAMES = frozenset(_DISALLOWED.split())
"""User names that Azure refuses (docs/azure-facts.md#computer-names-and-administrator-names)."""


def _is_windows(request: Request) -> bool:
    return is_windows(request.new)


def _is_from_image(request: Request) -> bool:
    return bool(value_at(request.new, "storageProfile.osDisk.createOption") == "FromImage")


def _refuse_parameter(text: str, target: str) -> None:
    refuse("InvalidParameter", text, target=target)


def _has_required_properties(request: Request) -> None:
    for path in ("hardwareProfile.vmSize", "storageProfile.osDisk.createOption"):
        if value_at(request.new, path) is None:
            _refuse_parameter(f"Required parameter '{path}' is missing (null).", path)
    if _is_from_image(request) and not value_at(request.new, "storageProfile.imageReference"):
        path = "storageProfile.imageReference"
        _refuse_parameter(f"Required parameter '{path}' is missing (null).", path)


def _zone_or_availability_set(request: Request) -> None:
    if request.new.get("zones") and request.new.get("availabilitySet"):
        refuse("BadRequest", "Availability zone and availability set exclude each other.")
    if len(request.new.get("zones") or ()) > 1:
        refuse("InvalidParameter", "A virtual machine is in one zone at most.", target="zones")


def _host_encryption_is_registered(request: Request) -> None:
    settings = request.cloud.settings(request.subscription)
    if (
        settings
        and value_at(request.new, "securityProfile.encryptionAtHost") is True
        and settings.has("unregistered_features", HOST_ENCRYPTION)
    ):
        path = "securityProfile.encryptionAtHost"
        text = f"The property '{path}' is not valid because the '{HOST_ENCRYPTION}' feature is not enabled for this"
        _refuse_parameter(f"{text} subscription.", path)


def _admin_username_is_allowed(request: Request) -> None:
    if not _is_from_image(request):
        return
    user = str(value_at(request.new, "osProfile.adminUsername", ""))
    if not user:
        path = "osProfile.adminUsername"
        _refuse_parameter(f"Required parameter '{path}' is missing (null).", path)
    if user.lower() in DISALLOWED_USERNAMES:
        text = "The Admin Username specified is not allowed. For more information about disallowed usernames, see "
        _refuse_parameter(text + "https://aka.ms/vmosprofile", "adminUsername")
    if len(user) > (20 if _is_windows(request) else 64):
        _refuse_parameter(f"Admin username is {len(user)} characters long.", "adminUsername")


def _has_login_method(request: Request) -> None:
    """Windows needs a password, Linux a password or, with passwords disabled, an SSH key."""
    if not _is_from_image(request):
        return
    secret = value_at(request.new, "osProfile.adminPassword")
    off = value_at(request.new, "osProfile.linuxConfiguration.disablePasswordAuthentication") is True
    keys = values_at(request.new, "osProfile.linuxConfiguration.ssh.publicKeys[*]")
    if _is_windows(request) and not secret:
        _refuse_parameter("Required parameter 'adminPassword' is missing (null).", "adminPassword")
    if not _is_windows(request) and off and not keys:
        _refuse_parameter(
            "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
            "linuxConfiguration",
        )
    if not _is_windows(request) and not off and not secret:
        _refuse_parameter(
            "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
            "linuxConfiguration",
        )


def _password_is_strong(request: Request) -> None:
    """12 to 123 characters (Linux: 72), with three of: lower case, upper case, digit, other."""
    word = value_at(request.new, "osProfile.adminPassword")
    if not isinstance(word, str):
        return
    kinds = sum(bool(re.search(kind, word)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"[\W_]"))
    longest = 123 if _is_windows(request) else 72
    if not 12 <= len(word) <= longest or kinds < 3:
        text = f"The supplied password must be between 12-{longest} characters long and must satisfy at least 3 of "
        _refuse_parameter(text + "password complexity requirements.", "adminPassword")


def _ssh_keys_are_valid(request: Request) -> None:
    user = value_at(request.new, "osProfile.adminUsername")
    for key in values_at(request.new, "osProfile.linuxConfiguration.ssh.publicKeys[*]"):
        path = f"/home/{user}/.ssh/authorized_keys"
        if key.get("path") != path:
            text = f"Destination path for SSH public keys is currently limited to its default value {path}"
            _refuse_parameter(text, "linuxConfiguration.ssh.publicKeys.path")
        if not is_valid_ssh_key(str(key.get("keyData", ""))):
            _refuse_parameter(
                "The value of parameter keyData is invalid: not an OpenSSH public key.",
                "linuxConfiguration.ssh.publicKeys.keyData",
            )


def _computer_name_is_valid(request: Request) -> None:
    """The default is the resource's name (docs/azure-facts.md#computer-names-and-administrator-names)."""
    if not _is_from_image(request):
        return
    name = str(value_at(request.new, "osProfile.computerName", request.name))
    windows = _is_windows(request)
    shape = (
        r"(?!\d+$)[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?" if windows else r"(?!_)[A-Za-z0-9_.-]{0,63}[A-Za-z0-9_]"
    )
    if not re.fullmatch(shape, name):
        limit = 15 if windows else 64
        text = (
            f"{'Windows' if windows else 'Linux'} computer name '{name}' cannot be more than {limit} characters long, "
        )
        _refuse_parameter(
            text + "be entirely numeric (Windows), or contain other than letters, digits and -.", "computerName"
        )


def _nics_are_free_and_in_region(request: Request) -> None:
    nics = [str(id_) for id_ in values_at(request.new, "networkProfile.networkInterfaces[*].id")]
    if not nics and not values_at(request.new, "networkProfile.networkInterfaceConfigurations[*]"):
        path = "networkProfile.networkInterfaces"
        _refuse_parameter(f"The VM must have at least one network interface: {path}.", path)
    for nic in nics:
        stored = request.cloud.get(nic)
        if stored and normal_location(stored.location) != normal_location(request.location):
            text = f"Resource {nic} referenced by resource {request.id} was not found. Please make sure that the "
            refuse(
                "InvalidResourceReference",
                text + "referenced resource exists, and that both resources are in the same region.",
            )
        for user in request.cloud.referencing(nic):
            if user.token == VM and not same(user.id, request.id):
                text = f"Network Interface {nic} is used by existing resource {user.id}."
                refuse("NicInUse", text, target=nic)


def _nics_are_in_one_network(request: Request) -> None:
    nics = [request.cloud.get(str(id_)) for id_ in values_at(request.new, "networkProfile.networkInterfaces[*].id")]
    subnets = [str(id_) for nic in nics if nic for id_ in values_at(nic.properties, "ipConfigurations[*].subnet.id")]
    if len({str(ancestor_id(id_, "virtualNetworks")).lower() for id_ in subnets}) > 1:
        refuse("SubnetsNotInSameVnet", f"The network interfaces of {request.name} are not in one virtual network.")


def _one_nic_is_primary(request: Request) -> None:
    nics = values_at(request.new, "networkProfile.networkInterfaces[*]")
    if len(nics) > 1 and sum(nic.get("primary") is True for nic in nics) != 1:
        text = "Virtual machine has multiple network interfaces; exactly one must be marked as primary."
        refuse("VirtualMachineMustHaveOneNetworkInterfaceAsPrimary", text)


def _uefi_needs_a_security_type(request: Request) -> None:
    if value_at(request.new, "securityProfile.uefiSettings") and value_at(
        request.new, "securityProfile.securityType"
    ) in (
        None,
        "Standard",
    ):
        refuse(
            "BadRequest", "Use of UEFI settings is not supported for VMs of this security type.", target="uefiSettings"
        )


def _is_confidential(request: Request) -> bool:
    return bool(value_at(request.new, "securityProfile.securityType") == "ConfidentialVM")


def _disk_encryption_type(request: Request) -> str | None:
    return value_at(request.new, "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType")  # type: ignore[no-any-return]


def _size_fits_security_type(request: Request) -> None:
    size = str(value_at(request.new, "hardwareProfile.vmSize", ""))
    fits = CONFIDENTIAL_SIZE.fullmatch(size) is not None
    if _is_confidential(request) != fits:
        text = f"The VM size '{size}' {'requires' if fits else 'is not supported for'} securityType ConfidentialVM."
        refuse("BadRequest", text, target="hardwareProfile.vmSize")


def _confidential_disk_is_encrypted(request: Request) -> None:
    encryption, vtpm = (
        _disk_encryption_type(request),
        value_at(request.new, "securityProfile.uefiSettings.vTpmEnabled") is True,
    )
    if _is_confidential(request) != bool(encryption):
        text = "securityEncryptionType on the OS disk goes with securityType ConfidentialVM, and only with it."
        refuse("BadRequest", text, target="securityEncryptionType")
    if encryption and not vtpm:
        refuse("BadRequest", "A confidential VM needs uefiSettings.vTpmEnabled.", target="vTpmEnabled")
    if (
        encryption == "DiskWithVMGuestState"
        and value_at(request.new, "securityProfile.uefiSettings.secureBootEnabled") is not True
    ):
        text = "securityEncryptionType DiskWithVMGuestState needs uefiSettings.secureBootEnabled."
        refuse("BadRequest", text, target="secureBootEnabled")


def _host_encryption_excludes_disk_encryption(request: Request) -> None:
    """Both would encrypt the OS disk (docs/azure-facts.md#confidential-virtual-machines)."""
    if (
        value_at(request.new, "securityProfile.encryptionAtHost") is True
        and _disk_encryption_type(request) == "DiskWithVMGuestState"
    ):
        text = (
            "encryptionAtHost cannot be enabled together with confidential OS disk encryption (DiskWithVMGuestState)."
        )
        refuse("BadRequest", text, target="encryptionAtHost")


def _no_accelerated_networking_if_confidential(request: Request) -> None:
    if not _is_confidential(request):
        return
    for id_ in values_at(request.new, "networkProfile.networkInterfaces[*].id"):
        nic = request.cloud.get(str(id_))
        if nic and nic.properties.get("enableAcceleratedNetworking") is True:
            refuse(
                "BadRequest", f"Network interface {id_} is accelerated; confidential VMs do not support it.", target=id_
            )


def _disk_encryption_sets_fit(request: Request) -> None:
    """A confidential disk takes its set under securityProfile, another disk under diskEncryptionSet."""
    secure = value_at(request.new, "storageProfile.osDisk.managedDisk.securityProfile.diskEncryptionSet.id")
    if secure and _disk_encryption_type(request) != "DiskWithVMGuestState":
        text = "securityProfile.diskEncryptionSet needs securityEncryptionType DiskWithVMGuestState."
        refuse("BadRequest", text, target="diskEncryptionSet")
    if secure:
        require_usable_set(request.cloud, secure, region=request.location, confidential=True)
    plain = values_at(request.new, "storageProfile.osDisk.managedDisk.diskEncryptionSet.id")
    for id_ in plain + values_at(request.new, "storageProfile.dataDisks[*].managedDisk.diskEncryptionSet.id"):
        require_usable_set(request.cloud, id_, region=request.location, confidential=False)


def _restart_setting_needs_platform_patching(request: Request) -> None:
    for system in ("linuxConfiguration", "windowsConfiguration"):
        settings = value_at(request.new, f"osProfile.{system}.patchSettings", {})
        if settings.get("automaticByPlatformSettings") and settings.get("patchMode") != "AutomaticByPlatform":
            _refuse_parameter(
                "automaticByPlatformSettings can be set only with patchMode AutomaticByPlatform.",
                "patchSettings.automaticByPlatformSettings",
            )


def _ephemeral_disks_are_read_cached(request: Request) -> None:
    disk = value_at(request.new, "storageProfile.osDisk", {})
    if value_at(disk, "diffDiskSettings.option") == "Local" and disk.get("caching") != "ReadOnly":
        _refuse_parameter("An ephemeral OS disk needs caching ReadOnly.", "osDisk.caching")


def _write_accelerator_needs_premium(request: Request) -> None:
    disks = values_at(request.new, "storageProfile.osDisk") + values_at(request.new, "storageProfile.dataDisks[*]")
    for disk in disks:
        premium = value_at(disk, "managedDisk.storageAccountType") == "Premium_LRS" and disk.get("caching") in (
            None,
            "None",
        )
        if disk.get("writeAcceleratorEnabled") is True and not premium:
            _refuse_parameter("writeAcceleratorEnabled needs Premium_LRS and caching None.", "writeAcceleratorEnabled")


def _outputs(request: Request) -> Mapping[str, Json]:
    profile = dict(request.new.get("storageProfile") or {})
    os_disk = dict(profile.get("osDisk") or {})
    os_disk.setdefault("name", f"{request.name}_OsDisk_1_{guid(request.id, 'os').replace('-', '')}")
    profile["osDisk"] = os_disk
    os_profile = {
        key: value
        for key, value in (request.new.get("osProfile") or {}).items()
        if key not in ("adminPassword", "customData")
    }
    os_profile |= {
        "computerName": os_profile.get("computerName", request.name),
        "allowExtensionOperations": os_profile.get("allowExtensionOperations", True),
    }
    outputs: dict[str, Json] = {
        "vmId": guid(request.id, "machine"),
        "provisioningState": "Succeeded",
        "timeCreated": CREATED_AT,
        "etag": guid(request.id, "etag"),
        "storageProfile": profile,
        **identity_outputs(request),
    }
    return outputs | ({"osProfile": os_profile} if request.new.get("osProfile") else {})


TYPES = (
    AzureType(
        token=VM,
        name=NameRule(
            r"(?!\d+$)(?=.{1,64}$)[A-Za-z0-9]([\w.-]*[A-Za-z0-9_])?", "1-64 letters, digits, ., - or _, not all digits"
        ),
        references={
            "networkProfile.networkInterfaces[*].id": (NIC,),
            "storageProfile.dataDisks[*].managedDisk.id": (DISK,),
            "storageProfile.osDisk.managedDisk.id": (DISK,),
        },
        immutable=dict.fromkeys(
            (
                "zones",
                "availabilitySet.id",
                "osProfile.adminUsername",
                "osProfile.adminPassword",
                "osProfile.computerName",
                "osProfile.customData",
                "osProfile.linuxConfiguration.disablePasswordAuthentication",
                "osProfile.linuxConfiguration.ssh.publicKeys",
                "priority",
                "plan",
                "platformFaultDomain",
                "storageProfile.imageReference",
                "storageProfile.osDisk.name",
                "storageProfile.osDisk.osType",
                "storageProfile.osDisk.createOption",
                "storageProfile.osDisk.managedDisk.diskEncryptionSet",
                "storageProfile.osDisk.managedDisk.securityProfile",
                "storageProfile.osDisk.managedDisk.storageAccountType",
                "securityProfile.securityType",
            ),
            PROPERTY_FIXED,
        ),
        additional_values={"hardwareProfile.vmSize": SIZE_GRAMMAR},
        computed=_outputs,
        write_only=("osProfile.adminPassword", "osProfile.customData"),
        constraints=(
            _has_required_properties,
            system_disk.is_permitted,
            _zone_or_availability_set,
            profile_fits_the_image,
            system_disk_holds_the_image,
            _admin_username_is_allowed,
            _has_login_method,
            _password_is_strong,
            _ssh_keys_are_valid,
            _computer_name_is_valid,
            _nics_are_free_and_in_region,
            _nics_are_in_one_network,
            _one_nic_is_primary,
            _uefi_needs_a_security_type,
            _size_fits_security_type,
            _confidential_disk_is_encrypted,
            _host_encryption_excludes_disk_encryption,
            _no_accelerated_networking_if_confidential,
            _host_encryption_is_registered,
            size_is_available,
            cores_are_within_quota,
            accelerated_networking_fits_size,
            premium_disks_fit_size,
            _disk_encryption_sets_fit,
            luns_are_unique,
            data_disks_are_free_and_in_zone,
            large_disks_are_not_cached,
            _restart_setting_needs_platform_patching,
            _ephemeral_disks_are_read_cached,
            _write_accelerator_needs_premium,
            availability_zones_exist,
            resize_keeps_the_kind_of_disk,
            system_disk_keeps_its_size,
        ),
    ),
)
