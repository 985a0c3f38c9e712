"""Weaknesses of desks: virtual machines, their disks and disk encryption.

Sources: learn.microsoft.com, Microsoft.Compute template references, "Overview of managed disk encryption options",
"Restrict managed disks from being imported or exported", "Trusted launch for Azure virtual machines".
"""

import base64

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening
from policies.mutations.table import elsewhere
from policies.mutations.table.vaults import of_records

CLEAR = "data would lie on the host in the clear"
BOOT = "what starts before the system could be changed unseen"
WORDS = "a guessed password would be enough"
OLD = "known holes would stay open"
COPIED = "the disk could be downloaded with a link"
OURS = "the key would be Microsoft's, so that ending it would end nothing"


def at_host(resource: Resource, _: PolicyContext) -> bool:
    """True for encryption at host. A confidential machine encrypts inside, and Azure refuses both."""
    return resource.at("securityProfile.encryptionAtHost") is True


MACHINE = Table(
    "compute:VirtualMachine",
    weakenings=(
        Weakening("securityProfile", (None,), f"{CLEAR}; {BOOT}"),
        Weakening("securityProfile.encryptionAtHost", (False,), CLEAR, when=at_host),
        Weakening("securityProfile.securityType", ("Standard",), BOOT),
        Weakening("securityProfile.uefiSettings", (None,), BOOT),
        Weakening("securityProfile.uefiSettings.secureBootEnabled", (False,), BOOT),
        Weakening("securityProfile.uefiSettings.vTpmEnabled", (False,), BOOT),
        Weakening("osProfile.linuxConfiguration", (None,), WORDS),
        Weakening("osProfile.linuxConfiguration.disablePasswordAuthentication", (False,), WORDS),
        Weakening("osProfile.customData", (base64.b64encode(b"#cloud-config\nruncmd: [[id]]\n").decode(),),
                  "SSH would carry files and ports past the airlock", when=of_records),
        Weakening("osProfile.adminPassword", ("[secret]",), WORDS),
        Weakening("osProfile.linuxConfiguration.patchSettings", (None,), OLD),
        Weakening("osProfile.linuxConfiguration.patchSettings.patchMode", ("ImageDefault",), OLD),
        Weakening("osProfile.linuxConfiguration.patchSettings.assessmentMode", ("ImageDefault",),
                  "nobody would know which holes are open"),
        Weakening("storageProfile.osDisk.managedDisk.diskEncryptionSet", (None, {"id": elsewhere.DISK_KEYS}), OURS,
                  when=of_records),
        Weakening("storageProfile.osDisk.managedDisk", (None,), OURS, when=of_records),
        Weakening("storageProfile.dataDisks",
                  ([{"lun": 9, "createOption": "Empty", "diskSizeGB": 64,
                     "managedDisk": {"storageAccountType": "Premium_LRS"}}],), OURS,
                  absent="without data disks no data lies on one", known="each data disk is judged for itself",
                  when=of_records),
        Weakening("storageProfile.imageReference", ({"communityGalleryImageId":
                  "/CommunityGalleries/elsewhere-1234/Images/desk/Versions/1.0.0"},),
                  "the computer would be what a stranger made", absent="Azure refuses a computer without an image"),
        Weakening("networkProfile.networkInterfaces[*].id", (elsewhere.INTERFACE,),
                  "the computer would stand in a network that nobody judged",
                  absent="Azure refuses a computer without an interface"),
        Weakening("networkProfile.networkInterfaceConfigurations",
                  ([{"name": "side-door", "primary": False, "ipConfigurations": [
                      {"name": "side-door", "publicIPAddressConfiguration": {"name": "side-door"}}]}],),
                  "the computer would stand on the Internet"),
        Weakening("diagnosticsProfile.bootDiagnostics.storageUri", ("https://stelsewhere.blob.core.windows.net/",),
                  "pictures of the screen would be kept elsewhere"),
    ),
    harmless=(
        Harmless("diagnosticsProfile.bootDiagnostics.enabled", "Microsoft keeps that log where nobody else looks"),
        Harmless("hardwareProfile", "how large it is; a confidential desk's size goes with its securityType"),
        Harmless("identity", "what an identity may do is its grants', each judged for itself"),
        Harmless("networkProfile.networkInterfaces[*].deleteOption", "what stays when the computer goes"),
        Harmless("networkProfile.networkInterfaces[*].primary", "which interface comes first"),
        Harmless("osProfile.adminUsername", "a name"),
        Harmless("osProfile.allowExtensionOperations", "extensions are judged for themselves; people sign in by one"),
        Harmless("osProfile.computerName", "a name"),
        Harmless("osProfile.linuxConfiguration.provisionVMAgent", "without it nobody can sign in or patch"),
        Harmless("osProfile.linuxConfiguration.ssh", "whose key opens it in an emergency is the estate's to say"),
        Harmless("storageProfile.dataDisks", "the disk that is attached is judged for itself"),
        Harmless("storageProfile.imageReference", "which image of a known publisher is the estate's to say"),
        Harmless("storageProfile.osDisk.caching", "speed"),
        Harmless("storageProfile.osDisk.createOption", "how it is made"),
        Harmless("storageProfile.osDisk.deleteOption", "what stays when the computer goes"),
        Harmless("storageProfile.osDisk.diskSizeGB", "how large it is"),
        Harmless("storageProfile.osDisk.managedDisk.storageAccountType", "how fast it is"),
        Harmless("storageProfile.osDisk.name", "a name"),
    ),
)  # fmt: skip
EXTENSION = Table(
    "compute:VirtualMachineExtension",
    weakenings=(
        Weakening(
            "settings.fileUris",
            (["https://stelsewhere.blob.core.windows.net/run.sh"],),
            "a stranger's program would run with every right",
        ),
    ),
    harmless=(
        Harmless("autoUpgradeMinorVersion", "which version of Microsoft's own"),
        Harmless("publisher", "what another extension would do is in its settings"),
        Harmless("type", "what another extension would do is in its settings"),
        Harmless("typeHandlerVersion", "which version of Microsoft's own"),
    ),
)
DISK = Table(
    "compute:Disk",
    weakenings=(
        Weakening("networkAccessPolicy", ("AllowAll", "AllowPrivate"), COPIED),
        Weakening("publicNetworkAccess", ("Enabled",), COPIED),
        Weakening("dataAccessAuthMode", ("None",), "a link alone would be enough to download it"),
        Weakening("encryption", (None,), OURS, when=of_records),
        Weakening("encryption.diskEncryptionSetId", (elsewhere.DISK_KEYS,), OURS, when=of_records),
        Weakening(
            "encryption.type",
            ("EncryptionAtRestWithPlatformKey",),
            OURS,
            absent="Azure takes it from the disk encryption set",
            when=of_records,
        ),
    ),
    harmless=(
        Harmless("creationData", "how it is made: empty"),
        Harmless("diskSizeGB", "how large it is"),
        Harmless("sku", "how fast it is"),
    ),
)
DISK_KEYS = Table(
    "compute:DiskEncryptionSet",
    weakenings=(
        Weakening("rotationToLatestKeyVersionEnabled", (False,), "disks would keep a key that was rotated away",
                  when=of_records),
        Weakening("activeKey", (None,), OURS, when=of_records),
        Weakening("activeKey.keyUrl", (f"{elsewhere.VAULT_URI}keys/key-elsewhere",),
                  "whoever has that vault has the disks' key", when=of_records),
        Weakening("encryptionType", ("EncryptionAtRestWithCustomerKey",), "one broken cipher would be enough",
                  when=of_records),
    ),
    harmless=(Harmless("identity", "another identity cannot reach the key: disks stop, closed"),),
    removal=Removal(OURS, when=of_records),
)  # fmt: skip
TABLES = (MACHINE, EXTENSION, DISK, DISK_KEYS)
