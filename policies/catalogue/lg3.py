"""LG3: logs go to the estate's own workspace, and nowhere beside it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, SETTING, WORKSPACE
from policies.model import MISSING, Controls, Estate, Policy, Problem, Resource, Severity

EXPORT = "operationalinsights:DataExport"
ELSEWHERE = ("eventHubAuthorizationRuleId", "serviceBusRuleId", "marketplacePartnerId", "storageAccountId")


def judge(setting: Resource, estate: Estate) -> Iterator[Problem]:
    """A stack that has no workspace of its own sees that all its settings agree; whose it is, the estate sees."""
    if setting.type == EXPORT:
        yield Problem("destination", "copies the log to somewhere other than the central workspace")
        return
    for property_ in ELSEWHERE:
        if setting.at(property_) is not MISSING:
            yield Problem(property_, "sends the log to somewhere other than the central workspace")
    workspace = ids.plain(setting.at("workspaceId"))
    if not workspace:
        yield Problem("workspaceId", "is not set: what is recorded reaches no workspace")
        return
    here = estate.get(workspace)
    if here is not None and here.type != WORKSPACE:
        yield Problem("workspaceId", "names what is no log workspace")
    elif here is None and (estate.whole or estate.beside(setting, WORKSPACE)):
        yield Problem("workspaceId", "names a log workspace that is not the estate's")
    elif here is None and len(_agreed(setting, estate)) > 1:
        yield Problem("workspaceId", "the stack's logs go to several workspaces; there must be one")


def _agreed(setting: Resource, estate: Estate) -> set[str]:
    found = {
        ids.plain(s.at("workspaceId")) for s in estate.beside(setting, SETTING, ACTIVITY) if s.knows("workspaceId")
    }
    return found - {""}


POLICY = Policy(
    id="LG3",
    title="Logs go to the central workspace alone",
    why="A log that whoever runs the workspace can change, or that goes to somebody else, is no evidence.",
    on=(SETTING, ACTIVITY, EXPORT),
    reads=("workspaceId", *ELSEWHERE),
    severity=Severity.HIGH,
    controls=Controls(satre=("2.5.03",), ncsc=("13",), iso27001=("8.15",), five_safes=("settings",)),
    fix="Set workspaceId to the platform's log workspace, and no other destination.",
    judge=judge,
    scope="stack",
)
