"""The diff between two changes of a stack that the ledger has, from the plans that it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from formats.errors import InputError
from formats.plan import Plan
from formats.plan_comparison import compare, empty
from operations.diffs.stack_diff import stack_diff
from operations.ledger.entry import Entry, Kind, Result
from policies.model import Finding, Verdict
from policies.rules import load

if TYPE_CHECKING:
    from operations.diffs.model import StackDiff
    from operations.ledger.ledger import Ledger

_EXEMPT = {"verdict": Verdict.EXEMPT.value}


@dataclass(frozen=True)
class RecordedChange:
    """A change of a stack in the ledger."""

    number: int
    entry: Entry
    result: Result | None
    """None if the ledger has no result yet."""

    @property
    def words(self) -> str:
        """The change in a line, for a heading."""
        who = f"{self.entry.who.kind.replace('-', ' ')} {self.entry.who.id}"
        return f"change {self.number} of {self.entry.time}, {self.result or 'without a result'}, by {who}"


@dataclass(frozen=True)
class RecordedDiff:
    """What two changes, and those between them, changed together."""

    plan: Plan
    diff: StackDiff
    details: tuple[str, ...]


def recorded_diff(
    ledger: Ledger, stack: str, first: int | None, last: int | None, names: Mapping[str, str]
) -> RecordedDiff:
    """Return what the changes after `first` up to `last` did to a stack.

    By default `last` is the stack's last change, and `first` the one before it that succeeded; without one, there was
    nothing. `names`: of groups, by object id, as the estate names them today.
    `InputError` for a number that is no change of the stack, and where the ledger does not keep its plan.
    """
    changes = {change.number: change for change in _changes(ledger, stack)}
    if not changes:
        raise InputError("The ledger has no change of this stack.", found=stack, fix="scripts/sde history")
    new = _chosen(changes, max(changes) if last is None else last, "--to")
    earlier = [n for n, change in changes.items() if n < new.number and change.result is Result.SUCCEEDED]
    old = (
        None if first is None and not earlier else _chosen(changes, max(earlier) if first is None else first, "--from")
    )
    if old and old.number > new.number:
        raise InputError("The first change is later than the last.", key="--from", found=old.number,
                         allowed=f"at most {new.number}")  # fmt: skip
    after = _plan(ledger, new)
    plan = compare(_plan(ledger, old) if old else empty(after), after)
    start = f"From {old.words}" if old else "From nothing: the stack had no change before"
    return RecordedDiff(plan, stack_diff(plan, _findings(ledger, new, plan), names=names), (start, f"To {new.words}"))


def _changes(ledger: Ledger, stack: str) -> Iterator[RecordedChange]:
    """Yield the changes of a stack that were begun, with their results."""
    intents: dict[int, Entry] = {}
    results: dict[int, Result | None] = {}
    for number, entry in ledger.entries():
        if stack in entry.stacks and entry.kind is Kind.INTENT:
            intents[number] = entry
        elif entry.kind is Kind.RESULT and entry.of in intents:
            results[entry.of] = entry.result
    return (RecordedChange(number, entry, results.get(number)) for number, entry in intents.items()
            if "plan" in entry.objects)  # fmt: skip


def _chosen(changes: Mapping[int, RecordedChange], number: int, key: str) -> RecordedChange:
    if number not in changes:
        raise InputError("This is no change of the stack with a plan in the ledger.", key=key, found=number,
                         allowed=", ".join(map(str, list(changes)[-20:])), fix="scripts/sde history")  # fmt: skip
    return changes[number]


def _plan(ledger: Ledger, change: RecordedChange) -> Plan:
    try:
        return Plan.from_json(ledger.kept(change.entry.objects["plan"]))
    except ValueError as error:
        raise InputError(f"The plan of change {change.number} cannot be read: {error}.") from None


def _findings(ledger: Ledger, change: RecordedChange, plan: Plan) -> list[Finding]:
    """Return what the policies found on the last change, as far as the ledger keeps it: what blocks or is exempt."""
    if "verdict" not in change.entry.objects:
        return []
    kept: dict[str, Any] = ledger.kept(change.entry.objects["verdict"])
    exempt = [{**one, **_EXEMPT, "name": one["resource"]} for one in kept["exemptions"]]
    resources = {resource.name: resource for resource in plan.resources}
    found = [one for one in (*kept["blocking"], *exempt) if one["name"] in resources and one["policy"] in load()]
    return [
        Finding(one["policy"], Verdict(one["verdict"]), resources[one["name"]].urn, resources[one["name"]].type,
                one["name"], plan.stack, one.get("path", ""), one.get("message", ""))
        for one in found
    ]  # fmt: skip
