"""LG6: the activity log of every subscription that the estate stands in reaches a workspace of the estate."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, activity_is_kept
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Said of each resource group, because everything stands in one."""
    if not activity_is_kept(ids.subscription(ids.own(group)), context):
        yield Violation("", "stands in a subscription whose activity log reaches no log workspace of the estate; Azure "
                      "forgets it after 90 days")  # fmt: skip


POLICY = Policy(
    id="LG6",
    title="The activity log of every subscription of the estate is kept in its log workspace",
    why="Who made a grant, opened a network or switched a log off is said in the activity log alone.",
    on=("resources:ResourceGroup",),
    reads=(f"{ACTIVITY}:workspaceId",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.5.03"), ncsc=("12", "13"), cis=("6.1.1.1",), iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix="Name the subscription in its cell's `subscriptions`, and bring the cell's platform up first: it sends the "
    "activity log of each to its log workspace.",
    check=check,
    scope="estate",
)  # fmt: skip
