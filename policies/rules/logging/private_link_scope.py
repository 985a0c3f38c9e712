"""Log workspaces are reachable through the private link only (LG4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.diagnostics import WORKSPACE
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

SCOPE, MEMBER = "monitor:PrivateLinkScope", "monitor:PrivateLinkScopedResource"
MODES = ("queryAccessMode", "ingestionAccessMode")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that each workspace is in a private link scope."""
    if resource.type == WORKSPACE and not context.referencing(MEMBER, "linkedResourceId", resource):
        yield Violation("", "is in no private link scope, so nothing inside can write to it")


POLICY = Policy(
    id="LG4",
    title="Log workspaces are reachable through the private link only",
    why="In open mode a machine inside may write data to a log workspace of any tenant.",
    resource_types=(WORKSPACE, SCOPE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03", "3.1.12"),
        ncsc=("11", "13"),
        caf=("B4.a", "C1.b"),
        iso27001=("8.12", "8.15"),
        five_safes=("outputs",),
    ),
    fix="Put the workspace into a PrivateLinkScope whose two access modes are PrivateOnly, without exclusions.",
    requires=tuple(
        equals(f"{settings}.{mode}", "PrivateOnly", default="Open", only_on=SCOPE)
        for settings in ("accessModeSettings", "accessModeSettings.exclusions[*]")
        for mode in MODES
    ),
    check=check,
    check_paths=(f"{MEMBER}:linkedResourceId",),
    evaluation_scope="stack",
)
