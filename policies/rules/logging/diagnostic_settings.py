"""LG1: whatever writes a log has it kept in a log workspace."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.diagnostics import BLOBS_OF, CATEGORIES, SETTING, categories_of, missing, settings_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Several settings may share the categories; only what reaches a workspace counts."""
    settings = [s for s in settings_of(resource, context) if s.at("workspaceId") is not MISSING]
    if not settings:
        yield Violation("", "has no diagnostic setting that sends its log to a workspace; Azure keeps none by itself")
        return
    wanted = categories_of(resource.type)
    left = set.intersection(*(set(missing(setting, wanted)) for setting in settings))
    if left:
        yield Violation("", f"its log lacks {', '.join(sorted(left))}; record the category group allLogs")


POLICY = Policy(
    id="LG1",
    title="Whatever writes a log has it kept in a log workspace",
    why="Who read what, and who changed what, can only be asked of what was recorded; Azure records nothing unasked.",
    on=(*CATEGORIES, BLOBS_OF),
    reads=(f"{SETTING}:resourceUri", f"{SETTING}:workspaceId", f"{SETTING}:logs"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.2.14", "2.5.03"), ncsc=("13",), iso27001=("8.15",), five_safes=("settings",)
    ),
    fix="Give it a DiagnosticSetting with the category group allLogs and the central workspace. For a storage account, "
    "its blob service is what writes.",
    check=check,
    scope="stack",
)
