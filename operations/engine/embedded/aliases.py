"""The old URNs of a resource, from the aliases that it and its parents declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from formats.urns import make_urn, name_of, project_of, stack_of, type_of


class Aliases:
    """Find a resource's old URNs: from its own aliases and from the old URN of its parent."""

    def __init__(self, stack: str, project: str) -> None:
        self.stack, self.project = stack, project
        self.found: dict[str, str] = {}
        """New URN to the old URN that it was found under."""
        self._current: dict[str, str] = {}
        self._declared: list[tuple[str, tuple[str, str, str, tuple[object, ...]]]] = []

    def declare(self, urn: str, parent: str, type_: str, name: str, aliases: tuple[object, ...]) -> None:
        """Add a resource's aliases. They are resolved only when needed, because there may be dozens."""
        if aliases or parent in self.found:
            self._declared.append((urn, (parent, type_, name, aliases)))

    def current(self, urn: str) -> str:
        """Return the current URN of the resource with this alias, or the URN itself if there is none."""
        for new, names in self._declared:
            for older in self.of(*names):
                self._current.setdefault(older, new)
        self._declared.clear()
        return self._current.get(urn, urn)

    def of(self, parent: str, type_: str, name: str, aliases: Iterable[object]) -> Iterator[str]:
        """Yield the old URNs to search, in order."""
        own = [self._resolved(a, parent, type_, name) for a in aliases]
        yield from own
        old_parent = self.found.get(parent)
        if old_parent is None:
            return
        yield self._inherited(parent, old_parent, type_, name)
        for alias in own:
            yield self._inherited(parent, old_parent, type_of(alias), name_of(alias))

    def _resolved(self, alias: object, parent: str, type_: str, name: str) -> str:
        if alias.WhichOneof("alias") == "urn":  # type: ignore[attr-defined]
            return str(alias.urn)  # type: ignore[attr-defined]
        spec = alias.spec  # type: ignore[attr-defined]
        parent_urn = "" if spec.noParent else spec.parentUrn or parent
        return make_urn(
            spec.stack or self.stack, spec.project or self.project, parent_urn, spec.type or type_, spec.name or name
        )

    def _inherited(self, parent: str, old_parent: str, type_: str, name: str) -> str:
        """Return a child's old URN. If its name begins with its parent's, so does its old name with the old one."""
        parent_name = name_of(parent)
        if name.startswith(parent_name):
            name = name_of(old_parent) + name[len(parent_name) :]
        return make_urn(stack_of(old_parent), project_of(old_parent), old_parent, type_, name)
