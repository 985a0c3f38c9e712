"""Compare each step of a run with the plan that was checked: only planned steps may be executed.

Plan and run are two executions of the program, whose results may differ: because of the time, the environment, or a
state that was changed in between. Only a value that was unknown in the plan may differ; if the policies were given a
derived value in its place, that value must match too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from formats.arm.resolve import resolved
from formats.default_providers import AZURE
from formats.errors import Refused
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource, Value, contains_unknown, whole_numbers
from operations.engine.port import differs_from_plan

SHOWN = 5
"""Maximum number of property paths in one refusal."""
LESS: Mapping[Operation, tuple[Operation, ...]] = {
    Operation.CREATE: (Operation.SAME, Operation.UPDATE),
    Operation.UPDATE: (Operation.SAME,),
    Operation.REPLACE: (Operation.SAME, Operation.UPDATE),
    Operation.IMPORT: (Operation.SAME,),
}
"""Operations allowed instead of a planned one, with the same inputs: an unknown value may prove equal to the present
one, and the step of a killed run may prove to be done."""


class UpdatePlanCheck:
    """The plan that a run executes. Raises `Refused` at the first difference, before the provider is called."""

    def __init__(self, plan: Plan, subscription: str) -> None:
        """`subscription` is the one that the run's default providers use."""
        self.stack, self.digest = plan.stack, plan.digest
        if plan.subscription != subscription:
            raise self._differs(AZURE, "it would work in another subscription than planned")
        self._held = {r.urn: r for r in plan.resources if r.operation is not Operation.DELETE}
        self._deletes = {r.urn: r for r in plan.resources if r.operation is Operation.DELETE}
        self._outputs = {o.name: o.after for o in plan.outputs if o.after is not None}
        self._judged = {r.urn: r.inputs for r in resolved(plan).resources if r.operation is not Operation.DELETE}

    def step(self, found: PlannedResource) -> None:
        """Check one step, given as an entry of a plan, before it is executed."""
        if found.operation is Operation.DELETE:
            self._delete(found)
            return
        held = self._held.get(found.urn)
        if held is None:
            raise self._differs(found.urn, "it is not in the plan")
        if found.operation not in (held.operation, *LESS.get(held.operation, ())):
            raise self._differs(found.urn, f"the plan has {held.operation}, but the step is {found.operation}")
        paths = list(_differences(held, found, self._judged[found.urn]))
        if paths:
            raise self._differs(found.urn, f"{_first(paths)} would be another than planned")

    def replacement(self, urn: str) -> None:
        """Check the deletion of a resource before its replacement is created."""
        if urn not in self._held or self._held[urn].operation is not Operation.REPLACE:
            raise self._differs(urn, "it would be replaced, which is not in the plan")

    def whole(self, asked: Collection[str]) -> None:
        """Check, at the end of the program, that it registered every planned resource (`asked`: its URNs)."""
        missing = sorted(self._held.keys() - asked)
        if missing:
            raise self._differs(missing[0], "it is planned, but the program no longer registers it")

    def outputs(self, root: str, found: Mapping[str, Value]) -> None:
        """Check the stack's masked outputs. `root` is the URN of its root resource."""
        given = {name: value for name, value in found.items() if value is not None}
        paths = list(_values(self._outputs, given, {}, ""))
        if paths:
            raise self._differs(root, f"its outputs differ: {_first(paths)}")

    def _delete(self, found: PlannedResource) -> None:
        """Check a deletion. A resource replaced in this run is deleted at its end, without an entry in the plan."""
        held = self._deletes.get(found.urn)
        replaced = self._held.get(found.urn)
        if held is None and (replaced is None or replaced.operation is not Operation.REPLACE):
            raise self._differs(found.urn, "it would be deleted, which is not in the plan")
        if held is not None and held.id and found.id and held.id != found.id:
            raise self._differs(found.urn, "another resource has the same name now")

    def _differs(self, urn: str, what: str) -> Refused:
        return differs_from_plan(self.stack, urn, what)


def _first(paths: Sequence[str]) -> str:
    """Return the first property paths, and the number of the others."""
    return ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")


def _differences(held: PlannedResource, found: PlannedResource, judged: Mapping[str, Value]) -> Iterator[str]:
    """Yield the property paths in which a step differs from the planned one, never the values."""
    for option in ("type", "custom", "parent", "provider", "protect", "retain_on_delete", "ignore_changes"):
        if getattr(held, option) != getattr(found, option):
            yield option
    if held.id and found.id and held.id != found.id:
        yield "id"
    yield from _values(held.inputs, found.inputs, judged, "")
    loose = contains_unknown(held.inputs)
    if not _covered(held.dependencies, found.dependencies, loose):
        yield "dependencies"
    for key in sorted({*held.property_dependencies, *found.property_dependencies}):
        old, new = held.property_dependencies.get(key, ()), found.property_dependencies.get(key, ())
        if not _covered(old, new, contains_unknown(held.inputs.get(key))):
            yield f"what {key} comes from"


def _covered(held: Iterable[str], found: Iterable[str], loose: bool) -> bool:
    """Return True if the planned links are found. If `loose`, because a value was unknown, there may be more."""
    before, now = set(held), set(found)
    return before <= now if loose else before == now


def _values(held: Value, found: Value, judged: Value, path: str) -> Iterator[str]:
    if held == UNKNOWN:
        if judged not in (UNKNOWN, None) and found != UNKNOWN and not _same_id(judged, found):
            yield path
    elif isinstance(held, Mapping) and isinstance(found, Mapping):
        inner: Mapping[str, Any] = judged if isinstance(judged, Mapping) else {}
        for key in sorted({*held, *found}):
            yield from _values(held.get(key), found.get(key), inner.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(held, list | tuple) and isinstance(found, list | tuple) and len(held) == len(found):
        entries = judged if isinstance(judged, list | tuple) and len(judged) == len(held) else [None] * len(held)
        for index, (old, new, entry) in enumerate(zip(held, found, entries, strict=True)):
            yield from _values(old, new, entry, f"{path}[{index}]")
    elif not _equal(held, found):
        yield path


def _equal(held: Value, found: Value) -> bool:
    return isinstance(held, bool) is isinstance(found, bool) and bool(whole_numbers(held) == whole_numbers(found))


def _same_id(judged: Value, found: Value) -> bool:
    """Compare two ARM ids, which are case-insensitive."""
    return isinstance(judged, str) and isinstance(found, str) and judged.lower() == found.lower()
