"""What a ledger has of the stacks: each change with its result, the state after it, and which one made a right.

The ledger keeps the plan of a change and the digest of the state after it, not the state. A state is composed: it is
the deployed one where the digest is the same, or what the plan of the next change was made on, or what the change's own
plan left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from formats.errors import InputError
from formats.plan import Operation, Plan, PlannedResource, contains_unknown, differing_paths
from formats.plan_comparison import is_whole, state_after, state_before
from formats.property_paths import get, parse
from formats.stack_config import StackConfig
from formats.stack_config import parse as parse_config
from operations.access.view import Origin
from operations.ledger.entry import Entry, Kind, Result
from operations.ledger.ledger import Ledger

_MADE = (Operation.CREATE, Operation.IMPORT)
_ALTERED = (Operation.UPDATE, Operation.REPLACE)


@dataclass(frozen=True)
class Change:
    """A change of a stack in the ledger."""

    number: int
    entry: Entry
    ended: Entry | None
    """Its last result; None if the ledger has none yet."""

    @property
    def result(self) -> Result | None:
        """What became of it; None if that is not recorded."""
        return self.ended.result if self.ended else None

    @property
    def words(self) -> str:
        """The change in a line, for a heading."""
        who = f"{self.entry.who.kind.replace('-', ' ')} {self.entry.who.id}"
        return f"change {self.number} of {self.entry.time}, {self.result or 'without a result'}, by {who}"

    @property
    def name(self) -> str:
        """The change as `sde history` shows it, and what became of it unless it succeeded."""
        return f"change {self.number}" + ("" if self.result is Result.SUCCEEDED else f" ({self.result or 'no result'})")


@dataclass(frozen=True)
class Present:
    """A stack as it is deployed now."""

    digest: str | None = None
    """The digest of its state, as entries have it; None without resources."""
    load: Callable[[], Plan | None] = field(default=lambda: None, repr=False)


@dataclass(frozen=True)
class Composed:
    """The state of a stack after a change."""

    plan: Plan | None
    """None if nothing is deployed, or nothing is known."""
    doubt: str = ""
    """Why it may differ from what was deployed; empty if it does not."""


@dataclass
class Records:
    """The changes that one ledger has."""

    ledger: Ledger
    _plans: dict[str, Plan] = field(default_factory=dict)
    """The plans that were read, by digest."""
    _configs: dict[tuple[str, str], StackConfig | None] = field(default_factory=dict)
    """The configurations that were read, by stack and digest."""

    @cached_property
    def _changes(self) -> Mapping[str, Sequence[Change]]:
        results: dict[int, Entry] = {}
        intents: list[tuple[int, Entry]] = []
        for number, entry in self.ledger.changes():
            if entry.kind is Kind.INTENT:
                intents.append((number, entry))
            elif entry.of is not None:
                results[entry.of] = entry
        found: dict[str, list[Change]] = {}
        for number, entry in intents:
            for stack in entry.stacks:
                found.setdefault(stack, []).append(Change(number, entry, results.get(number)))
        return found

    @property
    def stacks(self) -> Collection[str]:
        """The names of the stacks that have a change, destroyed ones too."""
        return self._changes.keys()

    def changes(self, stack: str) -> Sequence[Change]:
        """Return the changes of a stack that were begun, the earliest first."""
        return self._changes.get(stack, ())

    def until(self, stack: str, day: date | None) -> Sequence[Change]:
        """Return those with a result, at the end of a day (UTC); None: now."""
        ended = (change for change in self.changes(stack) if change.ended)
        return [c for c in ended if day is None or (c.ended and c.ended.time[:10] <= day.isoformat())]

    def plan(self, change: Change) -> Plan | None:
        """Return the plan of a change; None if it has none. `InputError` if it cannot be read."""
        digest = change.entry.objects.get("plan")
        if digest is None:
            return None
        if digest not in self._plans:
            try:
                self._plans[digest] = Plan.from_json(self.ledger.kept(digest))
            except ValueError as error:
                raise InputError(f"The plan of change {change.number} cannot be read: {error}.") from None
        return self._plans[digest]

    def config(self, changes: Sequence[Change]) -> StackConfig | None:
        """Return the configuration of the last of these changes that has one; None if this version cannot read it."""
        found = next((c for c in reversed(changes) if "configuration" in c.entry.objects), None)
        if found is None:
            return None
        stack, digest = key = found.entry.stacks[0], found.entry.objects["configuration"]
        if key not in self._configs:
            try:
                self._configs[key] = parse_config(stack, self.ledger.kept(digest))
            except InputError:  # a configuration only helps to name groups
                self._configs[key] = None
        return self._configs[key]

    def state_after(self, change: Change, present: Present) -> Composed:
        """Return the state of a stack after a change with a result. `present`: as the stack is deployed now."""
        return self._after(change.entry.stacks[0], self._at(change), present)

    def _at(self, change: Change) -> int:
        return [one.number for one in self.changes(change.entry.stacks[0])].index(change.number)

    def _after(self, stack: str, at: int, present: Present) -> Composed:
        changes = self.changes(stack)
        change = changes[at]
        digest = change.ended.state if change.ended else None
        if digest is None:
            return Composed(None)
        if digest == present.digest:
            return Composed(present.load())
        for later in changes[at + 1 :]:
            if later.entry.state_before != digest:
                break
            plan = self.plan(later)
            if plan and is_whole(plan):
                return Composed(state_before(plan))
        plan = self.plan(change)
        if digest == change.entry.state_before:
            return self._unchanged(stack, at, plan, present)
        if plan and is_whole(plan) and change.result is Result.SUCCEEDED:
            return Composed(state_after(plan))
        return self._uncertain(stack, at, plan, present)

    def _unchanged(self, stack: str, at: int, plan: Plan | None, present: Present) -> Composed:
        """Return the state after a change that left it as it was."""
        if plan and is_whole(plan):
            return Composed(state_before(plan))
        return self._earlier(stack, at, present)

    def _earlier(self, stack: str, at: int, present: Present) -> Composed:
        if at == 0:
            return Composed(None, f"what was deployed before change {self.changes(stack)[0].number} is not recorded")
        return self._after(stack, at - 1, present)

    def _uncertain(self, stack: str, at: int, plan: Plan | None, present: Present) -> Composed:
        """Return what no plan tells: all that was there before, unless it was deleted, and all that was to be made."""
        change = self.changes(stack)[at]
        whole = plan is not None and is_whole(plan)
        earlier = Composed(state_before(plan)) if plan and whole else self._earlier(stack, at, present)
        if plan is None or earlier.plan is None:
            return Composed(earlier.plan, earlier.doubt or f"what change {change.number} left is not recorded: it is "
                            "shown as before it")  # fmt: skip
        if change.result is Result.SUCCEEDED:
            gone = {r.urn for r in plan.resources if r.operation is Operation.DELETE}
            return replace(earlier, plan=_of(earlier.plan, [r for r in earlier.plan.resources if r.urn not in gone]))
        known = {resource.urn for resource in earlier.plan.resources}
        made = [r for r in state_after(plan).resources if r.urn not in known]
        return Composed(
            _of(earlier.plan, [*earlier.plan.resources, *made]),
            f"change {change.number} ended {change.result}, and no plan shows what it left: what was there before and "
            "what it was to make both count",
        )

    def origins(
        self, stack: str, wanted: Collection[tuple[str, bool]], day: date | None, present: Present
    ) -> Mapping[tuple[str, bool], Origin]:
        """Return which change made each of these resources, or altered it last, at the end of a day; None: now.

        A resource is given by its URN, and True for one that was replaced and waits for its deletion. It has no origin
        if it is older than the ledger, or a change of which no plan shows what it left may have made it.
        """
        left = {key: int(key[1]) for key in wanted}
        found: dict[tuple[str, bool], Origin] = {}
        for change in reversed(self.until(stack, day)):
            if not left:
                break
            if change.ended and change.ended.state == change.entry.state_before:
                continue  # it changed nothing
            for key, made in list(self._made_by(change, left, present)):
                if made and left[key]:
                    left[key] = 0  # it was replaced then, so that an earlier change made it
                    continue
                del left[key]
                if made and change.ended:
                    found[key] = Origin(change.ended.time, change.name)
        return found

    def _made_by(
        self, change: Change, keys: Collection[tuple[str, bool]], present: Present
    ) -> Iterator[tuple[tuple[str, bool], bool]]:
        """Yield those of some resources that a change made or altered, with True; with False those of which it is not
        known how they came to be."""
        plan = self.plan(change)
        steps = {r.urn: r for r in plan.resources if not r.pending_delete} if plan else {}
        after: Composed | None = None
        for key in keys:
            step = steps.get(key[0])
            if step is None or step.operation is Operation.DELETE:
                is_gone = plan is None or is_whole(plan) or step is not None
                if is_gone and change.result is Result.SUCCEEDED:
                    yield key, False
            elif step.operation in (*_MADE, *_ALTERED):
                if change.result is not Result.SUCCEEDED:
                    after = after or self.state_after(change, present)
                    if after.doubt:
                        yield key, False
                        continue
                    if not _was_done(step, after.plan):
                        continue
                yield key, True


def _of(plan: Plan, resources: Sequence[PlannedResource]) -> Plan:
    return replace(plan, resources=tuple(resources))


def _was_done(step: PlannedResource, after: Plan | None) -> bool:
    """True if a state has what a step was to leave, as far as that was known."""
    found = next((r for r in after.resources if r.urn == step.urn and not r.pending_delete), None) if after else None
    if found is None or step.operation in _MADE:
        return found is not None
    paths = differing_paths(step.inputs, found.inputs, "")
    return all(contains_unknown(get(step.inputs, parse(path))) for path in paths)
