"""All disks are encrypted with a key of the estate, and follow its rotation (VM3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require, require_if_set, require_text, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set
from policies.rule_helpers.encryption_keys import KEY_READS, require_estate_key
from policies.rule_helpers.virtual_machines import MACHINES, for_vm_and_scale_set, profile_path

SET = "compute:DiskEncryptionSet"
DISKS = ("compute:Disk", "compute:Snapshot")
CUSTOMER = ("EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformAndCustomerKeys")
CONFIDENTIAL = "ConfidentialVmEncryptedWithCustomerKey"
ROTATION = equals(
    "rotationToLatestKeyVersionEnabled",
    True,
    default="false",
    only_on=SET,
    unless=("encryptionType", (CONFIDENTIAL,)),
)
SET_IDS = ("managedDisk.diskEncryptionSet.id", "managedDisk.securityProfile.diskEncryptionSet.id")
"""The properties of a machine's disk that name a disk encryption set: of all disks, and of a confidential one."""
ATTACHED = ("vhd.uri", "managedDisk.id", *SET_IDS)
"""The properties of a machine's disk that are checked."""
PLATFORM_KEY = "a Microsoft-managed key"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check a disk encryption set, a disk, or a virtual machine that creates its own disks."""
    if resource.type == SET:
        yield from _check_set(resource, context)
    elif resource.type in DISKS:
        yield from _check_disk(resource, context)
    else:
        yield from _check_machine(resource, context)


def _check_set(encryption_set: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a key of the estate. A set for confidential virtual machines cannot follow its key's rotation."""
    yield from require_estate_key(encryption_set, context, "activeKey.keyUrl")
    if same(encryption_set.at("encryptionType"), CONFIDENTIAL):
        yield from require(encryption_set, ROTATION.path, False, default="false")


def _check_disk(disk: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a disk encryption set. A confidential disk names it in another property."""
    if disk.at("securityProfile.secureVMDiskEncryptionSetId") is not MISSING:
        yield from _check_set_id(disk, context, "securityProfile.secureVMDiskEncryptionSetId")
        return
    yield from _check_set_id(disk, context, "encryption.diskEncryptionSetId")
    yield from require_if_set(disk, "encryption.type", *CUSTOMER)


def _check_set_id(resource: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """Require a set that is checked too: another set could have any key."""
    yield from require_text(resource, path, default=PLATFORM_KEY)
    encryption_set = context.get(resource.at(path))
    if encryption_set is None or encryption_set.type != SET:
        yield Violation(path, "is not a disk encryption set of the estate")


def _check_machine(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    yield from _check_attached(machine, context, profile_path(machine, "storageProfile.osDisk"))
    data = profile_path(machine, "storageProfile.dataDisks")
    for index in range(len(machine.each(f"{data}[*]"))):
        yield from _check_attached(machine, context, f"{data}[{index}]")


def _check_attached(machine: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """Check a disk that is created with the machine. A disk that is a resource of its own is checked by itself."""
    if machine.at(f"{path}.vhd.uri") is not MISSING:
        yield Violation(f"{path}.vhd.uri", "is a file in a storage account; it must be a managed disk")
        return
    set_ids = [f"{path}.{part}" for part in SET_IDS]
    named = [path_ for path_ in set_ids if machine.at(path_) is not MISSING]
    for path_ in named:
        yield from _check_set_id(machine, context, path_)
    if named:
        return
    own = machine.at(f"{path}.managedDisk.id")
    if own is MISSING:
        yield Violation(set_ids[0], f"is not set, which leaves {PLATFORM_KEY}; it must name a disk encryption set")
    elif context.get(own) is None:
        yield Violation(f"{path}.managedDisk.id", "is not a disk of the estate")


POLICY = Policy(
    id="VM3",
    title="All disks are encrypted with a key of the estate, and follow its rotation",
    why="Disabling the key ends all access to a project's disks, and to all copies of them, at once.",
    resource_types=(*MACHINES, *DISKS, SET),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.01", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",), five_safes=("settings",)
    ),
    fix="Name a disk encryption set for each disk, and set its rotationToLatestKeyVersionEnabled to true.",
    requires=(equals_if_set("encryptionType", *CUSTOMER, CONFIDENTIAL, only_on=SET), ROTATION),
    check=check,
    check_paths=(
        "activeKey.keyUrl",
        "encryption.type",
        "encryption.diskEncryptionSetId",
        "securityProfile.secureVMDiskEncryptionSetId",
        *for_vm_and_scale_set(
            *(f"storageProfile.{disk}.{part}" for disk in ("osDisk", "dataDisks[*]") for part in ATTACHED)
        ),
        *KEY_READS,
    ),
    applies=holds_records,
    evaluation_scope="stack",
    checkov=("CKV_AZURE_93",),
)
