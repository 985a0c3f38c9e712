"""A desk is shut down at the time that the request states, and by nothing else (VM27)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.computers import DeskConfig
from policies.azure_semantics.properties import require
from policies.expected.staff import desk_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

SHUTDOWN = "-shutdown"
"""Ends the logical name of a desk's schedule."""
MACHINE, TARGET, TIME, ZONE = "compute:VirtualMachine", "targetResourceId", "dailyRecurrence.time", "timeZoneId"
RECEIVERS = ("notificationSettings.webhookUrl", "notificationSettings.emailRecipient")


def check(schedule: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare with the request. The receiver of a notification would learn when a desk is in use."""
    name = schedule.name.removesuffix(SHUTDOWN)
    desk = desk_of(name, context.configs[schedule.stack])
    if not isinstance(desk, DeskConfig) or desk.shutdown is None:
        yield Violation("", "is a schedule that no request states")
        return
    target = context.get(schedule.at(TARGET))
    if target is None or (target.type, target.name, target.stack) != (MACHINE, name, schedule.stack):
        yield Violation(TARGET, f"is not the desk {desk.name}")
    yield from require(schedule, TIME, desk.shutdown.replace(":", ""))
    yield from require(schedule, ZONE, "GMT Standard Time")
    yield from (
        Violation(path, "notifies a receiver that no request states")
        for path in RECEIVERS
        if schedule.at(path) is not MISSING
    )


POLICY = Policy(
    id="VM27",
    title="Desks are shut down at the time that the request states",
    why="A schedule that nobody asked for ends work that runs overnight, and one that is missing costs money.",
    resource_types=("devtestlab:GlobalSchedule",),
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("2.3.04",), ncsc=("5",), iso27001=("8.6",), five_safes=("projects",)),
    fix="Take the time from `shutdown` of the desk, without notifications; change the request for another time.",
    check=check,
    check_paths=(TARGET, TIME, ZONE, *RECEIVERS),
    evaluation_scope="stack",
    needs_config=True,
)
