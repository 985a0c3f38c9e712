"""Export a Plan as a standard ARM template: one file for a stack, with literals only (decision 0002)."""

from __future__ import annotations

import re
from typing import Any

from formats.arm.arm_ids import NO_SUBSCRIPTION, ArmId, ArmIds
from formats.arm.routes import route
from formats.arm.sdk import sdk_type
from formats.errors import InputError
from formats.plan import Plan, PlannedResource, Value
from operations.export.nesting import Nesting, dotted, escaped
from operations.export.placeholders import Placeholders
from operations.export.request_models import model

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
CONTENT_VERSION = "1.0.0.0"
API_VERSION = "azureApiVersion"
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z0-9]+)?")
LEADING_KEYS = ("type", "apiVersion", "name", "scope", "location", "tags", "sku", "kind", "identity")
TRAILING_KEYS = ("properties", "dependsOn", "metadata")

Template = dict[str, Value]


def template(plan: Plan) -> Template:
    """Return the template of one stack after its plan is applied.

    The output is deterministic. `metadata.placeholders` lists every value that is not the real one, with the reason.
    Raises `InputError` for a type or property that a template cannot express.
    """
    _check(plan)
    arm_ids = plan.once(ArmIds)
    made = [_resource(r, arm_ids) for r in arm_ids.exported]
    _refuse_duplicate_ids(made)
    made.sort(key=lambda pair: (pair[0].id.lower(), pair[0].urn))
    notes = {
        f"resources[{i}].{dotted(path)}": why for i, (_, _, found) in enumerate(made) for path, why in found.items()
    }
    if arm_ids.subscription == NO_SUBSCRIPTION:
        notes["subscription"] = "the plan does not contain it; replaced by zeros"
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


ExportedResource = tuple[ArmId, Template, dict[tuple[str | int, ...], str]]


def _resource(resource: PlannedResource, arm_ids: ArmIds) -> ExportedResource:
    arm_id, request = arm_ids.of(resource.urn), route(resource.type)
    placeholders = Placeholders(resource, arm_ids, {(key,): why for key, why in arm_id.uncertain})
    inputs = {k: v for k, v in resource.inputs.items() if k.lower() not in arm_id.arguments and not _is_internal(k)}
    body = Nesting(resource.type, resource.urn, placeholders).body(inputs, model(request.package, request.model))
    _drop_repeated_names(body, arm_id)
    out = {
        "type": arm_id.arm_type,
        "apiVersion": _api_version(resource),
        "name": escaped(arm_id.name),
        **({"scope": escaped(arm_id.scope)} if arm_id.scope else {}),
        **_sorted(body),
        "dependsOn": _depends_on(resource, arm_id, arm_ids),
        "metadata": _metadata(resource, arm_id),
    }
    keys = [*LEADING_KEYS, *sorted(out.keys() - {*LEADING_KEYS, *TRAILING_KEYS}), *TRAILING_KEYS]
    return arm_id, {k: out[k] for k in keys if k in out}, placeholders.notes


def _is_internal(key: str) -> bool:
    """Return True for an input that the provider adds for itself in Check."""
    return key == API_VERSION or key.startswith("__")


def _api_version(resource: PlannedResource) -> str:
    """Return the API version that the provider uses: the Plan's, or else the SDK's."""
    given = resource.inputs.get(API_VERSION, sdk_type(resource.type).api_version)
    if isinstance(given, str) and _VERSION.fullmatch(given):
        return given
    raise InputError("an invalid API version", file=resource.urn, key=API_VERSION, found=given,
                     allowed="a date such as 2024-05-01, with or without -preview")  # fmt: skip


def _drop_repeated_names(body: Template, arm_id: ArmId) -> None:
    """Remove name, type and id from the body. Raises `InputError` if they differ from the resource's own."""
    for key, own in (("name", arm_id.leaf), ("type", arm_id.arm_type), ("id", arm_id.id)):
        given = body.pop(key, own)
        if str(given).lower() != own.lower():
            raise InputError("a resource is called two different things", file=arm_id.urn, key=key, found=given,
                             allowed=own)  # fmt: skip


def _depends_on(resource: PlannedResource, arm_id: ArmId, arm_ids: ArmIds) -> list[str]:
    """Return the ids of the template's resources that this one depends on, with its group, parent and scope."""
    declared = arm_ids.declared
    required = {i.id.lower() for i in arm_ids.dependencies(resource)}
    parents = {a.lower() for a in _parent_ids(arm_id.id)}
    return [escaped(declared[i].id) for i in sorted((required | parents) & declared.keys() - {arm_id.id.lower()})]


def _parent_ids(id_: str) -> list[str]:
    """Return every prefix of an id: its parents, its scope and its resource group."""
    parts = id_.split("/")
    return ["/".join(parts[:n]) for n in range(3, len(parts))]


def _metadata(resource: PlannedResource, arm_id: ArmId) -> Template:
    """Return facts that a flat list of resources loses. ARM ignores them. The URN names the resource in the Plan."""
    _, group = arm_id.group or (None, None)
    facts = {"subscriptionId": arm_id.subscription, "resourceGroup": group, "id": arm_id.id, "urn": resource.urn}
    return {key: escaped(value) for key, value in facts.items() if value}


def _refuse_duplicate_ids(made: list[ExportedResource]) -> None:
    seen: dict[str, str] = {}
    for arm_id, _, _ in made:
        other = seen.setdefault(arm_id.id.lower(), arm_id.urn)
        if other != arm_id.urn:
            raise InputError("two resources of the plan are the same one in Azure", file=arm_id.urn, key=arm_id.id,
                             found=other)  # fmt: skip


def _check(plan: Plan) -> None:
    """Refuse malformed resources: a Plan may come from a file."""
    for resource in plan.resources:
        texts = (resource.urn, resource.type, *resource.dependencies, *resource.property_dependencies)
        shaped = isinstance(resource.inputs, dict) and all(isinstance(k, str) for k in resource.inputs)
        if not shaped or not all(isinstance(t, str) and t for t in texts):
            raise InputError("a resource of the plan is malformed", key="resources", found=resource.urn)


def _sorted(value: Value) -> Any:
    """Sort the keys of objects at every level. Lists keep their order."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _natural(path: str) -> tuple[int, str]:
    """Sort key: the number of the resource, then the path."""
    number = path.removeprefix("resources[").partition("]")[0]
    return (int(number) if number.isdigit() else -1, path)
