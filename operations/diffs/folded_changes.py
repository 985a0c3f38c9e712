"""The changes of many plans, with equal changes folded over resources and stacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from formats.plan import Operation, Plan, PlannedResource, Value, canonical
from formats.property_changes import PropertyChange, changes_of, property_changes
from formats.urns import ROOT_TYPE, make_urn

Resources = Mapping[str, tuple[str, ...]]
"""The sorted URNs of resources by stack, in the order of the stacks' names."""
_Member = tuple[str, str]
"""A stack and the URN of a resource in it."""
_Change = tuple[str, PropertyChange]
"""The URN of a resource, and a change of it."""
OUTPUTS = "outputs"
"""The first step of the path of a changed output. Its resource is the stack."""


@dataclass(frozen=True)
class Destroyed:
    """One resource that is replaced or deleted. These are not folded."""

    stack: str
    resource: PlannedResource

    def to_json(self) -> dict[str, Value]:
        """Return the resource as JSON, without its properties."""
        resource = self.resource
        return {
            "stack": self.stack,
            "urn": resource.urn,
            "type": resource.type,
            "name": resource.name,
            "operation": resource.operation.value,
            "protect": resource.protect,
            "replaces": list(resource.replaces),
        }


@dataclass(frozen=True)
class FoldedOperation:
    """The resources of one type with the same operation: created, imported, or updated without a changed property."""

    operation: Operation
    type: str
    custom: bool
    resources: Resources

    def to_json(self) -> dict[str, Value]:
        """Return the operation and its resources as JSON."""
        return {"operation": self.operation.value, "type": self.type, "resources": _json(self.resources)}


@dataclass(frozen=True)
class FoldedChange:
    """One change of a property, and the resources that it is equal on."""

    change: PropertyChange
    resources: Resources

    def to_json(self) -> dict[str, Value]:
        """Return the change and its resources as JSON."""
        return {**self.change.to_json(), "resources": _json(self.resources)}


@dataclass(frozen=True)
class FoldedChanges:
    """The changes of some plans. Their order does not depend on the order of the plans."""

    stacks: tuple[str, ...]
    changed_stacks: tuple[str, ...]
    counts: Mapping[Operation, int]
    destroyed: tuple[Destroyed, ...]
    operations: tuple[FoldedOperation, ...]
    properties: tuple[FoldedChange, ...]

    def to_json(self) -> dict[str, Value]:
        """Return all changes as JSON. Each is there exactly once for each resource."""
        return {
            "stacks": list(self.stacks),
            "changed_stacks": list(self.changed_stacks),
            "counts": {operation.value: count for operation, count in sorted(self.counts.items())},
            "destroyed": [one.to_json() for one in self.destroyed],
            "operations": [one.to_json() for one in self.operations],
            "properties": [one.to_json() for one in self.properties],
        }


def fold(plans: Iterable[Plan]) -> FoldedChanges:
    """Return the folded changes of the plans of different stacks."""
    ordered = sorted(plans, key=lambda plan: plan.stack)
    changed = [(plan.stack, resource) for plan in ordered for resource in plan.changes]
    counts = sum((Counter(plan.counts) for plan in ordered), Counter[Operation]())
    return FoldedChanges(
        stacks=tuple(plan.stack for plan in ordered),
        changed_stacks=tuple(plan.stack for plan in ordered if plan.changes or plan.output_changes),
        counts=dict(counts),
        destroyed=tuple(sorted((Destroyed(*one) for one in changed if one[1].operation.destroys), key=_first_deleted)),
        operations=_operations(changed),
        properties=_properties(ordered),
    )


def _first_deleted(destroyed: Destroyed) -> tuple[bool, str, str]:
    return destroyed.resource.operation is not Operation.DELETE, destroyed.stack, destroyed.resource.urn


def _operations(changed: Iterable[tuple[str, PlannedResource]]) -> tuple[FoldedOperation, ...]:
    members: dict[tuple[Operation, str, bool], list[_Member]] = defaultdict(list)
    for stack, resource in changed:
        updated = resource.operation is Operation.UPDATE and resource.changed
        if not resource.operation.destroys and not updated:
            members[resource.operation, resource.type, resource.custom].append((stack, resource.urn))
    return tuple(FoldedOperation(*key, by_stack(found)) for key, found in sorted(members.items()))


def _properties(plans: Iterable[Plan]) -> tuple[FoldedChange, ...]:
    changes: dict[tuple[str, str], PropertyChange] = {}
    members: dict[tuple[str, str], list[_Member]] = defaultdict(list)
    for plan in plans:
        found = [(resource.urn, change) for resource in plan.changes for change in changes_of(resource)]
        for urn, change in [*found, *output_changes(plan)]:
            key = change.text, canonical(change.to_json())
            changes.setdefault(key, change)
            members[key].append((plan.stack, urn))
    return tuple(FoldedChange(changes[key], by_stack(members[key])) for key in sorted(members))


def output_changes(plan: Plan) -> Iterator[_Change]:
    """Yield the changed outputs as changes of the stack's root resource, which has them in Pulumi."""
    urn = root_urn(plan)
    for output in plan.output_changes:
        before, after = ({} if v is None else {output.name: v} for v in (output.before, output.after))
        for change in property_changes(before, after, output.changed):
            yield urn, replace(change, path=(OUTPUTS, *change.path))


def root_urn(plan: Plan) -> str:
    """Return the URN of the root resource of a plan's stack."""
    return make_urn(plan.stack, plan.project, "", ROOT_TYPE, f"{plan.project}-{plan.stack}")


def by_stack(members: Iterable[_Member]) -> Resources:
    """Return resources by stack, both in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for stack, urn in sorted(members):
        found[stack].append(urn)
    return {stack: tuple(urns) for stack, urns in found.items()}


def _json(resources: Resources) -> dict[str, list[str]]:
    return {stack: list(urns) for stack, urns in resources.items()}
