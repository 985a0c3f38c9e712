"""Log workspaces keep logs for as long as the estate says (LG20)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import PlatformConfig
from policies.azure_semantics.diagnostics import WORKSPACE
from policies.azure_semantics.properties import display
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

DAYS = "retentionInDays"


def check(workspace: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the estate's days in the platform. No other stack has a workspace."""
    config = context.configs[workspace.stack]
    if not isinstance(config, PlatformConfig):
        yield Violation("", "is a log workspace outside the platform, for which the estate has no schedule")
    elif workspace.at(DAYS) != config.log_retention_days:
        yield Violation(DAYS, f"is {display(workspace.at(DAYS))}; the estate's is {config.log_retention_days}")


POLICY = Policy(
    id="LG20",
    title="Log workspaces keep logs for as long as the estate says",
    why="The estate's schedule was approved: shorter loses evidence, longer keeps people's traces without a reason.",
    resource_types=(WORKSPACE,),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.5.03",), ncsc=("13",), caf=("C1.b",), iso27001=("5.33", "8.15"), five_safes=("settings",)
    ),
    fix="Set retentionInDays to the estate's log_retention_days.",
    check=check,
    check_paths=(DAYS,),
    needs_config=True,
)
