"""A desk: the workspace computer of a project, reached through Bastion and by Entra sign-in alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import compute, managedidentity, network

from infra.components.disk_keys import DiskKeys
from infra.components.grants import Principal
from infra.components.part import Part
from infra.components.room import Room
from infra.components.sealed_network import SealedNetwork
from infra.components.security_group import SecurityGroup
from infra.components.sizes import accelerates, has_premium_storage
from infra.config import DeskConfig
from infra.egress import EgressRule
from infra.errors import BadInput
from infra.names import Kind
from infra.packages import packages
from infra.roles import Role
from infra.terminal import ADMINISTRATOR, first_boot

SYSTEM = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "version": "latest"}
SKU, CONFIDENTIAL_SKU = "server", "cvm"
"""Both are generation 2, which secure boot asks for (ubuntu.com, "Find Ubuntu images on Azure")."""


@dataclass(frozen=True)
class Disks:
    """What encrypts a desk's disks: `data` all of them, or with `system` the system disk for a confidential desk."""

    data: DiskKeys
    system: DiskKeys | None = None


class Desk(Part):
    """An Ubuntu computer with trusted launch or, where its disks are confidential, confidential computing."""

    def __init__(
        self, name: str, room: Room, net: SealedNetwork, config: DeskConfig, *, disks: Disks,
        egress: Sequence[EgressRule],
    ) -> None:  # fmt: skip
        super().__init__(name, room)
        self.config, self.disks, self.egress = config, disks, egress
        self._check_zone()
        self._check_disks()
        self._zones = [str(config.zone)] if config.zone else None
        self.identity = managedidentity.UserAssignedIdentity(
            name,
            resource_name_=room.names.local(Kind.IDENTITY, name),
            resource_group_name=room.group_name,
            location=room.location,
            tags=room.tags,
            opts=self.own(),
        )
        self.network: pulumi.Output[str] = net.virtual.network.id
        self.interface = self._interface(net)
        self.data_disk = self._data_disk()
        room.hold(f"{name}-data", self.data_disk)
        self.computer = self._computer()
        self._sign_in_with_entra()
        self.register_outputs({"computer": self.computer.id})

    def _check_zone(self) -> None:
        if self.config.zone and str(self.config.zone) not in self.room.zones:
            raise BadInput("The region has no such availability zone.", key="sde:desk.zone", found=self.config.zone,
                           allowed=", ".join(self.room.zones) or f"none in {self.room.location}")  # fmt: skip

    def _check_disks(self) -> None:
        if not has_premium_storage(self.config.size):
            raise BadInput("The desk's disks are premium ones, which this size does not take.", key="sde:desk.size",
                           found=self.config.size,
                           allowed="a size with an s after its number of cores, such as Standard_D4s_v5")  # fmt: skip

    def _interface(self, net: SealedNetwork) -> network.NetworkInterface:
        return network.NetworkInterface(
            self.called,
            network_interface_name=self.room.names.local(Kind.INTERFACE, self.called),
            resource_group_name=self.room.group_name,
            location=self.room.location,
            enable_ip_forwarding=False,
            # The network's encryption is done by the accelerated interface, which confidential computers and old sizes
            # lack.
            enable_accelerated_networking=self.disks.system is None and accelerates(self.config.size),
            ip_configurations=[
                network.NetworkInterfaceIPConfigurationArgs(
                    name=self.room.names.local(Kind.IP_CONFIGURATION, self.called),
                    primary=True,
                    private_ip_address_version=network.IPVersion.I_PV4,
                    private_ip_allocation_method=network.IPAllocationMethod.DYNAMIC,
                    subnet=network.SubnetArgs(id=net.subnet("desks")),
                )
            ],
            network_security_group=self._own_group(net).reference,
            tags=self.room.tags,
            opts=self.own(depends_on=list(net.ready)),
        )

    def _own_group(self, net: SealedNetwork) -> SecurityGroup:
        """The same flows as the subnet's, in a group of its own: a mistake in one of the two opens no desk."""
        return SecurityGroup(f"{self.called}-interface", self.room, net.flows("desks"), parent=self)

    def _data_disk(self) -> compute.Disk:
        """A disk of its own, so that the computer can be made anew without what its users have on it."""
        return compute.Disk(
            f"{self.called}-data",
            disk_name=self.room.names.local(Kind.DISK, f"{self.called}-data"),
            resource_group_name=self.room.group_name,
            location=self.room.location,
            creation_data=compute.CreationDataArgs(create_option=compute.DiskCreateOption.EMPTY),
            disk_size_gb=self.config.data_disk_gib,
            sku=compute.DiskSkuArgs(name=compute.DiskStorageAccountTypes.PREMIUM_LRS),
            encryption=compute.EncryptionArgs(
                disk_encryption_set_id=self.disks.data.set.id,
                type=compute.EncryptionType.ENCRYPTION_AT_REST_WITH_PLATFORM_AND_CUSTOMER_KEYS,
            ),
            network_access_policy=compute.NetworkAccessPolicy.DENY_ALL,
            public_network_access=compute.PublicNetworkAccess.DISABLED,
            data_access_auth_mode=compute.DataAccessAuthMode.AZURE_ACTIVE_DIRECTORY,
            zones=self._zones,
            tags=self.room.tags,
            opts=self.kept(),
        )

    def _computer(self) -> compute.VirtualMachine:
        room = self.room
        confidential = self.disks.system is not None
        return compute.VirtualMachine(
            self.called,
            vm_name=room.names.local(Kind.COMPUTER, self.called),
            resource_group_name=room.group_name,
            location=room.location,
            hardware_profile=compute.HardwareProfileArgs(vm_size=self.config.size),
            # The sign-in extension speaks as the computer itself; the project's data is read as the desk's identity.
            identity=compute.VirtualMachineIdentityArgs(
                type=compute.ResourceIdentityType.SYSTEM_ASSIGNED_USER_ASSIGNED,
                user_assigned_identities=[self.identity.id],
            ),
            security_profile=compute.SecurityProfileArgs(
                security_type=(
                    compute.SecurityTypes.CONFIDENTIAL_VM if confidential else compute.SecurityTypes.TRUSTED_LAUNCH
                ),
                uefi_settings=compute.UefiSettingsArgs(secure_boot_enabled=True, v_tpm_enabled=True),
                # A confidential system disk is encrypted inside the computer, which excludes doing so at its host.
                encryption_at_host=not confidential,
            ),
            storage_profile=self._disks(),
            network_profile=compute.NetworkProfileArgs(
                network_interfaces=[
                    compute.NetworkInterfaceReferenceArgs(
                        id=self.interface.id, primary=True, delete_option=compute.DeleteOptions.DETACH
                    )
                ]
            ),
            os_profile=self._system(),
            diagnostics_profile=compute.DiagnosticsProfileArgs(
                boot_diagnostics=compute.BootDiagnosticsArgs(enabled=True)
            ),
            zones=self._zones,
            tags=room.tags,
            opts=self.own(),
        )

    def _disks(self) -> compute.StorageProfileArgs:
        system, data = self.disks.system, self.disks.data
        if system:
            managed = compute.ManagedDiskParametersArgs(
                storage_account_type=compute.StorageAccountTypes.PREMIUM_LRS,
                security_profile=compute.VMDiskSecurityProfileArgs(
                    security_encryption_type=compute.SecurityEncryptionTypes.DISK_WITH_VM_GUEST_STATE,
                    disk_encryption_set=compute.DiskEncryptionSetParametersArgs(id=system.set.id),
                ),
            )
        else:
            managed = compute.ManagedDiskParametersArgs(
                storage_account_type=compute.StorageAccountTypes.PREMIUM_LRS,
                disk_encryption_set=compute.DiskEncryptionSetParametersArgs(id=data.set.id),
            )
        return compute.StorageProfileArgs(
            image_reference=compute.ImageReferenceArgs(sku=CONFIDENTIAL_SKU if system else SKU, **SYSTEM),
            os_disk=compute.OSDiskArgs(
                name=self.room.names.local(Kind.DISK, f"{self.called}-system"),
                create_option=compute.DiskCreateOptionTypes.FROM_IMAGE,
                disk_size_gb=self.config.os_disk_gib,
                caching=compute.CachingTypes.READ_WRITE,
                delete_option=compute.DiskDeleteOptionTypes.DELETE,
                managed_disk=managed,
            ),
            data_disks=[
                compute.DataDiskArgs(
                    lun=0,
                    create_option=compute.DiskCreateOptionTypes.ATTACH,
                    caching=compute.CachingTypes.READ_ONLY,
                    delete_option=compute.DiskDeleteOptionTypes.DETACH,
                    managed_disk=compute.ManagedDiskParametersArgs(id=self.data_disk.id),
                )
            ],
        )

    def _system(self) -> compute.OSProfileArgs:
        key = compute.SshPublicKeyArgs(
            key_data=self.config.admin_public_key, path=f"/home/{ADMINISTRATOR}/.ssh/authorized_keys"
        )
        return compute.OSProfileArgs(
            admin_username=ADMINISTRATOR,
            computer_name=self.room.names.computer(self.called),
            allow_extension_operations=True,
            custom_data=first_boot(**packages(self.egress)),
            linux_configuration=compute.LinuxConfigurationArgs(
                disable_password_authentication=True,
                provision_vm_agent=True,
                patch_settings=compute.LinuxPatchSettingsArgs(
                    patch_mode=compute.LinuxVMGuestPatchMode.AUTOMATIC_BY_PLATFORM,
                    assessment_mode=compute.LinuxPatchAssessmentMode.AUTOMATIC_BY_PLATFORM,
                ),
                ssh=compute.SshConfigurationArgs(public_keys=[key]),
            ),
        )

    def _sign_in_with_entra(self) -> None:
        compute.VirtualMachineExtension(
            f"{self.called}-sign-in",
            vm_extension_name="AADSSHLoginForLinux",
            vm_name=self.computer.name,
            resource_group_name=self.room.group_name,
            location=self.room.location,
            publisher="Microsoft.Azure.ActiveDirectory",
            type="AADSSHLoginForLinux",
            type_handler_version="1.0",
            auto_upgrade_minor_version=True,
            tags=self.room.tags,
            opts=self.own(),
        )

    @property
    def works_as(self) -> Principal:
        """The desk's identity, as somebody who can be granted something."""
        return Principal.service(self.identity.principal_id)

    def grant_sign_in(self, name: str, who: Principal) -> None:
        """Lets somebody sign in through Bastion, as an ordinary user: the login itself, and sight of the computer, its
        interface and, as Bastion stands in a peered one, its network (learn.microsoft.com, "Configure Microsoft Entra
        ID authentication for Azure Bastion"). Sight of Bastion is the platform's to give."""
        self.grant(f"{self.called}-{name}-sign-in", Role.DESK_USER, who, self.computer.id)
        self.grant(f"{self.called}-{name}-see-desk", Role.READER, who, self.computer.id)
        self.grant(f"{self.called}-{name}-see-interface", Role.READER, who, self.interface.id)
        self.grant(f"{self.called}-{name}-see-network", Role.READER, who, self.network)
