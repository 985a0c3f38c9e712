"""LG3: logs go to the estate's own workspace, and nowhere beside it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, SETTING, WORKSPACE
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

EXPORT = "operationalinsights:DataExport"
ELSEWHERE = ("eventHubAuthorizationRuleId", "serviceBusRuleId", "marketplacePartnerId", "storageAccountId")


def check(setting: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A stack that has no workspace of its own sees that all its settings agree; whose it is, the estate sees."""
    if setting.type == EXPORT:
        yield Violation("destination", "copies the log to somewhere other than the central workspace")
        return
    for property_ in ELSEWHERE:
        if setting.at(property_) is not MISSING:
            yield Violation(property_, "sends the log to somewhere other than the central workspace")
    workspace = ids.plain(setting.at("workspaceId"))
    if not workspace:
        yield Violation("workspaceId", "is not set: what is recorded reaches no workspace")
        return
    here = context.get(workspace)
    if here is not None and here.type != WORKSPACE:
        yield Violation("workspaceId", "names what is no log workspace")
    elif here is None and (context.whole or context.same_stack(setting, WORKSPACE)):
        yield Violation("workspaceId", "names a log workspace that is not the estate's")
    elif here is None and len(_agreed(setting, context)) > 1:
        yield Violation("workspaceId", "the stack's logs go to several workspaces; there must be one")


def _agreed(setting: Resource, context: PolicyContext) -> set[str]:
    found = {
        ids.plain(s.at("workspaceId")) for s in context.same_stack(setting, SETTING, ACTIVITY) if s.knows("workspaceId")
    }
    return found - {""}


POLICY = Policy(
    id="LG3",
    title="Logs go to the central workspace alone",
    why="A log that whoever runs the workspace can change, or that goes to somebody else, is no evidence.",
    on=(SETTING, ACTIVITY, EXPORT),
    reads=("workspaceId", *ELSEWHERE),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.5.03",), ncsc=("13",), iso27001=("8.15",), five_safes=("settings",)),
    fix="Set workspaceId to the platform's log workspace, and no other destination.",
    check=check,
    scope="stack",
)
