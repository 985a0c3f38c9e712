"""Azure Policy definitions are exactly the guardrails (GD4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.guardrails import DEFINITION, differences, guardrail_of
from policies.expected.guardrails import GUARDRAILS
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PATHS = ("mode", "policyRule", "parameters", "policyType")


def check(definition: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse definitions that are not exactly a guardrail."""
    for path in PATHS:
        definition.at(path)  # raises `Unknown` if the value is not known yet: it cannot be compared
    if guardrail_of(definition):
        return
    differing_paths = (differences(definition, guardrail) for guardrail in GUARDRAILS.values())
    for path in min(differing_paths, key=len):  # those of the most similar guardrail
        yield Violation(path, "differs from the guardrail, so Azure would not deny what it should")


POLICY = Policy(
    id="GD4",
    title="Azure Policy definitions are exactly the guardrails",
    why="Other controls rely on a guardrail by its name; a rule that differs a little may not deny the same requests.",
    resource_types=(DEFINITION,),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.4.02"), ncsc=("5",), iso27001=("8.9",), five_safes=("settings",)),
    fix="Declare the definition in infra/guardrails.py, where it is reviewed, and nowhere else.",
    check=check,
    check_paths=PATHS,
)
