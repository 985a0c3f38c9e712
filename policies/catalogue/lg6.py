"""LG6: the activity log of every subscription that the estate stands in reaches a workspace of the estate."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts import ids
from policies.facts.diagnostics import ACTIVITY, WORKSPACE, activity_settings
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity


def judge(group: Resource, estate: Estate) -> Iterator[Problem]:
    """Said of each resource group, because everything stands in one."""
    subscription = ids.subscription(ids.own(group))
    if not any(_kept(setting, estate) for setting in activity_settings(subscription, estate)):
        yield Problem("", "stands in a subscription whose activity log reaches no log workspace of the estate; Azure "
                      "forgets it after 90 days")  # fmt: skip


def _kept(setting: Resource, estate: Estate) -> bool:
    workspace = estate.get(ids.plain(setting.at("workspaceId")))
    return workspace is not None and workspace.type == WORKSPACE


def _can_be_told(group: Resource, estate: Estate) -> bool:
    """The stack with the workspace records its own subscription, and others' for them; those see none of it."""
    return estate.whole or bool(estate.beside(group, WORKSPACE))


POLICY = Policy(
    id="LG6",
    title="The activity log of every subscription of the estate is kept in its log workspace",
    why="Who made a grant, opened a network or switched a log off is said in the activity log alone.",
    on=("resources:ResourceGroup",),
    reads=(f"{ACTIVITY}:workspaceId",),
    severity=Severity.HIGH,
    controls=Controls(
        satre=("2.2.13", "2.5.03"), ncsc=("12", "13"), cis=("6.1.1.1",), iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix="Give the subscription a SubscriptionDiagnosticSetting with the platform's log workspace: name the "
    "subscription in the cell's `subscriptions`.",
    judge=judge,
    applies=_can_be_told,
    scope="stack",
)  # fmt: skip
