"""GV4: no change to a property is overlooked on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

HARMLESS = ("description", "displayName", "friendlyName", "notes")
"""What says nothing but words to people."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Whatever is not known to be harmless may be a security property: a later api version adds such."""
    for path in resource.ignore_changes:
        if path not in HARMLESS:
            yield Violation(
                path, "is in ignoreChanges: somebody may weaken it in Azure, and no deployment puts it right"
            )


POLICY = Policy(
    id="GV4",
    title="No change is overlooked on purpose",
    why="What the deployment does not look at drifts, and the next verdict is on what was written, not on what is.",
    on=("*",),
    reads=("ignoreChanges",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.12", "2.4.03", "2.4.04"), ncsc=("5", "14"), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Remove ignoreChanges; let the program say what Azure should have.",
    check=check,
    applies=lambda resource, _: resource.declared,
)
