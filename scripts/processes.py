"""Processes of this machine, from /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descendants(process: int) -> list[int]:
    """Return all processes below a process, each before its own."""
    own: list[int] = []
    with suppress(OSError):  # the process has ended
        for file in Path(f"/proc/{process}/task").glob("*/children"):
            with suppress(OSError):  # this thread has
                own += map(int, file.read_text().split())
    return [*own, *(below for child in own for below in descendants(child))]
