"""Disks and snapshots cannot be exported (VM4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require_text, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.violations import violations

EXPORT = equals("networkAccessPolicy", "DenyAll", default="AllowAll")


def check(disk: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow export through a private network for synthetic data only. Azure's default allows a public link."""
    if not holds_records(disk, context) and same(disk.at("networkAccessPolicy"), "AllowPrivate"):
        yield from require_text(disk, "diskAccessId", default="no network to export it to")
    else:
        yield from violations(EXPORT, disk)


POLICY = Policy(
    id="VM4",
    title="Disks and snapshots cannot be exported",
    why="A link to a disk exports a whole project in one download that bypasses the airlock.",
    resource_types=("compute:Disk", "compute:Snapshot"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.05", "3.1.12"), ncsc=("11",), caf=("B3.c",), iso27001=("8.12",), five_safes=("outputs",)
    ),
    fix="Set networkAccessPolicy to DenyAll and publicNetworkAccess to Disabled.",
    requires=(equals("publicNetworkAccess", "Disabled", default="Enabled"),),
    check=check,
    required_by_check=(EXPORT,),
    check_paths=("diskAccessId",),
)
