"""What a search still asks of the flow graph."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Bounds(Protocol):
    """Which edges a search still asks for. Others may be left out."""

    most: int
    """The number of controls of an edge up to which it may change the result."""

    def fits(self, mask: int, techniques: Collection[str]) -> bool:
        """True if an edge with these controls and techniques may change the result."""
        ...
