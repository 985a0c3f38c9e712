"""A desk: a virtual machine of researchers or staff, reached through Bastion with an Entra sign-in only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
from pulumi_azure_native import compute, devtestlab, managedidentity, network

from formats.computers import ComputerConfig, DeskConfig, OperatingSystem
from formats.errors import InputError
from formats.vm_size_names import has_accelerated_networking
from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.desk_systems import UNITED_KINGDOM, DeskSystem, Linux, Windows
from infra.components.disk_encryption_set import DiskEncryptionSet
from infra.components.grants import Principal
from infra.components.network_security_group import NetworkSecurityGroup, NetworkSecurityGroupArgs
from infra.components.nsg_rules import SecurityRule
from infra.components.stack_subnets import StackSubnets
from infra.home_disk import LUN
from infra.names import ResourceKind
from infra.roles import CustomRole, Role

LARGEST_CACHED_DISK_GIB = 4095
"""Azure refuses host caching for a larger disk (docs/azure-facts.md#host-caching)."""


@dataclass(frozen=True)
class DiskEncryption:
    """The disk encryption sets of a desk."""

    data: DiskEncryptionSet
    """For all disks, or for the data disk only if `system` is set."""
    system: DiskEncryptionSet | None = None
    """For the system disk of a confidential desk. None: the desk is not confidential."""


@dataclass(frozen=True, kw_only=True)
class DeskArgs(ComponentArgs):
    """The arguments of `Desk`."""

    network: StackSubnets
    """The network with the desk's subnet."""
    subnet: str = "desks"
    """The purpose of the desk's subnet."""
    allowed: Sequence[SecurityRule]
    """The rules that allow traffic of the desk's interface."""
    address: IPv4Address | None = None
    """The address of its interface. None: Azure assigns one."""
    config: ComputerConfig
    """The configuration of the desk."""
    key: str
    """The configuration key of the desk, for errors."""
    disk_encryption: DiskEncryption
    first_boot: str
    """The custom data of a new virtual machine."""
    has_identity: bool = True
    """True: a user-assigned identity accesses data. False: the people who sign in use their own rights."""
    shutdown: str | None = None
    """The time of day at which Azure deallocates the virtual machine, as HH:MM. None: never."""
    after: Sequence[pulumi.Resource] = ()
    """Resources that must be created before the virtual machine, which its first boot needs."""


class Desk(BaseComponent):
    """A virtual machine with trusted launch or, with a disk encryption set for the system disk, confidential
    computing."""

    TYPE = "sde:infra:Desk"

    def __init__(self, name: str, args: DeskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope, config = args.scope, args.config
        self.config, self.disk_encryption = config, args.disk_encryption
        self.first_boot = args.first_boot
        self._system: DeskSystem = (Windows if _is_windows(config) else Linux)(self, config, args.first_boot)
        self._check_zone(args.key)
        self._zones = [str(config.zone)] if config.zone else None
        self.identity = self.new_identity(name) if args.has_identity else None
        self._readable_network = args.network.readable_network
        self.interface = self._interface(args)
        self.data_disk = self._data_disk()
        scope.lock_at_exit(f"{name}-data", self.data_disk)
        self.virtual_machine = self._virtual_machine(args.after)
        self._system.add_extensions(self.virtual_machine)
        if args.shutdown:
            self._add_shutdown(args.shutdown)
        self.register_outputs({"computer": self.virtual_machine.id})

    def _check_zone(self, key: str) -> None:
        zones = self.scope.zones
        if self.config.zone and str(self.config.zone) not in zones:
            raise InputError("The region has no such availability zone.", key=f"{key}.zone", found=self.config.zone,
                             allowed=", ".join(zones) or f"none in {self.scope.location}")  # fmt: skip

    def _interface(self, args: DeskArgs) -> network.NetworkInterface:
        spoke, address, methods = args.network, args.address, network.IPAllocationMethod
        interface = network.NetworkInterface(
            self.name,
            network_interface_name=self.scope.names.local(ResourceKind.INTERFACE, self.name),
            resource_group_name=self.scope.group_name,
            location=self.scope.location,
            enable_ip_forwarding=False,
            # Network encryption needs accelerated networking, which confidential and old sizes do not support.
            enable_accelerated_networking=(
                self.disk_encryption.system is None and has_accelerated_networking(self.config.size)
            ),
            ip_configurations=[
                network.NetworkInterfaceIPConfigurationArgs(
                    name=self.scope.names.local(ResourceKind.IP_CONFIGURATION, self.name),
                    primary=True,
                    private_ip_address_version=network.IPVersion.I_PV4,
                    private_ip_allocation_method=methods.STATIC if address else methods.DYNAMIC,
                    private_ip_address=str(address) if address else None,
                    subnet=network.SubnetArgs(id=spoke.subnet_id(args.subnet)),
                )
            ],
            network_security_group=self._interface_nsg(args.allowed).reference,
            tags=self.scope.tags,
            opts=self.child_opts(depends_on=spoke.writes.last),
        )
        spoke.writes.add(interface)
        return interface

    def _interface_nsg(self, allowed: Sequence[SecurityRule]) -> NetworkSecurityGroup:
        """Create an NSG with rules that the subnet's has too: a mistake in one of the two exposes no desk."""
        args = NetworkSecurityGroupArgs(scope=self.scope, allowed=tuple(allowed))
        return NetworkSecurityGroup(f"{self.name}-interface", args, self.child_opts())

    def _data_disk(self) -> compute.Disk:
        """Create the data disk with its users' homes, a separate resource that outlives the virtual machine."""
        return compute.Disk(
            f"{self.name}-data",
            disk_name=self.scope.names.local(ResourceKind.DISK, f"{self.name}-data"),
            resource_group_name=self.scope.group_name,
            location=self.scope.location,
            creation_data=compute.CreationDataArgs(create_option=compute.DiskCreateOption.EMPTY),
            disk_size_gb=self.config.data_disk_gib,
            sku=compute.DiskSkuArgs(name=compute.DiskStorageAccountTypes.PREMIUM_LRS),
            encryption=compute.EncryptionArgs(
                disk_encryption_set_id=self.disk_encryption.data.set.id,
                type=compute.EncryptionType.ENCRYPTION_AT_REST_WITH_PLATFORM_AND_CUSTOMER_KEYS,
            ),
            network_access_policy=compute.NetworkAccessPolicy.DENY_ALL,
            public_network_access=compute.PublicNetworkAccess.DISABLED,
            data_access_auth_mode=compute.DataAccessAuthMode.AZURE_ACTIVE_DIRECTORY,
            zones=self._zones,
            tags=self.scope.tags,
            opts=self.protected_opts(),
        )

    def _virtual_machine(self, after: Sequence[pulumi.Resource]) -> compute.VirtualMachine:
        scope = self.scope
        confidential = self.disk_encryption.system is not None
        return compute.VirtualMachine(
            self.name,
            vm_name=scope.names.local(ResourceKind.VIRTUAL_MACHINE, self.name),
            resource_group_name=scope.group_name,
            location=scope.location,
            hardware_profile=compute.HardwareProfileArgs(vm_size=self.config.size),
            identity=_identity(self.identity),
            security_profile=compute.SecurityProfileArgs(
                security_type=(
                    compute.SecurityTypes.CONFIDENTIAL_VM if confidential else compute.SecurityTypes.TRUSTED_LAUNCH
                ),
                uefi_settings=compute.UefiSettingsArgs(secure_boot_enabled=True, v_tpm_enabled=True),
                # A confidential system disk is encrypted in the guest, which excludes encryption at host.
                encryption_at_host=not confidential,
            ),
            storage_profile=self._storage_profile(),
            network_profile=compute.NetworkProfileArgs(
                network_interfaces=[
                    compute.NetworkInterfaceReferenceArgs(
                        id=self.interface.id, primary=True, delete_option=compute.DeleteOptions.DETACH
                    )
                ]
            ),
            os_profile=self._system.os_profile(),
            diagnostics_profile=compute.DiagnosticsProfileArgs(
                boot_diagnostics=compute.BootDiagnosticsArgs(enabled=True)
            ),
            zones=self._zones,
            tags=scope.tags,
            opts=self.child_opts(ignore_changes=list(self._system.KEPT_UNTIL_REPLACED), depends_on=list(after)),
        )

    def _storage_profile(self) -> compute.StorageProfileArgs:
        system, data = self.disk_encryption.system, self.disk_encryption.data
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
            image_reference=self._system.image(confidential=system is not None),
            os_disk=compute.OSDiskArgs(
                name=self._system_disk_name(),
                create_option=compute.DiskCreateOptionTypes.FROM_IMAGE,
                disk_size_gb=self.config.os_disk_gib,
                caching=compute.CachingTypes.READ_WRITE,
                delete_option=compute.DiskDeleteOptionTypes.DELETE,
                managed_disk=managed,
            ),
            data_disks=[
                compute.DataDiskArgs(
                    lun=LUN,
                    create_option=compute.DiskCreateOptionTypes.ATTACH,
                    caching=(
                        compute.CachingTypes.READ_ONLY
                        if self.config.data_disk_gib <= LARGEST_CACHED_DISK_GIB
                        else compute.CachingTypes.NONE
                    ),
                    delete_option=compute.DiskDeleteOptionTypes.DETACH,
                    managed_disk=compute.ManagedDiskParametersArgs(id=self.data_disk.id),
                )
            ],
        )

    def _system_disk_name(self) -> str:
        """Return a name with the number of rebuilds: another name replaces the virtual machine."""
        number = f"-{self.config.rebuilds}" if self.config.rebuilds else ""
        return self.scope.names.local(ResourceKind.DISK, f"{self.name}-system{number}")

    def _add_shutdown(self, time: str) -> None:
        """Create the schedule that shuts down the virtual machine each day (docs/azure-facts.md#shutdown-schedules). It
        sends no notification: a message leaves the estate."""
        devtestlab.GlobalSchedule(
            f"{self.name}-shutdown",
            name=f"shutdown-computevm-{self.scope.names.local(ResourceKind.VIRTUAL_MACHINE, self.name)}",
            resource_group_name=self.scope.group_name,
            location=self.scope.location,
            status=devtestlab.EnableStatus.ENABLED,
            task_type="ComputeVmShutdownTask",
            daily_recurrence=devtestlab.DayDetailsArgs(time=time.replace(":", "")),
            time_zone_id=UNITED_KINGDOM,
            target_resource_id=self.virtual_machine.id,
            notification_settings=devtestlab.NotificationSettingsArgs(
                status=devtestlab.EnableStatus.DISABLED, time_in_minutes=30
            ),
            tags=self.scope.tags,
            opts=self.child_opts(),
        )

    @property
    def principal(self) -> Principal:
        """The desk's user-assigned identity as a principal for role assignments."""
        if self.identity is None:
            raise ValueError(f"the desk {self.name} has no identity that accesses data")
        return Principal.service(self.identity.principal_id)

    def grant_sign_in(self, name: str, principal: Principal) -> None:
        """Allow a principal to sign in through Bastion as an ordinary user: the login role, and Reader on the virtual
        machine and its interface. `grant_see_network` and the platform stack, with Reader on Bastion, do the rest."""
        self.grant(f"{self.name}-{name}-sign-in", Role.VM_USER_LOGIN, principal, self.virtual_machine.id)
        self.grant(f"{self.name}-{name}-see-desk", Role.READER, principal, self.virtual_machine.id)
        self.grant(f"{self.name}-{name}-see-interface", Role.READER, principal, self.interface.id)

    def grant_operate(self, name: str, role: CustomRole, principal: Principal) -> None:
        """Allow a principal to start and deallocate the virtual machine, with the custom role for it."""
        self.grant(f"{self.name}-{name}-operate", role, principal, self.virtual_machine.id)

    def grant_see_network(self, name: str, principal: Principal) -> None:
        """Assign Reader on the network, which signing in requires because Bastion is in a peered one
        (learn.microsoft.com, "Configure Microsoft Entra ID authentication for Azure Bastion"). `name` is the logical
        name of the assignment: one for each principal, for Azure refuses a second one. In a shared tenancy that may not
        be read there is none (docs/decisions/0026-shared-tenancies.md)."""
        if self._readable_network is not None:
            self.grant(name, Role.READER, principal, self._readable_network)


def _is_windows(config: ComputerConfig) -> bool:
    return isinstance(config, DeskConfig) and config.os is OperatingSystem.WINDOWS


def _identity(data: managedidentity.UserAssignedIdentity | None) -> compute.VirtualMachineIdentityArgs:
    """Return the identities of a virtual machine: the sign-in extension uses the system-assigned one."""
    types = compute.ResourceIdentityType
    return compute.VirtualMachineIdentityArgs(
        type=types.SYSTEM_ASSIGNED_USER_ASSIGNED if data else types.SYSTEM_ASSIGNED,
        user_assigned_identities=[data.id] if data else None,
    )
