"""Times as Pulumi's files hold them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the present time: RFC 3339, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
