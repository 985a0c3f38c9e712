"""The activity log of every subscription of the estate goes to its log workspace (LG6)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, is_activity_log_exported
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check each resource group, because every resource is in one."""
    if not is_activity_log_exported(ids.subscription(ids.own(group)), context):
        yield Violation("", "is in a subscription whose activity log reaches no log workspace of the estate; Azure "
                      "deletes it after 90 days")  # fmt: skip


POLICY = Policy(
    id="LG6",
    title="The activity log of every subscription of the estate goes to its log workspace",
    why="Only the activity log records who assigned a role, opened a network or disabled a log.",
    resource_types=("resources:ResourceGroup",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.5.03"),
        ncsc=("12", "13"),
        caf=("C1.a",),
        cis=("6.1.1.1",),
        iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix="Name the subscription in its cell's `subscriptions`, and deploy the cell's platform first: it sends "
    "each activity log to its log workspace.",
    check=check,
    check_paths=(f"{ACTIVITY}:workspaceId",),
    evaluation_scope="estate",
)
