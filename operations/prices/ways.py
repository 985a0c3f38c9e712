"""The share of a stack's idle price that each way in adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from formats.plan import PlannedResource
from formats.urns import name_of


@dataclass(frozen=True)
class WayPart:
    """A part of a stack that exists for ways in alone."""

    name: str
    """The names of the ways."""
    part: str
    """The logical name of the part, which begins or ends the names of its resources or their components; empty if the
    way has no part of its own."""


class WayParts:
    """Finds the way that a resource exists for, by its name and those of its parents."""

    def __init__(self, parts: Sequence[WayPart], resources: Iterable[PlannedResource]) -> None:
        # A longer name is more exact: `staff-vm-checks` before `staff`.
        self._parts = sorted((one for one in parts if one.part), key=lambda one: -len(one.part))
        self._parents: Mapping[str, str | None] = {r.urn: r.parent for r in resources} if self._parts else {}

    def of(self, resource: PlannedResource) -> str | None:
        """Return the name of the way, or None."""
        if not self._parts:
            return None
        names = [resource.name]
        parent = resource.parent
        while parent and parent in self._parents:
            names.append(name_of(parent))
            parent = self._parents[parent]
        return next((one.name for one in self._parts if any(_has(name, one.part) for name in names)), None)


def _has(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}-") or name.endswith(f"-{part}")
