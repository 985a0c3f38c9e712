"""Diagnostic settings send logs to the central workspace, and to an immutable store at most (LG3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import ACTIVITY, SETTING
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, not_empty
from policies.rule_helpers.immutable_stores import LOG_DAYS, READS, keeps_logs_unchanged
from policies.rule_helpers.log_workspaces import fault_of

EXPORT = "operationalinsights:DataExport"
COPY = "storageAccountId"
OTHER_DESTINATIONS = ("eventHubAuthorizationRuleId", "serviceBusRuleId", "marketplacePartnerId")
REASON = "logs would go to a destination other than the central workspace"


def check(setting: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a workspace of the estate. In a stack without a workspace, all settings must name the same one."""
    if setting.type == EXPORT:
        yield Violation("destination", "copies the log to a destination other than the central workspace")
        return
    yield from _second_copy(setting, context)
    workspace = ids.plain(setting.at("workspaceId"))
    if not workspace:
        yield Violation("workspaceId", "is not set, so the log reaches no workspace")
        return
    fault = fault_of(workspace, setting, context, lambda: _workspaces(setting, context))
    if fault:
        yield Violation("workspaceId", fault)


def _second_copy(setting: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow a second copy in a store of the estate in which nobody can change or delete it."""
    id_ = ids.plain(setting.at(COPY))
    store = context.get(id_) if id_ else None
    if id_ and (store is None or not keeps_logs_unchanged(store, context)):
        yield Violation(
            COPY, f"is not a storage account of the estate whose blobs are immutable for at least {LOG_DAYS} days"
        )


def _workspaces(setting: Resource, context: PolicyContext) -> set[str]:
    """Return the workspaces of all settings in a stack."""
    found = {
        ids.plain(s.at("workspaceId")) for s in context.same_stack(setting, SETTING, ACTIVITY) if s.knows("workspaceId")
    }
    return found - {""}


POLICY = Policy(
    id="LG3",
    title="Diagnostic settings send logs to the central workspace, and to an immutable store at most",
    why="A log that the operator of the workspace can change, or that another party receives, is no evidence. A second "
    "copy that nobody can change or delete is stronger evidence.",
    resource_types=(SETTING, ACTIVITY, EXPORT),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03",), ncsc=("13",), caf=("C1.b",), iso27001=("8.15",), five_safes=("settings",)
    ),
    fix="Set workspaceId to the platform's log workspace, and no other destination. A second copy may go to a storage "
    f"account of the estate whose blobs are immutable for at least {LOG_DAYS} days.",
    requires=tuple(empty(path, REASON, only_on=type_) for type_ in (SETTING, ACTIVITY) for path in OTHER_DESTINATIONS),
    check=check,
    required_by_check=(
        not_empty("workspaceId", only_on=SETTING),
        *(empty(COPY, REASON, only_on=type_) for type_ in (SETTING, ACTIVITY)),
    ),
    check_paths=(*READS, f"{ACTIVITY}:workspaceId"),
    evaluation_scope="stack",
)
