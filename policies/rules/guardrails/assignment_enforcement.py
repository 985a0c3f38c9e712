"""Policy assignments are enforced in all of their scope (GD2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.guardrails import ASSIGNMENT, NARROWING_PROPERTIES, weaknesses
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PATHS = ("enforcementMode", *NARROWING_PROPERTIES)


def check(assignment: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse exclusions and overrides: Azure would not deny there."""
    for path in PATHS:
        assignment.at(path)  # raises `Unknown` if the value is not known yet: it may be an exclusion
    for path, found in weaknesses(assignment):
        yield Violation(path, f"is {found}; the assignment must be enforced, on all of its scope, as it is defined")


POLICY = Policy(
    id="GD2",
    title="Policy assignments are enforced in all of their scope",
    why="An assignment that only audits, or excludes a resource, does not deny where it matters.",
    resource_types=(ASSIGNMENT,),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.4.02"), ncsc=("5",), iso27001=("8.9",), five_safes=("settings",)),
    fix="Set enforcementMode to Default, and leave out notScopes, overrides, resourceSelectors and parameters.",
    check=check,
    check_paths=PATHS,
)
