"""A template says with certainty which resources it creates (TM1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

ELEMENTS: Mapping[str, tuple[str, str]] = {
    "templateCondition": ("condition", "is not known before the deployment, so the resource may not be created"),
    "templateCopy": ("copy", "creates as many resources as the deployment decides; one of them was checked"),
}
"""The inputs that the reader of templates adds, with the element of the template and the reason."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Raise `Unknown` for a resource with a condition or in a loop: others may rely on a resource that is not there."""
    for name, (element, why) in ELEMENTS.items():
        if not resource.knows(name) and name in resource.inputs:
            raise Unknown(element, why)
    yield from ()


POLICY = Policy(
    id="TM1",
    title="A template says with certainty which resources it creates",
    why="A lock, a log or a private endpoint that is not created protects nothing, and a loop can create any number.",
    resource_types=("*",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.03", "2.4.04"), ncsc=("5",), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Check the template with its parameters (--parameters FILE), and with each loop unrolled.",
    check=check,
    check_paths=tuple(ELEMENTS),
    applies=lambda resource, _: not resource.from_program and any(name in resource.inputs for name in ELEMENTS),
)
