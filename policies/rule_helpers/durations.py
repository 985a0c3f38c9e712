"""Parse the two formats in which Azure writes durations."""

from __future__ import annotations

import re

ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
ISO_DAYS = (365, 30, 7, 1, 1 / 24, 1 / 1440, 1 / 86400)
TIMESPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")
TIMESPAN_DAYS = (1, 1 / 24, 1 / 1440, 1 / 86400)


def iso_days(text: object) -> float | None:
    """Return the days of an ISO 8601 duration such as P11M, with months of 30 days; None for another value or zero."""
    return _days(ISO, ISO_DAYS, text)


def timespan_days(text: object) -> float | None:
    """Return the days of a .NET time span such as 1.12:05:59; None for another value or zero."""
    return _days(TIMESPAN, TIMESPAN_DAYS, text)


def _days(pattern: re.Pattern[str], days_per_unit: tuple[float, ...], text: object) -> float | None:
    found = pattern.fullmatch(text) if isinstance(text, str) and len(text) <= 32 else None
    if found is None:
        return None
    total = sum(int(number or 0) * days for number, days in zip(found.groups(), days_per_unit, strict=True))
    return total if total > 0 else None
