"""Microsoft.DevTestLab: the schedules that shut virtual machines down.

Facts: docs/azure-facts.md#shutdown-schedules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.ids import name_of
from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import guid, refuse, resource_group_id, same, value_at
from local_azure.types.data_disks import VM

SCHEDULE = "azure-native:devtestlab:GlobalSchedule"
TIME_ZONES = ("UTC", "GMT Standard Time", "W. Europe Standard Time", "Romance Standard Time", "Greenwich Standard Time")
"""The time zones in and near the United Kingdom, by their Windows names."""


def _shuts_down_a_virtual_machine(request: Request) -> None:
    """Require the task, the name and the place that Azure requires of a schedule outside a lab."""
    target = str(request.new.get("targetResourceId") or "")
    if request.new.get("taskType") != "ComputeVmShutdownTask":
        refuse("InvalidScheduleTaskType", f"Task type {request.new.get('taskType')} needs a lab.", target="taskType")
    machine = request.cloud.get(target)
    if machine is None or machine.token != VM:
        refuse("InvalidScheduleTarget", f"The target {target} is no virtual machine.", target="targetResourceId")
    if not same(request.name, f"shutdown-computevm-{name_of(target)}"):
        refuse("InvalidScheduleId", f"The schedule must be named shutdown-computevm-{name_of(target)}.", target="name")
    if not same(resource_group_id(target), resource_group_id(request.id)):
        refuse("InvalidScheduleTarget", "The virtual machine is in another resource group.", target="targetResourceId")
    if normal_location(machine.location) != normal_location(request.location):
        refuse("InvalidScheduleLocation", "The virtual machine is in another region.", target="location")


def _has_a_time(request: Request) -> None:
    time, zone = str(value_at(request.new, "dailyRecurrence.time")), request.new.get("timeZoneId")
    if not re.fullmatch(r"([01][0-9]|2[0-3])[0-5][0-9]", time):
        refuse("InvalidScheduleTime", f"The time '{time}' is not in the form HHmm.", target="dailyRecurrence.time")
    if zone not in TIME_ZONES:
        refuse("InvalidTimeZoneId", f"The time zone '{zone}' is not known.", target="timeZoneId")


def _notification_has_receiver(request: Request) -> None:
    settings = value_at(request.new, "notificationSettings", {}) or {}
    if settings.get("status") == "Enabled" and not (settings.get("emailRecipient") or settings.get("webhookUrl")):
        refuse("InvalidNotificationSettings", "A notification needs an email address or a webhook.")


def _outputs(request: Request) -> Mapping[str, Json]:
    return {"uniqueIdentifier": guid(request.id, "schedule"), "createdDate": "2026-01-01T00:00:00+00:00"}


TYPES = (
    AzureType(
        token=SCHEDULE,
        name=NameRule(r"[A-Za-z0-9_.-]{1,128}", "1-128 letters, digits, _, . or -"),
        computed=_outputs,
        constraints=(_shuts_down_a_virtual_machine, _has_a_time, _notification_has_receiver),
    ),
)
