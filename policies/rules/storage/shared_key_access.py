"""Storage accounts authenticate with Entra ID only: no shared keys, no local users, no SFTP (ST3)."""

from __future__ import annotations

from policies.azure_semantics.properties import PREVIOUS_OR_DEFAULT
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="ST3",
    title="Storage accounts authenticate with Entra ID only: no shared keys, no local users, no SFTP",
    why="A shared key or a local password belongs to no person: its use cannot be traced, and it cannot be "
    "withdrawn from one person.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.05", "1.5.06", "3.2.01"),
        ncsc=("10",),
        caf=("B2.a",),
        cyber_essentials=("2.1", "2.3", "2.5", "4.3"),
        cis=("9.3.1.3",),
        iso27001=("8.5",),
        five_safes=("people",),
    ),
    fix="Set allowSharedKeyAccess, isLocalUserEnabled and isSftpEnabled to false. A provider that can only use "
    "SFTP needs an exemption with an owner and an expiry date.",
    requires=(
        equals("allowSharedKeyAccess", False, default="true"),
        equals("isLocalUserEnabled", False, default=PREVIOUS_OR_DEFAULT),
        equals("isSftpEnabled", False, default=PREVIOUS_OR_DEFAULT),
    ),
)
