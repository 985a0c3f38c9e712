"""Compare what two Plans leave of a stack: the Plan that would lead from the one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from formats.plan import (
    UNKNOWN,
    Operation,
    Plan,
    PlannedResource,
    Value,
    contains_unknown,
    differing_paths,
    planned_outputs,
)
from formats.property_paths import get, parse
from formats.urns import ROOT_TYPE

_GONE = (Operation.DELETE, Operation.READ)


def compare(before: Plan, after: Plan) -> Plan:
    """Return the Plan from what `before` leaves to what `after` leaves, both of one stack.

    A resource whose id differs was replaced. What was unknown when `before` was planned counts as unchanged, and so
    does a secret, because both values are masked alike. `ValueError` for Plans of different stacks.
    """
    if (before.project, before.stack) != (after.project, after.stack):
        raise ValueError("these are plans of different stacks")
    old, new = _left(before), _left(after)
    kept = tuple(_compared(old.get(urn), resource) for urn, resource in new.items())
    gone = tuple(
        replace(_plain(r), operation=Operation.DELETE) for urn, r in reversed([*old.items()]) if urn not in new
    )
    left = _outputs(after)
    known = {name: left.get(name, old) if contains_unknown(old) else old for name, old in _outputs(before).items()}
    return replace(after, resources=(*kept, *gone), outputs=planned_outputs(known, left))


def state_before(plan: Plan) -> Plan:
    """Return the state that a Plan was made on, as a Plan without changes. What waits for its deletion stays so."""
    there = (r for r in plan.resources if r.operation not in (Operation.CREATE, Operation.IMPORT, Operation.READ))
    inputs = ((r, r.inputs if r.old_inputs is None else r.old_inputs) for r in there)
    resources = tuple(r if r.pending_delete else replace(_plain(r), inputs=found) for r, found in inputs)
    return replace(plan, resources=resources, outputs=planned_outputs(*[{o.name: o.before for o in plan.outputs}] * 2))


def state_after(plan: Plan) -> Plan:
    """Return what a Plan leaves, as a Plan without changes. What the cloud chooses for new resources is unknown."""
    outputs = _outputs(plan)
    return replace(plan, resources=tuple(map(_plain, _left(plan).values())), outputs=planned_outputs(outputs, outputs))


def is_whole(plan: Plan) -> bool:
    """True unless a Plan has only some resources of its stack, as that of a destroy with targets has."""
    return any(resource.type == ROOT_TYPE for resource in plan.resources)


def empty(plan: Plan) -> Plan:
    """Return the Plan of the same stack without anything."""
    return replace(plan, resources=(), outputs=())


def _left(plan: Plan) -> Mapping[str, PlannedResource]:
    return {resource.urn: resource for resource in plan.resources if resource.operation not in _GONE}


def _outputs(plan: Plan) -> Mapping[str, Value]:
    return {output.name: output.after for output in plan.outputs if output.after is not None}


def _plain(resource: PlannedResource) -> PlannedResource:
    return replace(resource, operation=Operation.SAME, old_inputs=None, changed=(), replaces=(), pending_delete=False)


def _compared(old: PlannedResource | None, new: PlannedResource) -> PlannedResource:
    plain = _plain(new)
    if old is None:
        return replace(plain, operation=Operation.CREATE)
    paths = differing_paths(old.inputs, new.inputs, "")
    changed = tuple(sorted(path for path in paths if get(old.inputs, parse(path)) != UNKNOWN))
    known = bool(old.id and new.id) and UNKNOWN not in (old.id, new.id)
    replaced = new.operation is Operation.REPLACE or (known and old.id != new.id)
    if not changed and not replaced:
        return plain
    operation = Operation.REPLACE if replaced else Operation.UPDATE
    return replace(plain, operation=operation, old_inputs=old.inputs, changed=changed)
