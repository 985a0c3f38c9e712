"""Locations in a document."""

from __future__ import annotations

Location = tuple[str | int, ...]
"""The keys and indexes that lead to a value in a document."""


def dotted_path(location: Location) -> str:
    """Return a location in a document in the form `cells[1].addresses`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text
