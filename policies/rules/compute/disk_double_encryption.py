"""VM6: disks are encrypted twice."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(keys: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A confidential disk is encrypted inside the computer, and by Azure again below."""
    yield from must(keys, "encryptionType", "EncryptionAtRestWithPlatformAndCustomerKeys",
                    "ConfidentialVmEncryptedWithCustomerKey", default="EncryptionAtRestWithCustomerKey")  # fmt: skip


POLICY = Policy(
    id="VM6",
    title="Disks are encrypted twice, with Azure's key and the estate's own",
    why="Should one of the two keys or implementations fail, the other still keeps the data.",
    on=("compute:DiskEncryptionSet",),
    reads=("encryptionType",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01",), ncsc=("2",), iso27001=("8.24",)),
    fix="Set encryptionType to EncryptionAtRestWithPlatformAndCustomerKeys; a set that exists must be made anew.",
    check=check,
    applies=holds_records,
)
