"""Disks are created empty, from an image, or as a copy within their resource group (VM13)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import display, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.images import OTHERS, foreign_image

OPTION, SOURCE = "creationData.createOption", "creationData.sourceResourceId"
IMAGES = ("creationData.imageReference", "creationData.galleryImageReference")
FRESH, COPIED = ("Empty", "FromImage"), ("Copy", "CopyStart", "Restore")


def check(disk: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse imports, uploads, copies from other resource groups, and images that are not evaluated."""
    for image in IMAGES:
        yield from foreign_image(disk, image, context)
    option = disk.at(OPTION)
    if any(same(option, copied) for copied in COPIED):
        if not _same_group(disk.at(SOURCE), disk.id):
            yield Violation(SOURCE, "is a disk of another resource group: data moves through the airlock only")
    elif not any(same(option, fresh) for fresh in FRESH):
        yield Violation(OPTION, f"is {display(option)}; it must be Empty or FromImage")


def _same_group(source: object, own: str | None) -> bool:
    if source is MISSING or not isinstance(source, str) or own is None:
        return False
    return _group(source) == _group(own) != []


def _group(id_: str) -> list[str]:
    """Return the first four parts of an ARM id, up to its resource group; empty for a shorter id."""
    parts = id_.lower().strip("/").split("/")
    return parts[:4] if len(parts) > 4 and parts[0] == "subscriptions" and parts[2] == "resourcegroups" else []


POLICY = Policy(
    id="VM13",
    title="Disks are created empty, from an image, or as a copy within their resource group",
    why="An imported or uploaded disk, or one of another project, brings data in without review.",
    resource_types=("compute:Disk", "compute:Snapshot"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "3.1.04", "3.1.12"),
        ncsc=("3",),
        caf=("B3.c", "B4.a"),
        iso27001=("5.14", "8.12"),
        five_safes=("data",),
    ),
    fix="Create the disk empty, and import the data through the airlock.",
    check=check,
    check_paths=(OPTION, SOURCE, *(f"{image}.{key}" for image in IMAGES for key in ("id", *OTHERS))),
    evaluation_scope="stack",
    applies=holds_records,
)
