"""Compare each step of a run with the approved plan: only planned steps may be executed.

Plan and run are two executions of the program, whose results may differ: because of the time, the environment, or a
state that was changed in between. Only a value that was unknown in the plan may differ; if the policies were given a
derived value in its place, that value must match too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from formats.arm.resolve import resolved
from formats.default_providers import AZURE
from formats.errors import Refused
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource, Value, contains_unknown, whole_numbers
from operations.engine.derived_values import DerivedValues
from operations.engine.port import differs_from_plan

MAX_PATHS = 5
"""Maximum number of property paths in one refusal."""
ALLOWED_INSTEAD: Mapping[Operation, tuple[Operation, ...]] = {
    Operation.CREATE: (Operation.SAME, Operation.UPDATE),
    Operation.UPDATE: (Operation.SAME,),
    Operation.REPLACE: (Operation.SAME, Operation.UPDATE),
    Operation.IMPORT: (Operation.SAME,),
}
"""Operations allowed instead of a planned one, with the same inputs: an unknown value may prove equal to the present
one, and the step of a killed run may prove to be done."""
_COMPARED = ("type", "custom", "parent", "provider", "protect", "retain_on_delete", "ignore_changes",
             "foreign_aliases")  # fmt: skip


class UpdatePlanCheck:
    """The plan that a run executes. Raises `Refused` at the first difference, before the provider is called."""

    def __init__(self, plan: Plan, subscription: str) -> None:
        """`subscription` is the one that the run's default providers use."""
        self.stack, self.digest = plan.stack, plan.digest
        self.derived_values = DerivedValues(plan)
        if plan.subscription != subscription:
            raise self._refusal(AZURE, "it would work in another subscription than planned")
        self._planned = {r.urn: r for r in plan.resources if r.operation is not Operation.DELETE}
        self._deletes: dict[str, list[PlannedResource]] = {}
        for resource in plan.resources:
            if resource.operation is Operation.DELETE:
                self._deletes.setdefault(resource.urn, []).append(resource)
        self._outputs = {o.name: o.after for o in plan.outputs if o.after is not None}
        self._resolved = {r.urn: r.inputs for r in resolved(plan).resources if r.operation is not Operation.DELETE}

    def step(self, step: PlannedResource) -> None:
        """Check one step, given as an entry of a plan, before it is executed."""
        if step.operation is Operation.DELETE:
            self._delete(step)
            return
        planned = self._planned.get(step.urn)
        if planned is None:
            raise self._refusal(step.urn, "it is not in the plan")
        if step.operation not in (planned.operation, *ALLOWED_INSTEAD.get(planned.operation, ())):
            raise self._refusal(step.urn, f"the plan has {planned.operation}, but the step is {step.operation}")
        paths = list(_differences(planned, step, self._resolved[step.urn]))
        if paths:
            raise self._refusal(step.urn, f"{_first(paths)} would be another than planned")

    def replacement(self, urn: str) -> None:
        """Check the deletion of a resource before its replacement is created."""
        if urn not in self._planned or self._planned[urn].operation is not Operation.REPLACE:
            raise self._refusal(urn, "it would be replaced, which is not in the plan")

    def all_registered(self, registered: Collection[str]) -> None:
        """Check, at the end of the program, that it registered every planned URN."""
        missing = sorted(self._planned.keys() - registered)
        if missing:
            raise self._refusal(missing[0], "it is planned, but the program no longer registers it")

    def outputs(self, root: str, outputs: Mapping[str, Value]) -> None:
        """Check the stack's masked outputs. `root` is the URN of its root resource."""
        present = {name: value for name, value in outputs.items() if value is not None}
        paths = list(_values(self._outputs, present, {}, ""))
        if paths:
            raise self._refusal(root, f"its outputs differ: {_first(paths)}")

    def _delete(self, step: PlannedResource) -> None:
        """Check a deletion. A resource replaced in this run is deleted at its end, without an entry in the plan."""
        planned = self._planned.get(step.urn)
        replaced = [planned] if planned and planned.operation is Operation.REPLACE else []
        deletes = [*self._deletes.get(step.urn, ()), *replaced]
        if not deletes:
            raise self._refusal(step.urn, "it would be deleted, which is not in the plan")
        if all(_other_id(delete, step) for delete in deletes):
            raise self._refusal(step.urn, "another resource has the same name now")

    def _refusal(self, urn: str, difference: str) -> Refused:
        return differs_from_plan(self.stack, urn, difference)


def _first(paths: list[str]) -> str:
    """Return the first property paths, and the number of the others."""
    return ", ".join(paths[:MAX_PATHS]) + (f" and {len(paths) - MAX_PATHS} more" if len(paths) > MAX_PATHS else "")


def _differences(planned: PlannedResource, step: PlannedResource, resolved: Mapping[str, Value]) -> Iterator[str]:
    """Yield the property paths in which a step differs from the planned one, never the values."""
    yield from (option for option in _COMPARED if getattr(planned, option) != getattr(step, option))
    if _other_id(planned, step):
        yield "id"
    yield from _values(planned.inputs, step.inputs, resolved, "")
    if not _same_urns(planned.dependencies, step.dependencies, planned.inputs):
        yield "dependencies"
    for key in sorted({*planned.property_dependencies, *step.property_dependencies}):
        old, new = planned.property_dependencies.get(key, ()), step.property_dependencies.get(key, ())
        if not _same_urns(old, new, planned.inputs.get(key)):
            yield f"what {key} comes from"


def _other_id(planned: PlannedResource, step: PlannedResource) -> bool:
    return bool(planned.id and step.id and planned.id != step.id)


def _same_urns(planned: Iterable[str], present: Iterable[str], value: Value) -> bool:
    """Return True if the dependencies are the planned ones. There may be more if the planned value was unknown."""
    return set(planned) <= set(present) if contains_unknown(value) else set(planned) == set(present)


def _values(planned: Value, present: Value, resolved: Value, path: str) -> Iterator[str]:
    """Yield the paths of differing values. `resolved` is the planned value with derived values in place of unknowns."""
    if planned == UNKNOWN:
        if resolved not in (UNKNOWN, None) and present != UNKNOWN and not _same_id(resolved, present):
            yield path
    elif isinstance(planned, Mapping) and isinstance(present, Mapping):
        inner: Mapping[str, Any] = resolved if isinstance(resolved, Mapping) else {}
        for key in sorted({*planned, *present}):
            below = f"{path}.{key}" if path else str(key)
            yield from _values(planned.get(key), present.get(key), inner.get(key), below)
    elif isinstance(planned, list | tuple) and isinstance(present, list | tuple) and len(planned) == len(present):
        derived = isinstance(resolved, list | tuple) and len(resolved) == len(planned)
        entries = resolved if derived else [None] * len(planned)
        for index, (old, new, entry) in enumerate(zip(planned, present, entries, strict=True)):
            yield from _values(old, new, entry, f"{path}[{index}]")
    elif isinstance(planned, bool) is not isinstance(present, bool) or whole_numbers(planned) != whole_numbers(present):
        yield path


def _same_id(derived: Value, present: Value) -> bool:
    """Compare two ARM ids, which are case-insensitive."""
    return isinstance(derived, str) and isinstance(present, str) and derived.lower() == present.lower()
