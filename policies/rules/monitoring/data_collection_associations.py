"""Machines of the estate collect logs by its own rules only (MO5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.references import require_own

RULE_ID, ENDPOINT_ID, MACHINE = "dataCollectionRuleId", "dataCollectionEndpointId", "resourceUri"


def check(association: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a machine of the same stack, and a rule or an endpoint of the estate."""
    yield from require_own(association, MACHINE, context, "compute:VirtualMachine", same_stack=True)
    targets = {RULE_ID: "monitor:DataCollectionRule", ENDPOINT_ID: "monitor:DataCollectionEndpoint"}
    named = {path: type_ for path, type_ in targets.items() if association.at(path) is not MISSING}
    if not named:
        yield Violation(RULE_ID, "is not set, and neither is an endpoint")
    for path, type_ in named.items():
        yield from require_own(association, path, context, type_)


POLICY = Policy(
    id="MO5",
    title="Machines of the estate collect logs by its own rules only",
    why="Whoever writes the rule decides which files of the machine an agent sends where, and can change it later "
    "(Azure Monitor, Manage data collection rule associations).",
    resource_types=("monitor:DataCollectionRuleAssociation",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03", "3.1.12"),
        ncsc=("3", "13"),
        caf=("B4.a", "C1.a"),
        iso27001=("8.12", "8.15"),
        five_safes=("settings", "outputs"),
    ),
    fix="Name a virtual machine of the stack, and a data collection rule or endpoint of the estate.",
    check=check,
    check_paths=(MACHINE, RULE_ID, ENDPOINT_ID),
    evaluation_scope="estate",
)
