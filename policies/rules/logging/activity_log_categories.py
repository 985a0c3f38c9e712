"""LG5: of a subscription's activity log, what tells of changes and attacks is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.diagnostics import ACTIVITY, CONTROL_PLANE, missing
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(setting: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Each setting by itself: what one leaves out, nobody need look for in another."""
    left = missing(setting, CONTROL_PLANE)
    if left:
        yield Violation("logs", f"lacks {', '.join(left)}; all of {', '.join(CONTROL_PLANE)} must be enabled")


POLICY = Policy(
    id="LG5",
    title="The activity log tells of every change, and of attacks",
    why="Whoever opens a door through Azure's own management leaves a trace in these categories, and in no other log.",
    on=(ACTIVITY,),
    reads=("logs",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.13", "2.5.03"), ncsc=("12", "13"), cis=("6.1.1.2",), iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix=f"List the categories {', '.join(CONTROL_PLANE)} in `logs`, each enabled.",
    check=check,
)  # fmt: skip
