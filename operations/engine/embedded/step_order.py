"""The order of a run's steps by the dependency graph, in which an engine that runs steps side by side keeps them too.

This engine runs one step after another. A busy local Azure asks for this order, to refuse two writes that the Pulumi
CLI could make at the same time (docs/azure-facts.md#one-write-at-a-time).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from operations.engine.embedded.model import Resource


class StepOrder:
    """The dependencies of the registered resources, and the dependants of those in the state before the run."""

    def __init__(self, previous: Iterable[Resource]) -> None:
        self.run = str(uuid4())
        self._uses: dict[str, frozenset[str]] = {}
        self._users: dict[str, set[str]] = {}
        self._deleted: set[str] = set()
        self._program_ended = False
        for resource in previous:
            for used in _uses(resource):
                self._users.setdefault(used, set()).add(resource.urn)

    def declare(self, resource: Resource) -> None:
        """Note the dependencies of a registered resource."""
        self._uses[resource.urn] = _uses(resource)

    def end_program(self) -> None:
        """Note that the deletes follow, after every other step."""
        self._program_ended = True

    def step(self, urn: str, *, delete: bool = False) -> Step:
        """Return the step on a resource that comes now."""
        if delete:
            self._deleted.add(urn)
        return Step(self, urn, delete)

    def before(self, urn: str, *, delete: bool) -> set[str]:
        """Return the URNs of the steps that the graph puts before one on this resource."""
        found = set(self._uses) if delete and self._program_ended else _reachable(self._uses, urn)
        return found | _reachable(self._users, urn) if delete or urn in self._deleted else found


@dataclass(frozen=True)
class Step:
    """One step, for the local Azure."""

    _order: StepOrder
    urn: str
    _delete: bool

    @property
    def run(self) -> str:
        """The id of the run."""
        return self._order.run

    def before(self) -> set[str]:
        """Return the URNs of the steps that the graph puts before this one."""
        return self._order.before(self.urn, delete=self._delete)


def _uses(resource: Resource) -> frozenset[str]:
    properties = (urn for urns in resource.property_dependencies.values() for urn in urns)
    return frozenset({resource.parent, *resource.dependencies, *properties} - {""})


def _reachable(graph: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Return the nodes that can be reached from one, without it."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(graph.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found - {start}
