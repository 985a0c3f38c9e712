"""LG4: logs are written and searched by the private link alone."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.diagnostics import WORKSPACE
from policies.azure_semantics.properties import entries, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

SCOPE, MEMBER = "monitor:PrivateLinkScope", "monitor:PrivateLinkScopedResource"
MODES = ("queryAccessMode", "ingestionAccessMode")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Open mode lets a network inside reach everybody's workspaces by the public way."""
    if resource.type == WORKSPACE:
        if not context.referencing(MEMBER, "linkedResourceId", resource):
            yield Violation("", "is in no private link scope: nothing inside can write to it")
        return
    settings = ["accessModeSettings", *entries(resource, "accessModeSettings.exclusions")]
    for setting in settings:
        for mode in MODES:
            yield from must(resource, f"{setting}.{mode}", "PrivateOnly", default="Open")


POLICY = Policy(
    id="LG4",
    title="Logs are written and searched by the private link alone",
    why="In open mode a computer inside may write, and so carry data, to a workspace that is anybody's.",
    on=(WORKSPACE, SCOPE),
    reads=(
        *(f"accessModeSettings.{mode}" for mode in MODES),
        "accessModeSettings.exclusions",
        f"{MEMBER}:linkedResourceId",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03", "3.1.12"), ncsc=("11", "13"), iso27001=("8.12", "8.15"), five_safes=("outputs",)
    ),
    fix="Put the workspace into a PrivateLinkScope whose two access modes are PrivateOnly, without exclusions.",
    check=check,
    scope="stack",
)
