"""Machines that are patched on a schedule have one, and restart where an update needs it (MT3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import require_if_set
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rules.maintenance.patch_assignments import ASSIGNMENT, EXTENSION

SETTINGS = tuple(
    f"osProfile.{system}.patchSettings.automaticByPlatformSettings"
    for system in ("linuxConfiguration", "windowsConfiguration")
)
SCHEDULED, RESTART = "bypassPlatformSafetyChecksOnUserSchedule", "rebootSetting"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an assignment on a machine that the platform leaves to a schedule. Without a schedule the platform
    patches at an hour that nobody knows beforehand, so such a machine may leave its restarts to people."""
    for settings in SETTINGS:
        yield from require_if_set(machine, f"{settings}.{SCHEDULED}", True, False)
        unscheduled = machine.at(f"{settings}.{SCHEDULED}") in (MISSING, False)
        restarts = ("IfRequired", "Always", *(("Never",) if unscheduled else ()))
        yield from require_if_set(machine, f"{settings}.{RESTART}", *restarts)
        if machine.at(f"{settings}.{SCHEDULED}") is True and not _has_schedule(machine, context):
            yield Violation(f"{settings}.{SCHEDULED}", "is true, but no maintenance configuration is assigned to it")


def _has_schedule(machine: Resource, context: PolicyContext) -> bool:
    assignments = context.same_stack(machine, ASSIGNMENT)
    return any(ids.own(one).partition(EXTENSION)[0] == ids.own(machine) for one in assignments)


POLICY = Policy(
    id="MT3",
    title="Machines that are patched on a schedule have one, and restart where an update needs it",
    why="With bypassPlatformSafetyChecksOnUserSchedule the platform installs updates in the windows of a schedule "
    "only, and never without one (Azure Update Manager, Prerequisite for scheduled patching). Its rebootSetting "
    "overrides that of the schedule (Automatic Guest Patching).",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.7.02", "2.7.03"),
        ncsc=("5",),
        caf=("B4.d",),
        cyber_essentials=("3.3",),
        iso27001=("8.8",),
        five_safes=("settings",),
    ),
    fix="Assign a maintenance configuration to the machine, or leave the setting out; set rebootSetting to IfRequired "
    "on a machine with a schedule.",
    check=check,
    check_paths=tuple(f"{settings}.{part}" for settings in SETTINGS for part in (SCHEDULED, RESTART)),
    evaluation_scope="stack",
)
