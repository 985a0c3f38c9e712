"""GD4: a definition of Azure Policy says exactly what a guard says."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.guardrails import DEFINITION, differences, guardrail_of
from policies.expected.guardrails import GUARDRAILS
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

LOOKED_AT = ("mode", "policyRule", "parameters", "policyType")


def check(definition: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A rule that is almost ours refuses almost what it should: only the whole of it earns credit."""
    for path in LOOKED_AT:
        definition.at(path)  # what is not known is neither ours nor another's
    if guardrail_of(definition):
        return
    for path in min((differences(definition, guard) for guard in GUARDRAILS.values()), key=len):
        yield Violation(path, "is not what a guard says, so that Azure would not refuse what it should")


POLICY = Policy(
    id="GD4",
    title="Definitions of Azure Policy deny, and say what the guards say",
    why="Everybody counts on the guard by its name; a rule that is almost it refuses almost what it should.",
    on=(DEFINITION,),
    reads=LOOKED_AT,
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.4.02"), ncsc=("5",), iso27001=("8.9",), five_safes=("settings",)),
    fix="Say what a definition is to refuse in infra/guardrails.py, where it is reviewed, and nowhere else.",
    check=check,
)
