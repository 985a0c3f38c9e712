"""The program ignores no changes (GV4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

HARMLESS = ("description", "displayName", "friendlyName", "notes")
"""Properties with text for people only."""
MACHINE = "compute:VirtualMachine"
KEPT_BY_MACHINES = (
    "storageProfile.imageReference.version",
    "osProfile.customData",
    "osProfile.linuxConfiguration.ssh.publicKeys",
)
"""Properties of a virtual machine that nobody can change in Azure either, and whose change would replace it. The plan
has the deployed values, which VM16 and VM20 check. Publisher, offer and SKU of the image stay as declared; a machine
gets later updates from its patch mode (VM5)."""

BUDGET_START = ("consumption:Budget", "timePeriod.startDate")
"""Azure requires the present month when it makes a budget, and refuses any change afterwards."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse ignored properties that are not known to be harmless: API versions add security properties."""
    for path in resource.ignore_changes:
        kept = resource.type == MACHINE and path in KEPT_BY_MACHINES
        if path not in HARMLESS and not kept and (resource.type, path) != BUDGET_START:
            yield Violation(path, "is in ignoreChanges, so no deployment corrects a change that was made in Azure")


POLICY = Policy(
    id="GV4",
    title="The program ignores no changes",
    why="Properties that the deployment ignores drift, and the next check sees the program, not Azure.",
    resource_types=("*",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.12", "2.4.03", "2.4.04"),
        ncsc=("5", "14"),
        caf=("B4.b",),
        iso27001=("8.9",),
        five_safes=("settings",),
    ),
    fix="Remove ignoreChanges, and declare the value that Azure must have.",
    check=check,
    check_paths=("ignoreChanges",),
    applies=lambda resource, _: resource.from_program,
)
