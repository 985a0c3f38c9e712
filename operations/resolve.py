"""What a Plan lets be told of ids that only the deployment makes, and the Plan's resources as policies look at them.

An id is exact where Azure will make it of names that the Plan holds. Which resource an unknown value is of, the engines
tell by property: the value is taken for the id of its only source, or of the only one of the kind that the property is
called after. Nothing else is filled in: identifiers that Azure draws, addresses and secrets stay unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from operations.export.identity import MADE_ANEW, NO_SUBSCRIPTION, OTHERS, Identities, Identity
from operations.export.routes import arm_types, plural
from operations.plan import UNKNOWN, Operation, Plan, PlannedResource, Value
from policies.model import Resource, resource_of

GUIDS = ("principalid", "clientid", "tenantid", "objectid", "customerid", "applicationid", "immutableid")
"""Ends of the names that hold a GUID, though they look like ids."""
ARM_IDS = ("id", "ids", "scope", "scopes", "resourceuri", "userassignedidentities", "userassignedidentity", "source")
DEPTH = 60
"""How deep a value may nest and still be looked into; Azure's own stay under 20."""
STACK_REFERENCE = "pulumi:pulumi:StackReference"


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
    inputs = {key: _value(item, (key,), "", resource, identities) for key, item in resource.inputs.items()}
    return replace(resource, inputs=inputs)


def _has_unknown(value: Value, depth: int = 0) -> bool:
    if isinstance(value, Mapping) and depth < DEPTH:
        return any(_has_unknown(item, depth + 1) for item in value.values())
    if isinstance(value, list | tuple) and depth < DEPTH:
        return any(_has_unknown(item, depth + 1) for item in value)
    return bool(value == UNKNOWN)


def _value(value: Value, keys: tuple[str, ...], label: str, resource: PlannedResource, identities: Identities) -> Value:
    """A value with what can be told in it told. `label` is the name of the nearest object below the resource."""
    if value == UNKNOWN:
        return _told(keys, label, resource, identities)
    if len(keys) > DEPTH:
        return value
    if isinstance(value, Mapping):
        own = value.get("name")
        label = own if isinstance(own, str) else label
        return {key: _value(item, (*keys, key), label, resource, identities) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, keys, label, resource, identities) for item in value]
    return value


def _told(keys: tuple[str, ...], label: str, resource: PlannedResource, identities: Identities) -> Value:
    makers = list(_makers(resource, keys[0], identities))
    if not makers or None in makers:
        return UNKNOWN
    known = [maker for maker in makers if maker]
    alone = not _refers(resource, keys[0], identities)
    found = whose_id(known, identities, keys, label, alone=alone)
    if found:
        return id_of(identities.resource(found.urn), identities) or UNKNOWN
    named = whose_name(known, keys)
    return named.leaf if named and _certain(named) else UNKNOWN


def _makers(resource: PlannedResource, property_: str, identities: Identities) -> Iterator[Identity | None]:
    urns = resource.property_dependencies.get(property_, ())
    return (identities.told(urn) for urn in identities.real(urns, resource.urn))


def _refers(resource: PlannedResource, property_: str, identities: Identities) -> bool:
    """Whether a property may also have come from another stack."""
    found = (identities.find(urn) for urn in resource.property_dependencies.get(property_, ()))
    return any(source is None or source.type == STACK_REFERENCE for source in found)


def whose_id(
    makers: Sequence[Identity], identities: Identities, keys: Sequence[str], label: str, *, alone: bool = True
) -> Identity | None:
    """Whose ARM id stands at the end of a path of names, of the resources that its value came from.

    `alone`: the value came from nowhere else, so that a single source need not be of the kind that the name speaks of.
    """
    key = keys[-1].lower()
    if key.endswith(GUIDS) or not key.endswith(ARM_IDS):
        return None
    hint = _hint(keys)
    found = _like(makers, hint) or _like(identities.above(makers), hint) or (list(makers) if alone else [])
    if len(found) > 1:  # as a zone group names each entry after its zone, dots made dashes
        found = [m for m in found if _plain(m.leaf) == _plain(label)]
    return found[0] if len(found) == 1 and not _is_child(found[0], hint) else None


def whose_name(makers: Sequence[Identity], keys: Sequence[str]) -> Identity | None:
    """Whose name stands at the end of a path of names, as `resourceGroupName` holds a group's."""
    key = keys[-1].lower()
    named = _like(makers, key.removesuffix("name")) if key.endswith("name") else []
    return named[0] if len(named) == 1 else None


def _hint(keys: Sequence[str]) -> str:
    """What a name says of the resource that its id is of: `subnet` for `subnet.id`, `workspace` for `workspaceId`."""
    key = keys[-1].lower()
    if key in ("id", "ids"):
        return keys[-2].lower() if len(keys) > 1 else key
    return re.sub(r"(resource)?ids?$", "", key)


def _like(makers: Sequence[Identity], hint: str) -> list[Identity]:
    """Those whose ARM type is the one that the hint speaks of; the longest name wins, as `disk` is in many."""
    named = [m for m in makers if m.noun in hint]
    longest = max((len(m.noun) for m in named), default=0)
    return [m for m in named if len(m.noun) == longest]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_child(maker: Identity, hint: str) -> bool:
    """Whether the hint names a child of the resource, such as the subnet of a network: its id is not the resource's."""
    child = f"{maker.arm_type}/{plural(hint)}".lower()
    return maker.package is not None and child in arm_types(maker.package)
