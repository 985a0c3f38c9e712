"""Patch windows are at least monthly, do not end, and install every critical and security update (MT1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from policies.azure_semantics.properties import display, entries, texts
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals, equals_if_set

RECURRENCE, DURATION, START = "recurEvery", "duration", "startDateTime"
LINUX, WINDOWS = "installPatches.linuxParameters", "installPatches.windowsParameters"
CLASSES = "classificationsToInclude"
NEEDED = ("critical", "security")
MAX_EVERY = {"day": 31, "week": 4, "month": 1}
RECURS = re.compile(r"(\d{0,2}) ?(day|week|month)s?(?: .*)?", re.IGNORECASE)
WINDOW = re.compile(r"(\d{2}):(\d{2})")
MIN_MINUTES = 90
"""Azure's own least window for updates in the guest."""
MAX_WAIT = timedelta(days=31)


def check(window: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check when the window opens, and which updates it installs."""
    yield from _times(window, context.today)
    for parameters in (LINUX, WINDOWS):
        path = f"{parameters}.{CLASSES}"
        included = [text.lower() for text in texts(window, path)]
        missing = [one for one in NEEDED if one not in included]
        if entries(window, path) and missing:
            yield Violation(path, f"lacks {' and '.join(missing)}")
    if not any(entries(window, f"{parameters}.{CLASSES}") for parameters in (LINUX, WINDOWS)):
        yield Violation(f"{LINUX}.{CLASSES}", "is not set, and neither is that for Windows, so nothing is installed")


def _times(window: Resource, today: date) -> Iterator[Violation]:
    every = window.at(RECURRENCE)
    found = RECURS.fullmatch(every) if isinstance(every, str) else None
    if found is None or int(found[1] or 1) > MAX_EVERY[found[2].lower()] or int(found[1] or 1) < 1:
        yield Violation(RECURRENCE, f"is {display(every)}; it must be at least monthly, such as Week Saturday")
    length = window.at(DURATION)
    parts = WINDOW.fullmatch(length) if isinstance(length, str) else None
    if parts is None or int(parts[1]) * 60 + int(parts[2]) < MIN_MINUTES:
        yield Violation(DURATION, f"is {display(length)}; it must be at least 01:30")
    start = _day(window.at(START))
    if start is None or start > today + MAX_WAIT:
        yield Violation(START, f"is {display(window.at(START))}; it must be a time within the next month")


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


POLICY = Policy(
    id="MT1",
    title="Patch windows are at least monthly, do not end, and install every critical and security update",
    why="A machine without Internet access is patched by the platform or not at all; a window that never comes, or "
    "leaves updates out, keeps known vulnerabilities (Azure Update Manager, Scheduled patching).",
    resource_types=("maintenance:MaintenanceConfiguration",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.7.02", "2.7.03"),
        ncsc=("5",),
        caf=("B4.d",),
        cyber_essentials=("3.3",),
        iso27001=("8.8",),
        five_safes=("settings",),
    ),
    fix="Set maintenanceScope to InGuestPatch, rebootSetting to IfRequired, recurEvery to a month or less, duration to "
    "01:30 or more, both classifications Critical and Security, and no expiry, exclusions and tasks.",
    requires=(
        equals("maintenanceScope", "InGuestPatch"),
        equals("extensionProperties.InGuestPatchMode", "User", default="no mode, which Azure refuses"),
        equals_if_set("installPatches.rebootSetting", "IfRequired", "Always"),
        equals_if_set("visibility", "Custom"),
        empty("expirationDateTime", "the window would end, and with it all updates"),
        empty("namespace", "it selects resources of another provider"),
        empty("overrides", "it moves single windows away"),
        empty("installPatches.tasks", "a task runs code outside the machine"),
        empty(f"{LINUX}.packageNameMasksToExclude", "updates of these packages would not be installed"),
        empty(f"{WINDOWS}.kbNumbersToExclude", "these updates would not be installed"),
        empty(f"{WINDOWS}.excludeKbsRequiringReboot", "most security updates need a restart"),
    ),
    check=check,
    check_paths=(RECURRENCE, DURATION, START, f"{LINUX}.{CLASSES}", f"{WINDOWS}.{CLASSES}"),
)
