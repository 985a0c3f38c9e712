"""The hints to an error of Azure: what names its cause, or gets past it."""

from __future__ import annotations

from operations.cli import busy_azure, preconditions


def with_hints(message: str) -> str:
    """Return an error's message with what to do about it, where that is known."""
    return busy_azure.with_hint(preconditions.with_hint(message))
