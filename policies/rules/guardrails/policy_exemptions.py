"""Azure Policy has no exemptions (GD3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.guardrails import EXEMPTION
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Refuse every exemption: it has no approver, and no report shows it."""
    yield Violation("", "disables a guardrail; exemptions belong in the estate's exemptions.yaml only")


POLICY = Policy(
    id="GD3",
    title="Azure Policy has no exemptions",
    why="An exemption in Azure disables a guardrail without an approver.",
    resource_types=(EXEMPTION,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.2.09", "2.4.04"), ncsc=("5",), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Remove the exemption. If a guardrail refuses a resource that is needed, change the guardrail in "
    "infra/guardrails.py or infra/subscription_guardrails.py, which are reviewed.",
    check=check,
)
