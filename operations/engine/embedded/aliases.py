"""The old URNs of a resource, from the aliases that it and its parents declare."""

from __future__ import annotations

from collections.abc import Iterator

from formats.urns import make_urn, name_of, project_of, stack_of, type_of
from operations.engine.embedded.goal import Goal


class Aliases:
    """Find a resource's old URNs: from its own aliases and from the old URN of its parent."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        """New URN to the old URN that it was found under."""
        self._current: dict[str, str] = {}
        self._declared: list[Goal] = []

    def declare(self, goal: Goal) -> None:
        """Add a resource's aliases. They are resolved only when needed, because there may be dozens."""
        if goal.aliases or goal.resource.parent in self.found:
            self._declared.append(goal)

    def current(self, urn: str) -> str:
        """Return the current URN of the resource with this alias, or the URN itself if there is none."""
        for goal in self._declared:
            for alias in self.of(goal):
                self._current.setdefault(alias, goal.resource.urn)
        self._declared.clear()
        return self._current.get(urn, urn)

    def of(self, goal: Goal) -> Iterator[str]:
        """Yield the old URNs to search, in order."""
        urn, parent = goal.resource.urn, goal.resource.parent
        own = [resolved(alias, urn, parent) for alias in goal.aliases]
        yield from own
        old_parent = self.found.get(parent)
        if old_parent is not None:
            for alias in (urn, *own):
                yield _inherited(parent, old_parent, type_of(alias), name_of(alias))


def resolved(alias: object, urn: str, parent: str) -> str:
    """Return the URN of an alias in the protocol's form."""
    if alias.WhichOneof("alias") == "urn":  # type: ignore[attr-defined]
        return str(alias.urn)  # type: ignore[attr-defined]
    spec = alias.spec  # type: ignore[attr-defined]
    return make_urn(
        spec.stack or stack_of(urn),
        spec.project or project_of(urn),
        "" if spec.noParent else spec.parentUrn or parent,
        spec.type or type_of(urn),
        spec.name or name_of(urn),
    )


def _inherited(parent: str, old_parent: str, type_: str, name: str) -> str:
    """Return a child's old URN. If its name begins with its parent's, so does its old name with the old one."""
    parent_name = name_of(parent)
    if name.startswith(parent_name):
        name = name_of(old_parent) + name[len(parent_name) :]
    return make_urn(stack_of(old_parent), project_of(old_parent), old_parent, type_, name)
