"""Derive ARM ids and names that a Plan shows as unknown.

An id can be derived if the Plan contains the names and the scope that Azure builds it from. An unknown value is taken
for a resource's id if all of these hold: `references.txt` lists the property as an id, the engine lists the resources
that the property depends on, and exactly one of those has a type that the property can refer to. Generated
identifiers, addresses, secrets and values that may come from another stack stay unknown.

A derived id can be wrong: a program that passes `nsg.id.apply(lambda _: other)` gives the same Plan. Derived values
are therefore compared with the actual ones: with either engine, a run stops before a resource whose value differs
(`operations/engine/derived_values.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from formats.arm.arm_ids import MAY_CHANGE_ID, NO_SUBSCRIPTION, ArmId, ArmIds
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource, Value, contains_unknown
from formats.urns import is_provider, type_of

MAX_DEPTH = 60
"""Levels of nesting that are searched. Azure's own values have fewer than 20."""


def resolved(plan: Plan) -> Plan:
    """Return the Plan with the ARM ids and names that can be derived; other unknown values stay unknown."""
    return plan.once(_resolved_plan)


def _resolved_plan(plan: Plan) -> Plan:
    arm_ids = plan.once(ArmIds)
    return replace(plan, resources=tuple(_resolved(r, arm_ids) for r in plan.resources))


def resources_after_deployment(plan: Plan) -> list[PlannedResource]:
    """Return the resources that the deployed plan will have in the cloud, with the ARM ids that can be derived.

    Dependencies on components are replaced by dependencies on the resources in them. Left out are deletes, reads,
    components and the engine's own resources. Other providers' resources are kept, also `random:`, so that no policy
    overlooks them.
    An `id` that cannot be derived is None. Resources that wait for deletion are last: they exist until that succeeds.
    """
    arm_ids = plan.once(ArmIds)
    managed = [_azure_resource(r, id_of(r, arm_ids), arm_ids) for r in resolved(plan).resources if _is_managed(r)]
    return [*managed, *_pending_deletes(plan, arm_ids, {r.id.lower() for r in managed if r.id})]


def _is_managed(resource: PlannedResource) -> bool:
    gone = (Operation.DELETE, Operation.READ)
    return _is_in_cloud(resource) and resource.operation not in gone


def _is_in_cloud(resource: PlannedResource) -> bool:
    """Return True for resources of a provider, and for explicit providers, which decide where the others are."""
    return resource.custom and (is_provider(resource.type) or not resource.type.startswith("pulumi:"))


def _pending_deletes(plan: Plan, arm_ids: ArmIds, known: set[str]) -> Iterator[PlannedResource]:
    """Yield the resources that wait for deletion, each with a URN of its own.

    `known` are the ids of the other resources. Two entries of a state with one ARM id are one resource in the cloud.
    """
    waiting = (r for r in plan.resources if r.pending_delete and _is_in_cloud(r))
    for number, resource in enumerate(waiting, 1):
        arm_id = resource.id if resource.id and resource.id.startswith("/") else None
        if arm_id and arm_id.lower() in known:
            continue
        known.add((arm_id or "").lower())
        urn = f"{resource.urn} (waits for deletion: {arm_id or number})"
        yield replace(_azure_resource(resource, arm_id, arm_ids), urn=urn)


def _azure_resource(resource: PlannedResource, id_: str | None, arm_ids: ArmIds) -> PlannedResource:
    sources = {
        k: (*arm_ids.leaf_resources(urns, resource.urn), *(u for u in urns if type_of(u).startswith("random:")))
        for k, urns in resource.property_dependencies.items()
    }
    return replace(resource, dependencies=tuple(arm_ids.required(resource)), property_dependencies=sources, id=id_)


def id_of(resource: PlannedResource, arm_ids: ArmIds) -> str | None:
    """Return the ARM id that a resource has or will have; None if it cannot be derived."""
    if resource.id and resource.id.startswith("/") and resource.operation not in MAY_CHANGE_ID:
        return resource.id
    arm_id = arm_ids.find(resource.urn)
    return arm_id.id if arm_id and _certain(arm_id) else None


def _certain(arm_id: ArmId) -> bool:
    """Return True if no part of an id is a placeholder."""
    return not arm_id.uncertain and NO_SUBSCRIPTION not in arm_id.id


def _resolved(resource: PlannedResource, arm_ids: ArmIds) -> PlannedResource:
    if resource.operation is Operation.DELETE or not contains_unknown(resource.inputs):
        return resource
    inputs = {key: _value(item, key, resource, arm_ids) for key, item in resource.inputs.items()}
    return replace(resource, inputs=inputs)


def _value(value: Value, path: str, resource: PlannedResource, arm_ids: ArmIds, depth: int = 0) -> Value:
    """Return a value with derivable ids filled in. `path` is written as in `references.txt`: `rules[].target.id`."""
    if value == UNKNOWN:
        return _derive(path, resource, arm_ids)
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        return {k: _value(item, f"{path}.{k}", resource, arm_ids, depth + 1) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, f"{path}[]", resource, arm_ids, depth + 1) for item in value]
    return value


def _derive(path: str, resource: PlannedResource, arm_ids: ArmIds) -> Value:
    referenced = arm_ids.referenced(resource, path)
    if referenced:
        return id_of(arm_ids.resource(referenced.urn), arm_ids) or UNKNOWN
    named = arm_ids.named(resource, path)
    return named.leaf if named and _certain(named) else UNKNOWN
