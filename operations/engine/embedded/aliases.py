"""The older URNs of a resource, from the aliases that it and its parents declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from formats.urns import make_urn, name_of, project_of, stack_of, type_of


class Aliases:
    """Finds a resource's older names: those it gives itself, and those its parent was found under."""

    def __init__(self, stack: str, project: str) -> None:
        self.stack, self.project = stack, project
        self.found: dict[str, str] = {}
        """The old URN that a new one was found under."""
        self._current: dict[str, str] = {}
        self._declared: list[tuple[str, tuple[str, str, str, tuple[object, ...]]]] = []

    def declare(self, urn: str, parent: str, type_: str, name: str, aliases: tuple[object, ...]) -> None:
        """A resource says its older names. They are worked out only when somebody asks for one: there are dozens."""
        if aliases or parent in self.found:
            self._declared.append((urn, (parent, type_, name, aliases)))

    def current(self, urn: str) -> str:
        """The URN of the resource that has this older name; the URN itself where none has."""
        for new, names in self._declared:
            for older in self.of(*names):
                self._current.setdefault(older, new)
        self._declared.clear()
        return self._current.get(urn, urn)

    def of(self, parent: str, type_: str, name: str, aliases: Iterable[object]) -> Iterator[str]:
        """The older URNs to look for, in order."""
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
        above = "" if spec.noParent else spec.parentUrn or parent
        return make_urn(
            spec.stack or self.stack, spec.project or self.project, above, spec.type or type_, spec.name or name
        )

    def _inherited(self, parent: str, old_parent: str, type_: str, name: str) -> str:
        """A child named after its parent was named after the old name of it, too."""
        parent_name = name_of(parent)
        if name.startswith(parent_name):
            name = name_of(old_parent) + name[len(parent_name) :]
        return make_urn(stack_of(old_parent), project_of(old_parent), old_parent, type_, name)
