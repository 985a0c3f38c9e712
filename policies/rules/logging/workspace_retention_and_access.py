"""LG2: log workspaces keep what they are told, for a year at least, and answer inside alone."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.diagnostics import WORKSPACE
from policies.azure_semantics.properties import must, shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

DAYS = 365


def check(workspace: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A daily cap drops what comes after it: an attacker fills it first."""
    days = workspace.at("retentionInDays")
    if not isinstance(days, int | float) or days < DAYS:
        yield Violation("retentionInDays", f"is {shown(days)}; it must be at least {DAYS}, where Azure takes 30")
    for way in ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"):
        yield from must(workspace, way, "Disabled", default="Enabled")
    yield from must(workspace, "features.disableLocalAuth", True, default="false")
    if workspace.at("features.immediatePurgeDataOn30Days") not in (MISSING, False):
        yield Violation(
            "features.immediatePurgeDataOn30Days",
            "is on: what is 30 days old would go at once",
        )
    if workspace.at("features.enableDataExport") not in (MISSING, False):
        yield Violation("features.enableDataExport", "is on: a copy of the logs could go elsewhere")
    if workspace.at("workspaceCapping.dailyQuotaGb") not in (MISSING, -1):
        yield Violation("workspaceCapping.dailyQuotaGb", "caps a day: what is logged after that is lost")


POLICY = Policy(
    id="LG2",
    title="Logs are kept for a year, and read inside alone",
    why="Intrusions are found after months, and whoever can write to the log from outside can bury what they did.",
    on=(WORKSPACE,),
    reads=(
        "retentionInDays",
        "publicNetworkAccessForIngestion",
        "publicNetworkAccessForQuery",
        "features.disableLocalAuth",
        "features.immediatePurgeDataOn30Days",
        "features.enableDataExport",
        "workspaceCapping.dailyQuotaGb",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.5.03",), ncsc=("13",), iso27001=("8.15",), five_safes=("settings",)),
    fix=f"Set retentionInDays to {DAYS} or more, both publicNetworkAccessFor… to Disabled, disableLocalAuth to "
    "true, and no daily cap.",
    check=check,
)
