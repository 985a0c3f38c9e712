"""Operations, types, property values and durations as text."""

from __future__ import annotations

from formats.plan import Operation
from operations.diffs.text import kind_of, plural, shown

__all__ = ["DONE", "SYMBOLS", "kind_of", "plural", "shown", "span"]

SYMBOLS = {
    Operation.CREATE: ("+", "green"),
    Operation.UPDATE: ("~", "yellow"),
    Operation.REPLACE: ("±", "magenta"),
    Operation.DELETE: ("-", "red"),
    Operation.IMPORT: ("=", "cyan"),
    Operation.READ: (">", "dim"),
    Operation.SAME: (" ", "dim"),
}
"""The mark and colour of each operation."""
DONE = {
    Operation.CREATE: "created",
    Operation.UPDATE: "updated",
    Operation.REPLACE: "replaced",
    Operation.DELETE: "deleted",
    Operation.IMPORT: "imported",
    Operation.READ: "read",
    Operation.SAME: "unchanged",
}


def span(seconds: float) -> str:
    """Return a duration as text."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
