"""Make the readable diff of a plan, or of several."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from formats.arm.resolve import resolved
from formats.plan import Operation, Plan, Value, canonical
from formats.property_changes import ABSENT, ChangeKind, PropertyChange
from formats.urns import type_of
from operations.diffs.classify import sense_of, steps_of_plan
from operations.diffs.folded_changes import OUTPUTS, by_stack, output_changes, root_urn
from operations.diffs.meaning import Meaning
from operations.diffs.model import AccessChanges, Change, Sense, StackDiff, Step, ordered
from operations.diffs.readers import Readers
from operations.diffs.verdicts import Attribution, broken
from operations.prices.estimate import StackPrice
from policies.model import Finding, Policy
from policies.rules import load
from policies.runner import Report

NO_NAMES: Mapping[str, str] = {}
_Key = tuple[Value, ...]


def stack_diff(
    plan: Plan,
    findings: Iterable[Finding] = (),
    *,
    policies: Mapping[str, Policy] | None = None,
    price: StackPrice | None = None,
    access: AccessChanges | None = None,
    names: Mapping[str, str] = NO_NAMES,
) -> StackDiff:
    """Return the readable diff of a plan.

    `findings`: those of the gate on this plan, without the preexisting ones. `price`: the idle price of the stack.
    `names`: of groups, by object id in lower case.
    """
    readers = _readers(policies or load())
    known = replace(plan, resources=resolved(plan).resources)
    steps = steps_of_plan(known)
    attribution = Attribution(findings, steps, readers)
    senses = [(step, sense_of(step, attribution, readers, names)) for step in steps]
    changes = [*_folded(senses), *_refusals(attribution.unexplained, readers), *_outputs(plan), *_cost(plan, price)]
    return StackDiff((plan.stack,), ordered(changes), dict(plan.counts), access)


def diff_of_report(plan: Plan, report: Report, **more: Any) -> StackDiff:
    """Return the readable diff of a plan with the gate's report on it."""
    return stack_diff(plan, report.findings, policies=report.policies, **more)


def together(diffs: Sequence[StackDiff]) -> StackDiff:
    """Return the diffs of different stacks as one, with equal changes folded over them."""
    found: dict[_Key, list[Change]] = defaultdict(list)
    for change in (change for diff in diffs for change in diff.changes):
        found[_key_of(change)].append(change)
    merged = [_merged(changes) for changes in found.values()]
    counts = sum((Counter(diff.counts) for diff in diffs), Counter[Operation]())
    stacks = tuple(sorted(stack for diff in diffs for stack in diff.stacks))
    return StackDiff(stacks, ordered(merged), dict(counts))


_READERS: dict[int, Readers] = {}


def _readers(policies: Mapping[str, Policy]) -> Readers:
    """Return the index of a catalogue, made once."""
    if id(policies) not in _READERS:
        _READERS.clear()
        _READERS[id(policies)] = Readers(policies)
    return _READERS[id(policies)]


def _folded(senses: Iterable[tuple[Step, Sense]]) -> list[Change]:
    first: dict[_Key, tuple[Step, Sense]] = {}
    members: dict[_Key, list[tuple[str, str]]] = defaultdict(list)
    for step, sense in senses:
        key = _key(step, sense)
        first.setdefault(key, (step, sense))
        members[key].append((step.stack, step.resource.urn))
    return [_change(*first[key], members[key]) for key in first]


def _key(step: Step, sense: Sense) -> _Key:
    change = step.change
    type_ = step.resource.type if step.resource.custom else ""
    what = (step.resource.operation.value, type_) if change is None else ("", canonical(change.to_json()))
    return sense.meaning, sense.sentence, change.text if change else "", *what


def _key_of(change: Change) -> _Key:
    """Return what equal changes of different stacks have in common."""
    record = {key: value for key, value in change.to_json().items() if key not in ("resources", "rules", "type")}
    return change.meaning, canonical(record), "" if change.path else change.type


def _change(step: Step, sense: Sense, members: Sequence[tuple[str, str]]) -> Change:
    change, types = step.change, {type_of(urn) for _, urn in members}
    return Change(
        sense.meaning,
        sense.sentence,
        step.resource.operation,
        types.pop() if len(types) == 1 else "",
        by_stack(members),
        sense.rules,
        **_values(change),
    )


def _values(change: PropertyChange | None) -> dict[str, Value]:
    if change is None:
        return {}
    return {
        "path": change.text,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "replaces": change.replaces,
    }


def _merged(changes: Sequence[Change]) -> Change:
    members = [(stack, urn) for change in changes for stack, urns in change.resources.items() for urn in urns]
    types = {change.type for change in changes}
    rules = tuple(dict.fromkeys(rule for change in changes for rule in change.rules))
    return replace(changes[0], resources=by_stack(members), rules=rules, type=types.pop() if len(types) == 1 else "")


def _refusals(findings: Sequence[Finding], readers: Readers) -> list[Change]:
    """Return the findings that no step explains as changes without a path, such as one on a resource option."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.policy].append(finding)
    return [_refusal(several, readers) for several in found.values()]


def _refusal(findings: Sequence[Finding], readers: Readers) -> Change:
    sense = broken(findings, readers.policies)
    members = [(finding.stack, finding.urn) for finding in findings]
    return Change(sense.meaning, sense.sentence, Operation.SAME, "", by_stack(members), sense.rules)


def _outputs(plan: Plan) -> list[Change]:
    """Return the changed outputs, and the new ones as one change."""
    found = list(output_changes(plan))
    new = {str(change.path[1]): change.after for _, change in found if _is_new(change)}
    changed = [(urn, change) for urn, change in found if not _is_new(change)]
    changes = [_of_stack(plan.stack, urn, _output_sentence(change), **_values(change)) for urn, change in changed]
    if new:
        names = f"New outputs: {', '.join(new)}" if len(new) > 1 else "New output"
        changes.append(_of_stack(plan.stack, found[0][0], names, path=OUTPUTS, kind=ChangeKind.ADDED, after=new))
    return changes


def _output_sentence(change: PropertyChange) -> str:
    return "Removes an output" if len(change.path) == 2 and change.after is ABSENT else "Changes an output"


def _is_new(change: PropertyChange) -> bool:
    return len(change.path) == 2 and change.before is ABSENT


def _of_stack(stack: str, urn: str, sentence: str, **values: Value) -> Change:
    return Change(Meaning.HOUSEKEEPING, sentence, Operation.UPDATE, type_of(urn), {stack: (urn,)}, **values)


def _cost(plan: Plan, price: StackPrice | None) -> list[Change]:
    """Return the change of the stack's idle price, if it changes or may change."""
    if price is None or not plan.changes or price.difference == 0:
        return []
    unknown = ", and by items without a known price" if price.difference is None else ""
    before, after = (f"{amount:,.2f} {price.currency}" for amount in (price.total.before, price.total.after))
    text = f"The idle price a month changes{unknown}"
    was = before if price.existed else ABSENT
    return [
        Change(Meaning.CHANGES_COST, text, Operation.UPDATE, "", {plan.stack: (root_urn(plan),)}, path="idle price",
               before=was, after=after)
    ]  # fmt: skip
