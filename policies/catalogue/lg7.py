"""LG7: the log workspace keeps the activity log of the subscription that it stands in itself."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, WORKSPACE, activity_is_kept
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity


def judge(workspace: Resource, estate: Estate) -> Iterator[Problem]:
    """What a stack can tell without the others: of theirs, LG6 asks."""
    if not activity_is_kept(ids.subscription(ids.own(workspace)), estate):
        yield Problem("", "does not get the activity log of its own subscription, so that who changes or deletes it is "
                      "not told")  # fmt: skip


POLICY = Policy(
    id="LG7",
    title="The log workspace keeps the activity log of its own subscription",
    why="Whoever would hide what they did begins with the log: that they did so is said in the activity log alone.",
    on=(WORKSPACE,),
    reads=(f"{ACTIVITY}:workspaceId",),
    severity=Severity.HIGH,
    controls=Controls(
        satre=("2.2.13", "2.5.03"), ncsc=("12", "13"), cis=("6.1.1.1",), iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix="Give the subscription a SubscriptionDiagnosticSetting that names the workspace.",
    judge=judge,
    scope="stack",
)  # fmt: skip
