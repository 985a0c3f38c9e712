"""Data collection rules send system logs to the estate's log workspace only (MO3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import display, entries, lower_text, texts
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty
from policies.rule_helpers.log_workspaces import fault_of

RULE = "monitor:DataCollectionRule"
WORKSPACES = "destinations.logAnalytics"
FLOWS, FILES, IIS = "dataFlows", "dataSources.logFiles", "dataSources.iisLogs"
OTHER_DESTINATIONS = (
    "destinations.eventHubs",
    "destinations.eventHubsDirect",
    "destinations.monitoringAccounts",
    "destinations.storageAccounts",
    "destinations.storageBlobsDirect",
    "destinations.storageTablesDirect",
)
OTHER_SOURCES = (
    "dataSources.dataImports",
    "dataSources.extensions",
    "dataSources.platformTelemetry",
    "dataSources.prometheusForwarder",
)
LOG_FOLDER = "/var/log/"
WHOLE = ("", "source")
"""Transformations that keep every row and column."""


def check(rule: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check destinations, flows and the files that are read."""
    workspaces = entries(rule, WORKSPACES)
    if not workspaces:
        yield Violation(WORKSPACES, "has no entry, so the logs reach no workspace")
    for workspace in workspaces:
        fault = fault_of(rule.at(f"{workspace}.workspaceResourceId"), rule, context, lambda: _named(rule, context))
        if fault or not ids.plain(rule.at(f"{workspace}.workspaceResourceId")):
            yield Violation(f"{workspace}.workspaceResourceId", fault or "is not set")
    yield from _flows(rule)
    yield from _files(rule)


def _named(rule: Resource, context: PolicyContext) -> set[str]:
    """Return the workspaces that the data collection rules of the stack name."""
    rules = context.same_stack(rule, RULE)
    return {ids.plain(id_) for one in rules for id_ in one.each(f"{WORKSPACES}[*].workspaceResourceId")}


def _flows(rule: Resource) -> Iterator[Violation]:
    """Refuse transformations: they remove rows or columns of evidence before they are kept."""
    for flow in entries(rule, FLOWS):
        for path in (f"{flow}.transformKql", f"{flow}.builtInTransform"):
            if lower_text(rule, path).strip() not in WHOLE:
                yield Violation(path, "is set; logs must reach the workspace whole")


def _files(rule: Resource) -> Iterator[Violation]:
    """Allow text logs of the operating system: any other file may have research data."""
    for source in entries(rule, FILES):
        for pattern in entries(rule, f"{source}.filePatterns"):
            text = str(rule.at(pattern))
            if not text.startswith(LOG_FOLDER) or ".." in text:
                yield Violation(pattern, f"is {display(text)}; only files below {LOG_FOLDER} may be collected")
    for source in entries(rule, IIS):
        if texts(rule, f"{source}.logDirectories"):
            yield Violation(f"{source}.logDirectories", "is set; only IIS's own folder may be collected")


POLICY = Policy(
    id="MO3",
    title="Data collection rules send system logs to the estate's log workspace only",
    why="An agent reads files as root and sends them on: with another destination or source it carries research data "
    "out of a desk past the airlock (Azure Monitor, Structure of a data collection rule).",
    resource_types=(RULE,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03", "3.1.12"),
        ncsc=("11", "13"),
        caf=("B4.a", "C1.a"),
        iso27001=("8.12", "8.15"),
        five_safes=("settings", "outputs"),
    ),
    fix=f"Name the platform's log workspace in {WORKSPACES}, no other destination than azureMonitorMetrics, no "
    f"transformation and no identity, and collect text files below {LOG_FOLDER} only.",
    requires=(
        *(
            empty(path, "logs would go to a destination other than the central workspace")
            for path in OTHER_DESTINATIONS
        ),
        *(empty(path, "this source is not limited to system logs") for path in OTHER_SOURCES),
        empty("identity", "a rule that writes to a workspace needs no identity"),
    ),
    check=check,
    check_paths=(
        f"{WORKSPACES}[*].workspaceResourceId",
        f"{FLOWS}[*].transformKql",
        f"{FLOWS}[*].builtInTransform",
        f"{FILES}[*].filePatterns",
        f"{IIS}[*].logDirectories",
    ),
    evaluation_scope="stack",
)
