"""LG7: the log workspace keeps the activity log of the subscription that it stands in itself."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, WORKSPACE, activity_is_kept
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """What a stack can tell without the others: of theirs, LG6 asks."""
    if not activity_is_kept(ids.subscription(ids.own(workspace)), context):
        yield Violation("", "does not collect its own subscription's activity log: changes and deletions go unrecorded")


POLICY = Policy(
    id="LG7",
    title="The log workspace keeps the activity log of its own subscription",
    why="Whoever would hide what they did begins with the log: that they did so is said in the activity log alone.",
    on=(WORKSPACE,),
    reads=(f"{ACTIVITY}:workspaceId",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.5.03"), ncsc=("12", "13"), cis=("6.1.1.1",), iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix="Give the subscription a SubscriptionDiagnosticSetting that names the workspace.",
    check=check,
    scope="stack",
)  # fmt: skip
