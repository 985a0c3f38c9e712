"""Labels of pages: a text with a colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "bad", "warn", "info", "quiet"]


@dataclass(frozen=True)
class Badge:
    """A label. Its text says what its colour does."""

    tone: Tone
    text: str
