"""Every resource that writes a log has a diagnostic setting to a log workspace (LG1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.diagnostics import (
    CATEGORIES,
    LOGS,
    SETTING,
    STORAGE_ACCOUNT,
    categories_of,
    missing,
    settings_of,
)
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that each category is recorded by at least one diagnostic setting with a workspace."""
    declared = settings_of(resource, context)
    settings = [setting for setting in declared if setting.at("workspaceId") is not MISSING]
    if not settings:
        yield Violation("", "has no diagnostic setting with a workspace; Azure keeps no log by default")
        return
    required = categories_of(resource.type)
    missing_in_all = set.intersection(*(set(missing(setting, required, resource.type)) for setting in settings))
    if missing_in_all:
        yield Violation(
            "", f"no diagnostic setting records {', '.join(sorted(missing_in_all))}; enable the category group allLogs"
        )


POLICY = Policy(
    id="LG1",
    title="Every resource that writes a log has a diagnostic setting to a log workspace",
    why="Azure keeps no resource log by default, so accesses and changes could not be investigated.",
    resource_types=(*CATEGORIES, STORAGE_ACCOUNT),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.2.14", "2.5.03"), ncsc=("13",), caf=("C1.a",), iso27001=("8.15",), five_safes=("settings",)
    ),
    fix="Add a DiagnosticSetting with the category group allLogs and the central workspace. For a storage "
    "account, set it on the blob service.",
    check=check,
    check_paths=(f"{SETTING}:resourceUri", f"{SETTING}:workspaceId", *(f"{SETTING}:{path}" for path in LOGS)),
    evaluation_scope="stack",
)
