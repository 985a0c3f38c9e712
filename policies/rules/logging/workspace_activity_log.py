"""The log workspace keeps the activity log of its own subscription (LG7)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, WORKSPACE, is_activity_log_exported
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check the workspace's own subscription. LG6 checks those of the other stacks."""
    if not is_activity_log_exported(ids.subscription(ids.own(workspace)), context):
        yield Violation(
            "", "does not collect its own subscription's activity log, so changes and deletions are not recorded"
        )


POLICY = Policy(
    id="LG7",
    title="The log workspace keeps the activity log of its own subscription",
    why="An attacker begins by disabling logs, and only the activity log records it.",
    resource_types=(WORKSPACE,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.5.03"),
        ncsc=("12", "13"),
        caf=("C1.a",),
        cis=("6.1.1.1",),
        iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix="Give the subscription a SubscriptionDiagnosticSetting that names the workspace.",
    check=check,
    check_paths=(f"{ACTIVITY}:workspaceId",),
    evaluation_scope="stack",
)
