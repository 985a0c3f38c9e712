"""A Plan as a standard ARM template: one file a stack, literals only. Why so: docs/decisions/0002-arm-export.md."""

from __future__ import annotations

import re
from typing import Any

from formats.arm.arm_ids import NO_SUBSCRIPTION, Identities, Identity
from formats.arm.routes import route
from formats.arm.sdk import sdk_type
from formats.errors import InputError
from formats.plan import Plan, PlannedResource, Value
from operations.export.models import model
from operations.export.nesting import Nesting, dotted, escaped
from operations.export.placeholders import Placeholders

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
CONTENT_VERSION = "1.0.0.0"
API_VERSION = "azureApiVersion"
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z0-9]+)?")
FIRST = ("type", "apiVersion", "name", "scope", "location", "tags", "sku", "kind", "identity")
LAST = ("properties", "dependsOn", "metadata")

Template = dict[str, Value]


def template(plan: Plan) -> Template:
    """The template of one stack: what it will have once the plan is done.

    Raises InputError, naming the type or property, for what has no place in a template. The same plan gives the same
    template, to the byte; `metadata.placeholders` lists every value in it that is not the real one, and why.
    """
    _check(plan)
    identities = plan.once(Identities)
    made = [_resource(r, identities) for r in identities.exported]
    _one_of_each(made)
    made.sort(key=lambda pair: (pair[0].id.lower(), pair[0].urn))
    notes = {
        f"resources[{i}].{dotted(path)}": why for i, (_, _, found) in enumerate(made) for path, why in found.items()
    }
    if identities.subscription == NO_SUBSCRIPTION:
        notes["subscription"] = "the plan does not say which one; zeros stand for it"
    return {
        "$schema": SCHEMA,
        "contentVersion": CONTENT_VERSION,
        "metadata": {
            "project": escaped(plan.project),
            "stack": escaped(plan.stack),
            "cloud": escaped(plan.cloud),
            "plan": plan.digest,
            "placeholders": dict(sorted(notes.items(), key=lambda n: _natural(n[0]))),
        },
        "resources": [resource for _, resource, _ in made],
    }


Made = tuple[Identity, Template, dict[tuple[str | int, ...], str]]


def _resource(resource: PlannedResource, identities: Identities) -> Made:
    identity, way = identities.of(resource.urn), route(resource.type)
    stand_ins = Placeholders(resource, identities, {(key,): why for key, why in identity.unsure})
    inputs = {k: v for k, v in resource.inputs.items() if k.lower() not in identity.arguments and not _providers(k)}
    body = Nesting(resource.type, resource.urn, stand_ins).body(inputs, model(way.package, way.model))
    _own_words(body, identity)
    out = {
        "type": identity.arm_type,
        "apiVersion": _api_version(resource),
        "name": escaped(identity.name),
        **({"scope": escaped(identity.scope)} if identity.scope else {}),
        **_sorted(body),
        "dependsOn": _depends_on(resource, identity, identities),
        "metadata": _metadata(resource, identity),
    }
    keys = [*FIRST, *sorted(out.keys() - {*FIRST, *LAST}), *LAST]
    return identity, {k: out[k] for k in keys if k in out}, stand_ins.notes


def _providers(key: str) -> bool:
    """Whether an input is a note that the provider's check leaves for the provider itself."""
    return key == API_VERSION or key.startswith("__")


def _api_version(resource: PlannedResource) -> str:
    """The one that the provider will speak; the SDK's own where the plan does not tell."""
    given = resource.inputs.get(API_VERSION, sdk_type(resource.type).api_version)
    if isinstance(given, str) and _VERSION.fullmatch(given):
        return given
    raise InputError("an api version that is none", file=resource.urn, key=API_VERSION, found=given,
                     allowed="a date such as 2024-05-01, with or without -preview")  # fmt: skip


def _own_words(body: Template, identity: Identity) -> None:
    """Takes name, type and id out of the body, where they can only repeat what the template says of the resource."""
    for key, said in (("name", identity.leaf), ("type", identity.arm_type), ("id", identity.id)):
        given = body.pop(key, said)
        if str(given).lower() != said.lower():
            raise InputError("a resource is called two different things", file=identity.urn, key=key, found=given,
                             allowed=said)  # fmt: skip


def _depends_on(resource: PlannedResource, identity: Identity, identities: Identities) -> list[str]:
    """The ids of what must be there first, of those that this template makes: also its group, parent and scope."""
    here = identities.here
    told = {i.id.lower() for i in identities.dependencies(resource)}
    above = {a.lower() for a in _above(identity.id)}
    return [escaped(here[i].id) for i in sorted((told | above) & here.keys() - {identity.id.lower()})]


def _above(id_: str) -> list[str]:
    """Every id that an id stands under: its parents, its scope, its resource group."""
    parts = id_.split("/")
    return ["/".join(parts[:n]) for n in range(3, len(parts))]


def _metadata(resource: PlannedResource, identity: Identity) -> Template:
    """What the flat list of resources would lose; ARM ignores it. The URN leads back to the plan."""
    _, group = identity.group or (None, None)
    placed = {"subscriptionId": identity.subscription, "resourceGroup": group, "id": identity.id, "urn": resource.urn}
    return {key: escaped(value) for key, value in placed.items() if value}


def _one_of_each(made: list[Made]) -> None:
    seen: dict[str, str] = {}
    for identity, _, _ in made:
        other = seen.setdefault(identity.id.lower(), identity.urn)
        if other != identity.urn:
            raise InputError("two resources of the plan are the same one in Azure", file=identity.urn, key=identity.id,
                             found=other)  # fmt: skip


def _check(plan: Plan) -> None:
    """A plan may come from a file: its shape is checked before anything is made of it."""
    for resource in plan.resources:
        texts = (resource.urn, resource.type, *resource.dependencies, *resource.property_dependencies)
        shaped = isinstance(resource.inputs, dict) and all(isinstance(k, str) for k in resource.inputs)
        if not shaped or not all(isinstance(t, str) and t for t in texts):
            raise InputError("a resource of the plan is not shaped like one", key="resources", found=resource.urn)


def _sorted(value: Value) -> Any:
    """Keys in order, lists as they are."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _natural(path: str) -> tuple[int, str]:
    """Placeholders in the order of their resources."""
    number = path.removeprefix("resources[").partition("]")[0]
    return (int(number) if number.isdigit() else -1, path)
