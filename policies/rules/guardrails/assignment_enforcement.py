"""GD2: an assignment of a policy is enforced, in all of its scope."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.guardrails import ASSIGNMENT, NARROWS, weaknesses
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

LOOKED_AT = ("enforcementMode", *NARROWS)


def check(assignment: Resource, _: PolicyContext) -> Iterator[Violation]:
    """What is left out of an assignment, or said over again in it, is refused no more."""
    for path in LOOKED_AT:
        assignment.at(path)  # what is not known may weaken
    for path, found in weaknesses(assignment):
        yield Violation(path, f"is {found}; the assignment must be enforced, on all of its scope, as it is defined")


POLICY = Policy(
    id="GD2",
    title="Assigned policies are enforced, in all of their scope",
    why="A policy that only reports, or looks away from one resource, is no control where it matters.",
    on=(ASSIGNMENT,),
    reads=LOOKED_AT,
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.4.02"), ncsc=("5",), iso27001=("8.9",), five_safes=("settings",)),
    fix="Set enforcementMode to Default, and leave out notScopes, overrides, resourceSelectors and parameters.",
    check=check,
)
