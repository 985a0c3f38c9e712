"""Diagnostic settings send logs to the central workspace only (LG3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, SETTING, WORKSPACE
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, not_empty

EXPORT = "operationalinsights:DataExport"
OTHER_DESTINATIONS = ("eventHubAuthorizationRuleId", "serviceBusRuleId", "marketplacePartnerId", "storageAccountId")


def check(setting: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a workspace of the estate. In a stack without a workspace, all settings must name the same one."""
    if setting.type == EXPORT:
        yield Violation("destination", "copies the log to a destination other than the central workspace")
        return
    workspace = ids.plain(setting.at("workspaceId"))
    if not workspace:
        yield Violation("workspaceId", "is not set, so the log reaches no workspace")
        return
    target = context.get(workspace)
    if target is not None and target.type != WORKSPACE:
        yield Violation("workspaceId", "is not a log workspace")
    elif target is None and (context.is_complete or context.same_stack(setting, WORKSPACE)):
        yield Violation("workspaceId", "is a log workspace outside the estate")
    elif target is None and len(_workspaces(setting, context)) > 1:
        yield Violation("workspaceId", "the stack's logs go to several workspaces; there must be one")


def _workspaces(setting: Resource, context: PolicyContext) -> set[str]:
    """Return the workspaces of all settings in a stack."""
    found = {
        ids.plain(s.at("workspaceId")) for s in context.same_stack(setting, SETTING, ACTIVITY) if s.knows("workspaceId")
    }
    return found - {""}


POLICY = Policy(
    id="LG3",
    title="Diagnostic settings send logs to the central workspace only",
    why="A log that the operator of the workspace can change, or that another party receives, is no evidence.",
    resource_types=(SETTING, ACTIVITY, EXPORT),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.5.03",), ncsc=("13",), iso27001=("8.15",), five_safes=("settings",)),
    fix="Set workspaceId to the platform's log workspace, and no other destination.",
    requires=tuple(
        empty(path, "logs would go to a destination other than the central workspace", only_on=type_)
        for type_ in (SETTING, ACTIVITY)
        for path in OTHER_DESTINATIONS
    ),
    check=check,
    required_by_check=(not_empty("workspaceId", only_on=SETTING),),
    evaluation_scope="stack",
)
