"""The setting of how busy the local Azure is."""

from __future__ import annotations

from enum import StrEnum


class Load(StrEnum):
    """How busy the local Azure is."""

    OFF = "off"
    BUSY = "busy"
    """Writes take time and exclude each other; new definitions and role assignments are seen late."""
    LOST_ANSWER = "lost-answer"
    """As `BUSY`; in addition, the next storage account is created but its answer is an error."""
