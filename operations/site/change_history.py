"""How changes of a stack follow from each other: what later ones closed, undid, or did that earlier ones had not."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from formats.plan import Operation
from operations.history.kept import KeptChange
from operations.ledger.entry import Kind, Result

if TYPE_CHECKING:
    from operations.site.facts import ChangeFacts

Places = frozenset[tuple[str, str]]
_REVERSED = {Operation.CREATE: Operation.DELETE, Operation.DELETE: Operation.CREATE}


@dataclass(frozen=True)
class FoundChange:
    """A change from outside the tool that a refresh found, and the later change that undid it."""

    change: KeptChange
    found: ChangeFacts
    undone_by: ChangeFacts | None


@dataclass(frozen=True)
class ChangeHistory:
    """The changes of the ledgers, the latest first."""

    changes: Sequence[ChangeFacts]

    @cached_property
    def _of_stack(self) -> Mapping[tuple[str, str], Sequence[ChangeFacts]]:
        """The changes of each stack, by the cloud of its ledger and its name, the earliest first."""
        found: dict[tuple[str, str], list[ChangeFacts]] = {}
        for one in sorted(self.changes, key=lambda one: one.record.number):
            for stack in one.record.entry.stacks:
                found.setdefault((one.cloud, stack), []).append(one)
        return found

    def later(self, one: ChangeFacts) -> Iterator[ChangeFacts]:
        """Yield the later changes of the same stacks, the earliest first."""
        stacks = one.record.entry.stacks
        found = self._of_stack.get((one.cloud, stacks[0]), ()) if stacks else ()
        first = bisect_right(found, one.record.number, key=lambda other: other.record.number)
        yield from (found[at] for at in range(first, len(found)) if found[at].record.entry.stacks == stacks)

    def closed_by(self, one: ChangeFacts) -> ChangeFacts | None:
        """Return the change after which what a run left was not open any more, as the ledger itself says it; None if
        it left nothing."""
        if not has(one, Kind.OPEN_FINDING):
            return None
        return next((other for other in self.later(one) if _ended(other) and not has(other, Kind.OPEN_FINDING)), None)

    def next_deployment(self, one: ChangeFacts) -> ChangeFacts | None:
        """Return the next change of the same stacks that deployed a plan."""
        return next(filter(is_deployment, self.later(one)), None)

    def next_success(self, one: ChangeFacts) -> ChangeFacts | None:
        """Return the next change of the same stacks that deployed the whole of its plan."""
        return next((other for other in self.later(one) if is_deployment(other) and _succeeded(other)), None)

    @cached_property
    def first_permitted(self) -> ChangeFacts | None:
        """The first change within a permit: the estate has its approval process from then on, or somewhat longer."""
        permitted = (one for one in self.changes if one.permit and one.permit.documents)
        return min(permitted, key=lambda one: (one.record.entry.time, one.record.number), default=None)

    def found_outside(self, one: ChangeFacts) -> Sequence[FoundChange]:
        """Return the changes from outside the tool that a refresh found."""
        return self._found.get(one.path, ())

    def undoes(self, one: ChangeFacts) -> Mapping[int, ChangeFacts]:
        """Return by the `id` of a change of its diff the refresh that found what it undoes."""
        return self._undone.get(one.path, {})

    @cached_property
    def open_drift(self) -> Sequence[FoundChange]:
        """What was found and not undone, and no successful deployment of its stack has followed."""
        return [
            row
            for one in self.changes
            for row in self.found_outside(one)
            if row.undone_by is None and self.next_success(one) is None
        ]

    @cached_property
    def _found(self) -> Mapping[str, Sequence[FoundChange]]:
        return {
            one.path: [FoundChange(row, one, self._undone_by(one, row)) for row in one.diff.changes]
            for one in self.changes
            if is_drift(one) and one.diff
        }

    def _undone_by(self, one: ChangeFacts, row: KeptChange) -> ChangeFacts | None:
        """Return the last deployment that undid it, up to the first that succeeded: one that ended in part may not
        have, and without one that succeeded nobody knows."""
        undid = None
        for other in filter(is_deployment, self.later(one)):
            undid = other if any(_undoes(after, row) for after in _rows(other)) else undid
            if _succeeded(other):
                return undid
        return None

    @cached_property
    def _undone(self) -> Mapping[str, Mapping[int, ChangeFacts]]:
        found: dict[str, dict[int, ChangeFacts]] = {}
        for drifts in self._found.values():
            for drift in drifts:
                for row in _rows(drift.undone_by) if drift.undone_by else ():
                    if drift.undone_by and _undoes(row, drift.change):
                        found.setdefault(drift.undone_by.path, {})[id(row)] = drift.found
        return found


def has(one: ChangeFacts, kind: Kind) -> bool:
    """True if the run of a change has an entry of this kind too."""
    return any(part.kind is kind for part in one.record.parts)


def is_drift(one: ChangeFacts) -> bool:
    """True for a refresh that found that Azure differed from the state."""
    return one.record.entry.kind is Kind.INTENT and has(one, Kind.DRIFT) and one.record.entry.command == "refresh"


def is_deployment(one: ChangeFacts) -> bool:
    """True for a change whose plan was deployed, wholly or in part."""
    result = one.record.result.result if one.record.result else None
    return result in (Result.SUCCEEDED, Result.PARTIAL) and one.record.entry.command != "refresh"


def _succeeded(one: ChangeFacts) -> bool:
    return one.record.result is not None and one.record.result.result is Result.SUCCEEDED


def _ended(one: ChangeFacts) -> bool:
    result = one.record.result
    return one.record.entry.kind is Kind.INTENT and result is not None and result.result is not Result.UNKNOWN


def _rows(one: ChangeFacts) -> Sequence[KeptChange]:
    return one.diff.changes if one.diff else ()


def _places(row: KeptChange) -> Places:
    return frozenset((stack, urn) for stack, urns in row.resources.items() for urn in urns)


def _undoes(after: KeptChange, found: KeptChange) -> bool:
    """True if a change gives back, on the same resource, what another took away."""
    if not _places(after) & _places(found) or after.path != found.path:
        return False
    if found.path:
        return bool(after.after == found.before)
    return after.operation is _REVERSED.get(found.operation)
