"""Weaknesses of desks: virtual machines, their disks and disk encryption.

Sources: learn.microsoft.com, Microsoft.Compute template references, "Overview of managed disk encryption options",
"Restrict managed disks from being imported or exported", "Trusted launch for Azure virtual machines".
"""

import base64

from formats.first_boot_settings import windows_custom_data
from policies.expected import windows_desk
from policies.model import MISSING, PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening, When
from policies.mutations.table import external
from policies.mutations.table.vaults import of_records

UNENCRYPTED_ON_HOST = "data on the host would not be encrypted"
WEAK_BOOT = "the boot chain could be changed unnoticed"
GUESSABLE = "a guessed password would give access"
UNPATCHED = "known vulnerabilities would not be patched"
DOWNLOADABLE = "the disk could be downloaded with a link"
ANY_IMAGE = "the image may contain anything"
PLATFORM_KEY = "the key would be Microsoft's, so revoking the estate's key would have no effect"


def at_host(resource: Resource, _: PolicyContext) -> bool:
    """True for encryption at host. A confidential machine encrypts in the guest, and Azure refuses both."""
    return resource.at("securityProfile.encryptionAtHost") is True


WINDOWS = "osProfile.windowsConfiguration"


def of_linux(resource: Resource, _: PolicyContext) -> bool:
    """True for a virtual machine with Linux."""
    return resource.at(WINDOWS) is MISSING


def of_windows(resource: Resource, estate: PolicyContext) -> bool:
    """True for a virtual machine with Windows."""
    return not of_linux(resource, estate)


def windows_with_records(resource: Resource, estate: PolicyContext) -> bool:
    """True for a virtual machine with Windows whose data class has records of people."""
    return of_windows(resource, estate) and of_records(resource, estate)


def runs_first_boot(resource: Resource, _: PolicyContext) -> bool:
    """True for the extension that runs the first boot of a Windows desk."""
    return str(resource.at("type")) == windows_desk.TYPE


def _patching(settings: str, when: When) -> tuple[Weakening, ...]:
    """Return the weakenings of an operating system's patch settings."""
    return (
        Weakening(settings, (None,), UNPATCHED, when=when),
        Weakening(f"{settings}.patchMode", ("ImageDefault",), UNPATCHED, when=when),
        Weakening(f"{settings}.assessmentMode", ("ImageDefault",), "missing patches would not be reported", when=when),
        Weakening(f"{settings}.automaticByPlatformSettings", ({"bypassPlatformSafetyChecksOnUserSchedule": True},),
                  UNPATCHED, missing_ok="Azure restarts the machine where an update needs it", when=when),
    )  # fmt: skip


MACHINE = Table(
    "compute:VirtualMachine",
    weakenings=(
        Weakening("securityProfile", (None,), f"{UNENCRYPTED_ON_HOST}; {WEAK_BOOT}"),
        Weakening("securityProfile.encryptionAtHost", (False,), UNENCRYPTED_ON_HOST, when=at_host),
        Weakening("securityProfile.securityType", ("Standard",), WEAK_BOOT),
        Weakening("securityProfile.uefiSettings", (None,), WEAK_BOOT),
        Weakening("securityProfile.uefiSettings.secureBootEnabled", (False,), WEAK_BOOT),
        Weakening("securityProfile.uefiSettings.vTpmEnabled", (False,), WEAK_BOOT),
        Weakening("osProfile.linuxConfiguration", (None,), GUESSABLE, when=of_linux),
        Weakening("osProfile.linuxConfiguration.disablePasswordAuthentication", (False,), GUESSABLE, when=of_linux),
        Weakening("osProfile.customData", (base64.b64encode(b"#cloud-config\nruncmd: [[id]]\n").decode(),),
                  "SSH would forward files and ports without the airlock", when=of_records),
        Weakening("osProfile.adminPassword", ("[secret]",), GUESSABLE, when=of_linux),
        *(
            weakening
            for system, when in (("linuxConfiguration", of_linux), ("windowsConfiguration", of_windows))
            for weakening in _patching(f"osProfile.{system}.patchSettings", when)
        ),
        Weakening(WINDOWS, (None,), GUESSABLE, when=of_windows),
        Weakening("osProfile.customData", (windows_custom_data({"hosts": [], "roots": [], "wsus": None}, "whoami"),),
                  "a session would redirect the clipboard and drives", when=windows_with_records),
        Weakening("osProfile.adminPassword", ("Known-to-somebody-1",), "somebody would be administrator of the desk",
                  missing_ok="Azure refuses Windows without a password", when=of_windows),
        Weakening(f"{WINDOWS}.winRM", ({"listeners": [{"protocol": "Http"}]},),
                  "the machine would be managed with a password, over the network", when=of_windows),
        Weakening(f"{WINDOWS}.additionalUnattendContent",
                  ([{"passName": "OobeSystem", "componentName": "Microsoft-Windows-Shell-Setup",
                     "settingName": "FirstLogonCommands", "content": "[secret]"}],),
                  "a command would run as administrator at the first start", when=of_windows),
        Weakening(f"{WINDOWS}.enableAutomaticUpdates", (False,), UNPATCHED, missing_ok="Azure's default is true",
                  when=of_windows),
        Weakening("storageProfile.osDisk.managedDisk.diskEncryptionSet", (None, {"id": external.DISK_KEYS}),
                  PLATFORM_KEY, when=of_records),
        Weakening("storageProfile.osDisk.managedDisk", (None,), PLATFORM_KEY, when=of_records),
        Weakening("storageProfile.dataDisks",
                  ([{"lun": 9, "createOption": "Empty", "diskSizeGB": 64,
                     "managedDisk": {"storageAccountType": "Premium_LRS"}}],), PLATFORM_KEY,
                  missing_ok="there are no data disks then", unknown_ok="each data disk is a resource of its own",
                  when=of_records),
        Weakening("storageProfile.imageReference", ({"communityGalleryImageId":
                  "/CommunityGalleries/elsewhere-1234/Images/desk/Versions/1.0.0"},),
                  "the image would be from an unknown publisher",
                  missing_ok="Azure refuses a machine without an image"),
        Weakening("storageProfile.imageReference.publisher", ("another-publisher",), ANY_IMAGE),
        Weakening("storageProfile.imageReference.offer", ("ubuntu-20_04-lts", "mutant"), ANY_IMAGE),
        Weakening("storageProfile.imageReference.sku", ("18_04-lts", "mutant"), ANY_IMAGE),
        Weakening("networkProfile.networkInterfaces[*].id", (external.INTERFACE,),
                  "the machine would be in a network outside of the plan",
                  missing_ok="Azure refuses a machine without an interface"),
        Weakening("networkProfile.networkInterfaceConfigurations",
                  ([{"name": "mutant", "primary": False, "ipConfigurations": [
                      {"name": "mutant", "publicIPAddressConfiguration": {"name": "mutant"}}]}],),
                  "the machine would have a public address"),
        Weakening("diagnosticsProfile.bootDiagnostics.storageUri", ("https://stelsewhere.blob.core.windows.net/",),
                  "screenshots would be stored outside of the estate"),
    ),
    harmless=(
        Harmless("diagnosticsProfile.bootDiagnostics.enabled", "Microsoft manages the storage of that log"),
        Harmless("hardwareProfile", "the size only; a confidential desk's size depends on its securityType"),
        Harmless("identity", "its permissions are role assignments, each a resource of its own"),
        Harmless("networkProfile.networkInterfaces[*].deleteOption", "cleanup after deletion only"),
        Harmless("networkProfile.networkInterfaces[*].primary", "the order of interfaces only"),
        Harmless("osProfile.adminUsername", "a name"),
        Harmless("osProfile.allowExtensionOperations", "each extension is a resource; sign-in needs one"),
        Harmless("osProfile.computerName", "a name"),
        *(
            Harmless(f"osProfile.{system}.{path}", because)
            for system in ("linuxConfiguration", "windowsConfiguration")
            for path, because in (
                ("patchSettings.automaticByPlatformSettings.rebootSetting",
                 "the time of a restart only: the platform team restarts desks each month"),
                ("provisionVMAgent", "without it neither sign-in nor patching works"),
            )
        ),
        Harmless(f"{WINDOWS}.timeZone", "the time that people see"),
        Harmless("osProfile.linuxConfiguration.ssh", "the emergency key is the estate's choice"),
        Harmless("storageProfile.dataDisks", "the attached disk is a resource of its own"),
        Harmless("storageProfile.imageReference.version", "a release of a listed image; updates follow"),
        Harmless("storageProfile.osDisk.caching", "speed"),
        Harmless("storageProfile.osDisk.createOption", "the method of creation only"),
        Harmless("storageProfile.osDisk.deleteOption", "cleanup after deletion only"),
        Harmless("storageProfile.osDisk.diskSizeGB", "the size only"),
        Harmless("storageProfile.osDisk.managedDisk.storageAccountType", "the speed only"),
        Harmless("storageProfile.osDisk.name", "a name"),
    ),
)  # fmt: skip
EXTENSION = Table(
    "compute:VirtualMachineExtension",
    weakenings=(
        Weakening(
            "settings.fileUris",
            (["https://stelsewhere.blob.core.windows.net/run.sh"],),
            "a program from outside of the estate would run as root",
        ),
        Weakening(
            "settings.commandToExecute",
            ("powershell.exe -Command whoami",),
            "another command would run as the system",
            when=runs_first_boot,
        ),
        Weakening(
            "protectedSettings",
            ({"commandToExecute": "id"},),
            "a command that no plan shows would run as root",
            missing_ok="no extension has any",
        ),
    ),
    harmless=(
        Harmless("autoUpgradeMinorVersion", "the version of Microsoft's extension only"),
        Harmless("publisher", "the actions of an extension are in its settings"),
        Harmless("type", "the actions of an extension are in its settings"),
        Harmless("typeHandlerVersion", "the version of Microsoft's extension only"),
    ),
)
DISK = Table(
    "compute:Disk",
    weakenings=(
        Weakening("networkAccessPolicy", ("AllowAll", "AllowPrivate"), DOWNLOADABLE),
        Weakening("publicNetworkAccess", ("Enabled",), DOWNLOADABLE),
        Weakening("dataAccessAuthMode", ("None",), "the disk could be downloaded with a link alone"),
        Weakening("encryption", (None,), PLATFORM_KEY, when=of_records),
        Weakening("encryption.diskEncryptionSetId", (external.DISK_KEYS,), PLATFORM_KEY, when=of_records),
        Weakening(
            "encryption.type",
            ("EncryptionAtRestWithPlatformKey",),
            PLATFORM_KEY,
            missing_ok="Azure uses the disk encryption set's",
            when=of_records,
        ),
    ),
    harmless=(
        Harmless("creationData", "the disk is created empty"),
        Harmless("diskSizeGB", "the size only"),
        Harmless("sku", "the speed only"),
    ),
)
DISK_KEYS = Table(
    "compute:DiskEncryptionSet",
    weakenings=(
        Weakening("rotationToLatestKeyVersionEnabled", (False,), "disks would keep an old key version",
                  when=of_records),
        Weakening("activeKey", (None,), PLATFORM_KEY, when=of_records),
        Weakening("activeKey.keyUrl", (f"{external.VAULT_URI}keys/key-elsewhere",),
                  "the owner of that vault would control the disks' key", when=of_records),
        Weakening("encryptionType", ("EncryptionAtRestWithCustomerKey",), "one broken cipher would expose the data",
                  when=of_records),
    ),
    harmless=(Harmless("identity", "another identity cannot use the key: the disks become unavailable"),),
    removal=Removal(PLATFORM_KEY, when=of_records),
)  # fmt: skip
SHUTDOWN = Table(
    "devtestlab:GlobalSchedule",
    weakenings=(
        Weakening("dailyRecurrence.time", ("1200",), "work would end at another time than agreed"),
        Weakening("timeZoneId", ("Tokyo Standard Time",), "work would end at another time than agreed"),
        Weakening("targetResourceId", (external.INTERFACE,), "the desk would run on, and cost money"),
        Weakening("notificationSettings.webhookUrl", ("https://elsewhere.example/hook",),
                  "a host outside the estate would be told when a desk is in use"),
    ),
    harmless=(
        Harmless("status", "a desk that runs on costs money, and is no weakness"),
        Harmless("taskType", "Azure knows one task outside labs"),
        Harmless("notificationSettings", "without a receiver, no notification is sent"),
    ),
)  # fmt: skip
TABLES = (MACHINE, EXTENSION, DISK, DISK_KEYS, SHUTDOWN)
