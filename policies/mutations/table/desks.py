"""Weaknesses of desks: virtual machines, their disks and disk encryption.

Sources: learn.microsoft.com, Microsoft.Compute template references, "Overview of managed disk encryption options",
"Restrict managed disks from being imported or exported", "Trusted launch for Azure virtual machines".
"""

import base64

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening
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


MACHINE = Table(
    "compute:VirtualMachine",
    weakenings=(
        Weakening("securityProfile", (None,), f"{UNENCRYPTED_ON_HOST}; {WEAK_BOOT}"),
        Weakening("securityProfile.encryptionAtHost", (False,), UNENCRYPTED_ON_HOST, when=at_host),
        Weakening("securityProfile.securityType", ("Standard",), WEAK_BOOT),
        Weakening("securityProfile.uefiSettings", (None,), WEAK_BOOT),
        Weakening("securityProfile.uefiSettings.secureBootEnabled", (False,), WEAK_BOOT),
        Weakening("securityProfile.uefiSettings.vTpmEnabled", (False,), WEAK_BOOT),
        Weakening("osProfile.linuxConfiguration", (None,), GUESSABLE),
        Weakening("osProfile.linuxConfiguration.disablePasswordAuthentication", (False,), GUESSABLE),
        Weakening("osProfile.customData", (base64.b64encode(b"#cloud-config\nruncmd: [[id]]\n").decode(),),
                  "SSH would forward files and ports without the airlock", when=of_records),
        Weakening("osProfile.adminPassword", ("[secret]",), GUESSABLE),
        Weakening("osProfile.linuxConfiguration.patchSettings", (None,), UNPATCHED),
        Weakening("osProfile.linuxConfiguration.patchSettings.patchMode", ("ImageDefault",), UNPATCHED),
        Weakening("osProfile.linuxConfiguration.patchSettings.assessmentMode", ("ImageDefault",),
                  "missing patches would not be reported"),
        Weakening("osProfile.linuxConfiguration.patchSettings.automaticByPlatformSettings",
                  ({"bypassPlatformSafetyChecksOnUserSchedule": True},), UNPATCHED,
                  missing_ok="Azure restarts the machine where an update needs it"),
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
        Harmless("osProfile.linuxConfiguration.patchSettings.automaticByPlatformSettings.rebootSetting",
                 "the time of a restart only: the platform team restarts desks each month"),
        Harmless("osProfile.linuxConfiguration.provisionVMAgent", "without it neither sign-in nor patching works"),
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
