"""The program ignores no changes (GV4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

HARMLESS = ("description", "displayName", "friendlyName", "notes")
"""Properties with text for people only."""
IMAGE_VERSION = "storageProfile.imageReference.version"
"""The image's version, whose change replaces the machine. Publisher, offer and SKU stay as declared; a machine gets
later updates from its patch mode (VM5)."""
MACHINE = "compute:VirtualMachine"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse ignored properties that are not known to be harmless: API versions add security properties."""
    for path in resource.ignore_changes:
        if path not in HARMLESS and (resource.type, path) != (MACHINE, IMAGE_VERSION):
            yield Violation(path, "is in ignoreChanges, so no deployment corrects a change that was made in Azure")


POLICY = Policy(
    id="GV4",
    title="The program ignores no changes",
    why="Properties that the deployment ignores drift, and the next check sees the program, not Azure.",
    resource_types=("*",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.12", "2.4.03", "2.4.04"), ncsc=("5", "14"), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Remove ignoreChanges, and declare the value that Azure must have.",
    check=check,
    check_paths=("ignoreChanges",),
    applies=lambda resource, _: resource.from_program,
)
