"""Storage accounts and file shares do not offer NFS (ST15)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals, equals_if_set

ACCOUNT, SHARE = "storage:StorageAccount", "storage:FileShare"


POLICY = Policy(
    id="ST15",
    title="Storage accounts and file shares do not offer NFS",
    why="NFS accepts any user number that a computer sends, and version 3 does not encrypt.",
    resource_types=(ACCOUNT, SHARE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.05", "2.8.03", "3.2.03"),
        ncsc=("1", "10"),
        caf=("B2.a", "B3.b"),
        cyber_essentials=("2.3", "2.5"),
        iso27001=("8.5", "8.24"),
        five_safes=("settings",),
    ),
    fix="Set enableNfsV3 to false, and create file shares with enabledProtocols SMB.",
    requires=(
        equals("enableNfsV3", False, default="false, which another version of the API may change", only_on=ACCOUNT),
        equals_if_set("enabledProtocols", "SMB", only_on=SHARE),
    ),
)
