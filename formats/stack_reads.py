"""The outputs that a stack reads of other stacks, as it records them in one of its own outputs.

A stack reference in a state tells which stack is read, but not which of its outputs. So each stack that reads others
exports `reads`: by stack, the property paths of the outputs that its program asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedOutput, Value, canonical
from formats.property_paths import PropertyPath, get, parse

READS = "reads"
"""The name of the output."""
REFERENCE = "pulumi:pulumi:StackReference"
"""The type of the resource with which a program reads the outputs of another stack."""


class Effect(StrEnum):
    """The effect of a plan on an output that another stack reads."""

    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class AffectedOutput:
    """An output, or a value inside one, that a plan removes or changes, and the stacks that read it."""

    stack: str
    path: str
    effect: Effect
    readers: tuple[str, ...]


def affected_outputs(plan: Plan, others: Iterable[Plan]) -> tuple[AffectedOutput, ...]:
    """Return the outputs that a plan removes or changes and that other stacks read, sorted by path.

    A stack with a reference to the plan's stack and without a record counts as a reader of every output.
    """
    changes = {o.name: o for o in plan.output_changes if o.operation is not Operation.CREATE}
    readers: dict[tuple[str, Effect], set[str]] = {}
    for other in others if changes else ():
        for path in _paths_read(other, plan.stack, changes):
            if effect := _effect(path, changes):
                readers.setdefault((path, effect), set()).add(other.stack)
    return tuple(AffectedOutput(plan.stack, *key, tuple(sorted(found))) for key, found in sorted(readers.items()))


def _paths_read(reader: Plan, stack: str, changes: Mapping[str, PlannedOutput]) -> set[str]:
    """Return the paths that a stack reads of another, as deployed and as planned."""
    record = next((output for output in reader.outputs if output.name == READS), None)
    sides = [side for side in (record.before, record.after) if side is not None] if record else []
    if sides and all(map(_is_record, sides)):
        return {path for side in sides for path in side.get(stack, ())}
    return {path for output in changes.values() for path in output.changed} if _refers(reader, stack) else set()


def _refers(reader: Plan, stack: str) -> bool:
    """Return True if a plan has a reference to a stack, named `stack` or `organization/project/stack`."""
    references = (r for r in reader.resources if r.type == REFERENCE and r.operation is not Operation.DELETE)
    return any(str(r.inputs.get("name") or r.id).rpartition("/")[2] == stack for r in references)


def _is_record(value: Value) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(paths, list) and all(isinstance(path, str) for path in paths) for paths in value.values()
    )


def _effect(path: str, changes: Mapping[str, PlannedOutput]) -> Effect | None:
    """Return the effect on one path; None if its value stays, or if it has none before."""
    name, *inner = _steps(path)
    output = changes.get(str(name))
    if output is None:
        return None
    before, after = _at(output.before, tuple(inner)), _at(output.after, tuple(inner))
    if not before and before is not False:
        return None
    if not after and after is not False:
        return Effect.REMOVED
    may_differ = SECRET in canonical(after)  # two secrets are masked alike
    return Effect.CHANGED if may_differ or canonical(before) != canonical(after) else None


def _steps(path: str) -> PropertyPath:
    try:
        return parse(path) or ("",)
    except InputError:
        return (path,)


def _at(value: Value, path: PropertyPath) -> Value:
    """Return the value at a path; the mark of a parent that is unknown or secret as a whole."""
    for step in path:
        if value in (UNKNOWN, SECRET):
            return value
        value = get(value, (step,))
    return value
