"""The ARM ids and names in a Plan that can be derived before the deployment.

An id is exact where Azure will make it of names and a scope that the Plan holds. An unknown value is the id of the
resource that it came from where all three hold: `references.py` says whose id the property holds; the engine
says which resources the property came from; and exactly one of them is of that kind. Nothing else is filled in:
identifiers that Azure draws, addresses and secrets stay unknown, and so does what may have come from another stack.

A program can still pass something else on, as `nsg.id.apply(lambda _: other)` does: the Plan shows the same for it. So
what is filled in is held against what comes. The embedded engine stops a run before the step whose value turns out to
be another (`operations/engine/embedded/update_plan_check.py`). The Pulumi CLI's update plans let an unknown become any:
under it what stands is held against the Plan afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from formats.arm.arm_ids import MADE_ANEW, NO_SUBSCRIPTION, OTHERS, Identities, Identity
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource, Value

DEPTH = 60
"""How deep a value may nest and still be looked into; Azure's own stay under 20."""


def resolved(plan: Plan) -> Plan:
    """Return the Plan with the ARM ids and names that can be derived; other unknown values stay unknown."""
    return plan.once(_resolved_plan)


def _resolved_plan(plan: Plan) -> Plan:
    identities = plan.once(Identities)
    return replace(plan, resources=tuple(_resolved(r, identities) for r in plan.resources))


def azure_resources(plan: Plan) -> list[PlannedResource]:
    """Return the resources that the deployed plan will have in the cloud, with the ARM ids that can be derived.

    Dependencies on components are replaced by dependencies on the resources in them. Left out are deletes, reads,
    components and the engine's own resources. Other providers' resources are kept, so that no policy overlooks them.
    An `id` that cannot be derived is None.
    """
    identities = plan.once(Identities)
    return [_azure_resource(r, identities) for r in resolved(plan).resources if _lasts(r)]


def _lasts(resource: PlannedResource) -> bool:
    gone = (Operation.DELETE, Operation.READ)
    return resource.custom and resource.operation not in gone and not resource.type.startswith(OTHERS)


def _azure_resource(resource: PlannedResource, identities: Identities) -> PlannedResource:
    sources = {k: tuple(identities.real(urns, resource.urn)) for k, urns in resource.property_dependencies.items()}
    return replace(
        resource,
        dependencies=tuple(identities.needs(resource)),
        property_dependencies=sources,
        id=id_of(resource, identities),
    )


def id_of(resource: PlannedResource, identities: Identities) -> str | None:
    """The ARM id that a resource has or will have; None where it cannot be told for certain."""
    if resource.id and resource.id.startswith("/") and resource.operation not in MADE_ANEW:
        return resource.id
    identity = identities.told(resource.urn)
    return identity.id if identity and _certain(identity) else None


def _certain(identity: Identity) -> bool:
    """Whether no part of an id is a stand-in."""
    return not identity.unsure and NO_SUBSCRIPTION not in identity.id


def _resolved(resource: PlannedResource, identities: Identities) -> PlannedResource:
    if resource.operation is Operation.DELETE or not _has_unknown(resource.inputs):
        return resource
    inputs = {key: _value(item, key, resource, identities) for key, item in resource.inputs.items()}
    return replace(resource, inputs=inputs)


def _has_unknown(value: Value, depth: int = 0) -> bool:
    if isinstance(value, Mapping) and depth < DEPTH:
        return any(_has_unknown(item, depth + 1) for item in value.values())
    if isinstance(value, list | tuple) and depth < DEPTH:
        return any(_has_unknown(item, depth + 1) for item in value)
    return bool(value == UNKNOWN)


def _value(value: Value, path: str, resource: PlannedResource, identities: Identities, depth: int = 0) -> Value:
    """A value with what can be told in it told. `path`: as in the table of references, `rules[].target.id`."""
    if value == UNKNOWN:
        return _told(path, resource, identities)
    if depth > DEPTH:
        return value
    if isinstance(value, Mapping):
        return {k: _value(item, f"{path}.{k}", resource, identities, depth + 1) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, f"{path}[]", resource, identities, depth + 1) for item in value]
    return value


def _told(path: str, resource: PlannedResource, identities: Identities) -> Value:
    referred = identities.referred(resource, path)
    if referred:
        return id_of(identities.resource(referred.urn), identities) or UNKNOWN
    named = identities.named(resource, path)
    return named.leaf if named and _certain(named) else UNKNOWN
