"""The readable diff: changes in plain sentences, folded over equal resources, grouped by meaning."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from formats.plan import Operation, PlannedResource, Value
from formats.property_changes import ABSENT, ChangeKind, PropertyChange
from operations.diffs.folded_changes import Resources
from operations.diffs.meaning import ORDER, Meaning

FORMAT = 1
"""The version of the JSON form."""


class AccessChanges(Protocol):
    """Who can newly read, write or reach which data, and who no longer can (`operations/access`)."""

    def to_json(self) -> Mapping[str, Any]:
        """Return them as JSON."""
        ...

    def lines(self) -> Sequence[str]:
        """Return them as lines of text; none where nothing changes."""
        ...


@dataclass(frozen=True)
class Step:
    """One change of one resource: of a property, or (None) of the whole resource."""

    stack: str
    resource: PlannedResource
    change: PropertyChange | None = None
    deleted: Collection[str] = ()
    """The URNs of the resources that the same plan deletes in Azure."""


@dataclass(frozen=True)
class Sense:
    """What one step means, before it is folded."""

    meaning: Meaning
    sentence: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One change, and the resources that it is equal on. No value is shown that is secret before or after it."""

    meaning: Meaning
    sentence: str
    operation: Operation
    type: str
    """The type of the resources; empty where they differ."""
    resources: Resources
    rules: tuple[str, ...] = ()
    """The ids of the policies that the meaning rests on."""
    path: str = ""
    """The property path; empty for a change of whole resources."""
    kind: ChangeKind | None = None
    before: Value = ABSENT
    after: Value = ABSENT
    replaces: bool = False

    @property
    def count(self) -> int:
        """The number of resources."""
        return sum(map(len, self.resources.values()))

    def to_json(self) -> dict[str, Value]:
        """Return the change as JSON. An absent value has no key."""
        values = {"before": self.before, "after": self.after}
        return {
            "meaning": self.meaning.value,
            "sentence": self.sentence,
            "operation": self.operation.value,
            "type": self.type,
            "path": self.path,
            "change": self.kind.value if self.kind else None,
            **{name: value for name, value in values.items() if value is not ABSENT},
            "replaces": self.replaces,
            "rules": list(self.rules),
            "resources": {stack: list(urns) for stack, urns in self.resources.items()},
        }


@dataclass(frozen=True)
class StackDiff:
    """The changes of one stack, or of several together."""

    stacks: tuple[str, ...]
    changes: tuple[Change, ...]
    """In the order of the meanings; those on the most resources first."""
    counts: Mapping[Operation, int] = field(default_factory=dict)
    access: AccessChanges | None = None

    @property
    def groups(self) -> tuple[tuple[Meaning, tuple[Change, ...]], ...]:
        """The changes by meaning, in the order of the meanings."""
        return tuple((meaning, tuple(found)) for meaning, found in groupby(self.changes, lambda one: one.meaning))

    @property
    def access_lines(self) -> tuple[str, ...]:
        """The changes of access as lines."""
        return tuple(self.access.lines()) if self.access else ()

    def to_json(self) -> dict[str, Value]:
        """Return the diff as JSON."""
        return {
            "format": FORMAT,
            "stacks": list(self.stacks),
            "counts": {operation.value: count for operation, count in sorted(self.counts.items())},
            "changes": [change.to_json() for change in self.changes],
            "access": dict(self.access.to_json()) if self.access else None,
        }


def ordered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes in the order in which readers see them, which does not depend on that of the plans."""
    return tuple(
        sorted(changes, key=lambda one: (ORDER[one.meaning], -one.count, one.sentence, one.path, str(one.resources)))
    )
