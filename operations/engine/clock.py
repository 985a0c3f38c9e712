"""Times as Pulumi's files hold them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the present time: RFC 3339, UTC, to the microsecond."""
    return written(datetime.now(UTC))


def written(time: datetime) -> str:
    """Return a time in UTC as the Pulumi CLI writes it: without zeros at the end of a fraction.

    It writes every time of a state anew when it changes one resource, which must not look like a change of the others.
    """
    text = time.isoformat(timespec="microseconds").replace("+00:00", "")
    return text.rstrip("0").rstrip(".") + "Z"
