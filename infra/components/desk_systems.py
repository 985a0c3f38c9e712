"""The operating systems of desks: image, profile and extensions of a virtual machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import pulumi
import pulumi_random as random
from pulumi_azure_native import compute

from formats.computers import ComputerConfig
from infra.components.base_component import BaseComponent
from infra.first_boot import ADMINISTRATOR
from infra.windows_first_boot import COMMAND

UNITED_KINGDOM = "GMT Standard Time"
"""Windows' name of the time in the United Kingdom, summer time included."""


class DeskSystem(ABC):
    """The operating system of one desk."""

    IMAGE: ClassVar[dict[str, str]]
    KEPT_UNTIL_REPLACED: ClassVar[tuple[str, ...]]
    """The properties that Azure never changes (docs/azure-facts.md#fixed-properties), and that come from values of the
    whole estate, whose change must not replace every desk: a desk takes them when it is replaced for another reason, or
    by `rebuilds`."""

    def __init__(self, desk: BaseComponent, config: ComputerConfig, first_boot: str) -> None:
        self.desk, self.config, self.first_boot = desk, config, first_boot

    @abstractmethod
    def sku(self, *, confidential: bool) -> str:
        """Return the sku of the image. Each is of generation 2, which secure boot requires."""

    def image(self, *, confidential: bool) -> compute.ImageReferenceArgs:
        """Return the image."""
        return compute.ImageReferenceArgs(sku=self.sku(confidential=confidential), **self.IMAGE)

    @abstractmethod
    def os_profile(self) -> compute.OSProfileArgs:
        """Return the settings of the operating system."""

    @abstractmethod
    def add_extensions(self, machine: compute.VirtualMachine) -> None:
        """Create the extensions, with that for sign-in with Entra."""

    def _extension(
        self, purpose: str, publisher: str, type_: str, version: str, machine: compute.VirtualMachine,
        *after: pulumi.Resource, settings: dict[str, Any] | None = None,
    ) -> compute.VirtualMachineExtension:  # fmt: skip
        return compute.VirtualMachineExtension(
            f"{self.desk.name}-{purpose}",
            vm_extension_name=type_,
            vm_name=machine.name,
            resource_group_name=self.desk.scope.group_name,
            location=self.desk.scope.location,
            publisher=publisher,
            type=type_,
            type_handler_version=version,
            auto_upgrade_minor_version=True,
            settings=settings,
            tags=self.desk.scope.tags,
            opts=self.desk.child_opts(depends_on=list(after)),
        )


class Linux(DeskSystem):
    """Ubuntu, whose cloud-init applies the custom data (ubuntu.com, "Find Ubuntu images on Azure")."""

    IMAGE: ClassVar = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "version": "latest"}
    KEPT_UNTIL_REPLACED: ClassVar = ("osProfile.customData", "osProfile.linuxConfiguration.ssh.publicKeys")

    def sku(self, *, confidential: bool) -> str:
        """Return the sku of the image."""
        return "cvm" if confidential else "server"

    def os_profile(self) -> compute.OSProfileArgs:
        """Return the settings of the operating system."""
        key = compute.SshPublicKeyArgs(
            key_data=self.config.admin_public_key, path=f"/home/{ADMINISTRATOR}/.ssh/authorized_keys"
        )
        return compute.OSProfileArgs(
            admin_username=ADMINISTRATOR,
            computer_name=self.desk.scope.names.host_name(self.desk.name),
            allow_extension_operations=True,
            custom_data=self.first_boot,
            linux_configuration=compute.LinuxConfigurationArgs(
                disable_password_authentication=True,
                provision_vm_agent=True,
                patch_settings=compute.LinuxPatchSettingsArgs(
                    patch_mode=compute.LinuxVMGuestPatchMode.AUTOMATIC_BY_PLATFORM,
                    assessment_mode=compute.LinuxPatchAssessmentMode.AUTOMATIC_BY_PLATFORM,
                    # A job may run overnight. The platform team restarts desks (docs/platform-team.md).
                    automatic_by_platform_settings=compute.LinuxVMGuestPatchAutomaticByPlatformSettingsArgs(
                        reboot_setting=compute.LinuxVMGuestPatchAutomaticByPlatformRebootSetting.NEVER
                    ),
                ),
                ssh=compute.SshConfigurationArgs(public_keys=[key]),
            ),
        )

    def add_extensions(self, machine: compute.VirtualMachine) -> None:
        """Create the extension for sign-in with Entra."""
        self._extension("sign-in", "Microsoft.Azure.ActiveDirectory", "AADSSHLoginForLinux", "1.0", machine)


class Windows(DeskSystem):
    """Windows Server, the first one that Entra's documentation of this sign-in names
    (docs/azure-facts.md#sign-in-of-windows-desks). Azure Edition gets its monthly patches by the platform too."""

    IMAGE: ClassVar = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "version": "latest"}
    KEPT_UNTIL_REPLACED: ClassVar = ("osProfile.customData",)
    ADMINISTRATOR = "locked-account"
    """The account that Azure requires. Its first boot turns it off, and nobody has its password."""
    PASSWORD_LENGTH = 64
    """So long that characters of three kinds, which Azure requires, are certain."""

    def sku(self, *, confidential: bool) -> str:
        """Return the sku of the image, which is for confidential virtual machines too."""
        return "2025-datacenter-azure-edition"

    def os_profile(self) -> compute.OSProfileArgs:
        """Return the settings of the operating system."""
        settings, modes = compute.WindowsVMGuestPatchAutomaticByPlatformSettingsArgs, compute.WindowsVMGuestPatchMode
        return compute.OSProfileArgs(
            admin_username=self.ADMINISTRATOR,
            admin_password=self._password(),
            computer_name=self._computer_name(),
            allow_extension_operations=True,
            custom_data=self.first_boot,
            windows_configuration=compute.WindowsConfigurationArgs(
                provision_vm_agent=True,
                enable_automatic_updates=True,
                time_zone=UNITED_KINGDOM,
                patch_settings=compute.PatchSettingsArgs(
                    patch_mode=modes.AUTOMATIC_BY_PLATFORM,
                    assessment_mode=compute.WindowsPatchAssessmentMode.AUTOMATIC_BY_PLATFORM,
                    # A job may run overnight, as on Linux.
                    automatic_by_platform_settings=settings(
                        reboot_setting=compute.WindowsVMGuestPatchAutomaticByPlatformRebootSetting.NEVER
                    ),
                ),
            ),
        )

    def _password(self) -> pulumi.Output[str]:
        """Create the password of the account, which is in no output and no vault."""
        password = random.RandomPassword(
            f"{self.desk.name}-password", length=self.PASSWORD_LENGTH, opts=self.desk.child_opts()
        )
        value: pulumi.Output[str] = password.result
        return value

    def _computer_name(self) -> str:
        """Return a name that is new with each rebuild: Entra refuses the join of a second device of a name."""
        number = f"-{self.config.rebuilds}" if self.config.rebuilds else ""
        return self.desk.scope.names.host_name(f"{self.desk.name}{number}")

    def add_extensions(self, machine: compute.VirtualMachine) -> None:
        """Create the extension that runs the custom data, and then the one that joins Entra, which needs its names."""
        first = self._extension(
            "first-boot", "Microsoft.Compute", "CustomScriptExtension", "1.10", machine,
            settings={"commandToExecute": COMMAND},
        )  # fmt: skip
        self._extension("sign-in", "Microsoft.Azure.ActiveDirectory", "AADLoginForWindows", "1.0", machine, first)
