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
        definition.at(path)  # an unknown value cannot be compared
    if guardrail_of(definition):
        return
    for path in min((differences(definition, guardrail) for guardrail in GUARDRAILS.values()), key=len):
        yield Violation(path, "differs from the guardrail, so Azure would not deny what it should")


POLICY = Policy(
    id="GD4",
    title="Azure Policy definitions are exactly the guardrails",
    why="Other controls rely on a guardrail by its name; a rule that is almost the same denies almost the same.",
    resource_types=(DEFINITION,),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.4.02"), ncsc=("5",), iso27001=("8.9",), five_safes=("settings",)),
    fix="Say what a definition is to refuse in infra/guardrails.py, where it is reviewed, and nowhere else.",
    check=check,
    check_paths=PATHS,
)
