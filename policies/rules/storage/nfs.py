"""ST15: nothing is shared over NFS, which asks nobody who they are."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Accounts say so; a share speaks SMB where it says nothing."""
    if resource.type == "storage:StorageAccount":
        yield from must(resource, "enableNfsV3", False, default="false, and nobody's word for it")
    else:
        yield from may(resource, "enabledProtocols", "SMB")


POLICY = Policy(
    id="ST15",
    title="No storage account and no file share speaks NFS",
    why="NFS believes whatever user number a computer claims, and its older version encrypts nothing.",
    on=("storage:StorageAccount", "storage:FileShare"),
    reads=("enableNfsV3", "enabledProtocols"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.05", "2.8.03", "3.2.03"), ncsc=("1", "10"), iso27001=("8.5", "8.24"), five_safes=("settings",)
    ),
    fix="Set enableNfsV3 to false; make file shares with enabledProtocols SMB.",
    check=check,
)
