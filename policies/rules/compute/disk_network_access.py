"""VM4: no disk can be exported."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import filled, must, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(disk: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Azure's default lets a link be made from which anybody downloads the whole disk."""
    private = not holds_records(disk, context) and same(disk.at("networkAccessPolicy"), "AllowPrivate")
    if private:
        yield from filled(disk, "diskAccessId", default="no network to export it to")
    else:
        yield from must(disk, "networkAccessPolicy", "DenyAll", default="AllowAll")
    yield from must(disk, "publicNetworkAccess", "Disabled", default="Enabled")


POLICY = Policy(
    id="VM4",
    title="No disk and no snapshot can be exported",
    why="A link to a disk carries a whole project out past every check, in one download that no airlock sees.",
    on=("compute:Disk", "compute:Snapshot"),
    reads=("networkAccessPolicy", "publicNetworkAccess", "diskAccessId"),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("3.1.05", "3.1.12"), ncsc=("11",), iso27001=("8.12",), five_safes=("outputs",)),
    fix="Set networkAccessPolicy to DenyAll and publicNetworkAccess to Disabled.",
    check=check,
)
