"""Activity log settings include the categories for changes and attacks (LG5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.diagnostics import ACTIVITY, CONTROL_PLANE, LOGS, missing
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(setting: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require all categories in each setting, so that each is complete."""
    absent = missing(setting, CONTROL_PLANE)
    if absent:
        yield Violation("logs", f"lacks {', '.join(absent)}; all of {', '.join(CONTROL_PLANE)} must be enabled")


POLICY = Policy(
    id="LG5",
    title="Activity log settings include the categories for changes and attacks",
    why="An attack through Azure's management API leaves traces in these categories only.",
    resource_types=(ACTIVITY,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.5.03"),
        ncsc=("12", "13"),
        caf=("C1.a",),
        cis=("6.1.1.2",),
        iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix=f"List the categories {', '.join(CONTROL_PLANE)} in `logs`, each enabled.",
    check=check,
    check_paths=LOGS,
)
