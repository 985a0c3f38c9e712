"""GD3: nothing is let past a guard."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.guardrails import EXEMPTION
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """An exemption in Azure has no approver, and shows in no report of ours."""
    yield Violation(
        "", "lifts a policy of Azure's; what may be let off is let off in the estate's exemptions.yaml alone"
    )


POLICY = Policy(
    id="GD3",
    title="Nothing is exempt from Azure's own policies",
    why="An exemption in Azure lifts the guard for everybody, without an approver and until somebody remembers it.",
    on=(EXEMPTION,),
    reads=("policyAssignmentId",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("1.2.09", "2.4.04"), ncsc=("5",), iso27001=("8.9",), five_safes=("settings",)),
    fix="Take the exemption away; a guard that refuses what must be is changed in infra/guardrails.py, and reviewed "
    "there.",
    check=check,
)
