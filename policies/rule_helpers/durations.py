"""How long: the two ways in which Azure writes a duration."""

from __future__ import annotations

import re

ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
ISO_DAYS = (365, 30, 7, 1, 1 / 24, 1 / 1440, 1 / 86400)
TIMESPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")
TIMESPAN_DAYS = (1, 1 / 24, 1 / 1440, 1 / 86400)


def iso_days(text: object) -> float | None:
    """The days of an ISO 8601 duration such as P11M, a month taken as 30 days; None for anything else, and for none."""
    return _days(ISO, ISO_DAYS, text)


def timespan_days(text: object) -> float | None:
    """The days of a .NET time span such as 1.12:05:59; None for anything else, and for none."""
    return _days(TIMESPAN, TIMESPAN_DAYS, text)


def _days(form: re.Pattern[str], each: tuple[float, ...], text: object) -> float | None:
    found = form.fullmatch(text) if isinstance(text, str) and len(text) <= 32 else None
    return sum(int(n or 0) * days for n, days in zip(found.groups(), each, strict=True)) or None if found else None
