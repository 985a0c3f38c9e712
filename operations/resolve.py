"""What a Plan lets be told of ids that only the deployment makes, and the Plan's resources as policies look at them.

An id is exact where Azure will make it of names and a scope that the Plan holds. An unknown value is the id of the
resource that it came from where all three hold: `operations/references.py` says whose id the property holds; the engine
says which resources the property came from; and exactly one of them is of that kind. Nothing else is filled in:
identifiers that Azure draws, addresses and secrets stay unknown, and so does what may have come from another stack.

A program can still pass something else on, as `nsg.id.apply(lambda _: other)` does: the Plan shows the same for it. So
what is filled in is held against what comes. The embedded engine stops a run before the step whose value turns out to
be another (`operations/engine/embedded/permitted.py`). The Pulumi CLI's update plans let an unknown value become any:
under it what stands is held against the Plan afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from operations.export.identity import MADE_ANEW, NO_SUBSCRIPTION, OTHERS, Identities, Identity
from operations.plan import UNKNOWN, Operation, Plan, PlannedResource, Value
from policies.model import Resource, resource_of

DEPTH = 60
"""How deep a value may nest and still be looked into; Azure's own stay under 20."""


def resolved(plan: Plan) -> Plan:
    """The Plan with the unknown ARM ids and names in it that can be told; what cannot be told stays unknown."""
    identities = Identities(plan)
    return replace(plan, resources=tuple(_resolved(r, identities) for r in plan.resources))


def resources_of(plan: Plan) -> list[Resource]:
    """What will be in Azure once the plan is done, as rules see it: unknown ids filled in, dependencies through
    components followed to what these hold. Deletes, mere reads, components and the engine's own are left out;
    what another provider makes is not, so that no rule can overlook it."""
    identities = Identities(plan)
    return [_resource(r, plan.stack, identities) for r in plan.resources if _lasts(r)]


def _lasts(resource: PlannedResource) -> bool:
    gone = (Operation.DELETE, Operation.READ)
    return resource.custom and resource.operation not in gone and not resource.type.startswith(OTHERS)


def _resource(resource: PlannedResource, stack: str, identities: Identities) -> Resource:
    sources = {k: tuple(identities.real(urns, resource.urn)) for k, urns in resource.property_dependencies.items()}
    seen = replace(
        _resolved(resource, identities),
        dependencies=tuple(identities.needs(resource)),
        property_dependencies=sources,
        id=None,
    )
    return resource_of(seen, stack=stack, id_=id_of(resource, identities))


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
