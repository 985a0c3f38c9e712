"""VM3: every disk is encrypted with a key of the estate's own, which rotates."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import filled, may, must, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import named_key
from policies.rule_helpers.virtual_machines import COMPUTERS, everywhere, inner

SET = "compute:DiskEncryptionSet"
DISKS = ("compute:Disk", "compute:Snapshot")
CUSTOMER = ("EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformAndCustomerKeys")
CONFIDENTIAL = "ConfidentialVmEncryptedWithCustomerKey"
PLATFORM = "a key of Microsoft's"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Each where the key is said: of a set, of a disk alone, or of a computer that makes its disks."""
    if resource.type == SET:
        yield from _set(resource, context)
    elif resource.type in DISKS:
        yield from _disk(resource, context)
    else:
        yield from _computer(resource, context)


def _set(keys: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A set that confidential computers start from cannot follow its key's rotation."""
    yield from may(keys, "encryptionType", *CUSTOMER, CONFIDENTIAL)
    yield from named_key(keys, context, "activeKey.keyUrl")
    follows = not same(keys.at("encryptionType"), CONFIDENTIAL)
    yield from must(keys, "rotationToLatestKeyVersionEnabled", follows, default="false")


def _disk(disk: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A confidential disk names its set elsewhere."""
    if disk.at("securityProfile.secureVMDiskEncryptionSetId") is not MISSING:
        yield from _named(disk, context, "securityProfile.secureVMDiskEncryptionSetId")
        return
    yield from _named(disk, context, "encryption.diskEncryptionSetId")
    yield from may(disk, "encryption.type", *CUSTOMER)


def _named(resource: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """The set is judged too; another might have any key, and anybody's."""
    yield from filled(resource, path, default=PLATFORM)
    keys = context.get(resource.at(path))
    if keys is None or keys.type != SET:
        yield Violation(path, "is no disk encryption set that is judged here; it must be the estate's own")


def _computer(computer: Resource, context: PolicyContext) -> Iterator[Violation]:
    yield from _attached(computer, context, inner(computer, "storageProfile.osDisk"))
    data = inner(computer, "storageProfile.dataDisks")
    for index in range(len(computer.each(f"{data}[*]"))):
        yield from _attached(computer, context, f"{data}[{index}]")


def _attached(computer: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """A disk that is made with the computer, or one that is a resource of its own and judged as such."""
    if computer.at(f"{path}.vhd.uri") is not MISSING:
        yield Violation(f"{path}.vhd.uri", "is a file in a storage account; it must be a managed disk")
        return
    ways = (f"{path}.managedDisk.diskEncryptionSet.id", f"{path}.managedDisk.securityProfile.diskEncryptionSet.id")
    said = [way for way in ways if computer.at(way) is not MISSING]
    for way in said:
        yield from _named(computer, context, way)
    if said:
        return
    own = computer.at(f"{path}.managedDisk.id")
    if own is MISSING:
        yield Violation(ways[0], f"is not set, which leaves {PLATFORM}; it must name a disk encryption set")
    elif context.get(own) is None:
        yield Violation(f"{path}.managedDisk.id", "is no disk that is judged here; it must be the estate's own")


POLICY = Policy(
    id="VM3",
    title="Every disk is encrypted with a key of the estate's own, and follows its rotation",
    why="Whoever holds the key can end all access to a project's disks, and to all copies of them, at once.",
    on=(*COMPUTERS, *DISKS, SET),
    reads=("encryptionType", "activeKey.keyUrl", "rotationToLatestKeyVersionEnabled", "encryption.type",
           "encryption.diskEncryptionSetId", "securityProfile.secureVMDiskEncryptionSetId",
           *everywhere("storageProfile.osDisk.managedDisk", "storageProfile.dataDisks[*].managedDisk")),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), iso27001=("8.24",), five_safes=("settings",)),
    fix="Name a disk encryption set for each disk, and set its rotationToLatestKeyVersionEnabled to true.",
    check=check,
    applies=holds_records,
    scope="stack",
    checkov=("CKV_AZURE_93",),
)  # fmt: skip
