"""Disks are encrypted twice, with Azure's key and a key of the estate (VM6)."""

from __future__ import annotations

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="VM6",
    title="Disks are encrypted twice, with Azure's key and a key of the estate",
    why="If one of the two keys or implementations fails, the other still protects the data. A confidential disk "
    "is encrypted by the guest, and again by Azure.",
    resource_types=("compute:DiskEncryptionSet",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01",), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set encryptionType to EncryptionAtRestWithPlatformAndCustomerKeys; a set that exists must be made anew.",
    requires=(
        equals(
            "encryptionType",
            "EncryptionAtRestWithPlatformAndCustomerKeys",
            "ConfidentialVmEncryptedWithCustomerKey",
            default="EncryptionAtRestWithCustomerKey",
        ),
    ),
    applies=holds_records,
)
