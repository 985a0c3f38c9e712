"""Derive outputs and inputs: the properties after a write, the outputs in a preview, the inputs of an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formats.property_paths import PropertyPath, find, get, parse
from formats.property_values import UNKNOWN
from local_azure import ids
from local_azure.locations import normal_location
from local_azure.model import AzureType
from local_azure.schema import Property, PropertyType, ResourceSchema, arm_type_of
from local_azure.wire import merge, set_default

_ABSENT = object()
# Known before the first create.
_KNOWN = frozenset({"name", "type", "azureApiVersion"})


def with_defaults(type_: AzureType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with Azure's defaults for omitted properties."""
    filled: dict[str, Any] = _copy(inputs)
    for path, value in type_.defaults.items():
        set_default(filled, parse(path), _copy(value))
    return filled


def response_properties(
    type_: AzureType,
    schema: ResourceSchema,
    id_: str,
    new: Mapping[str, Any],
    *,
    computed: Mapping[str, Any],
    old: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the properties that Azure returns after a write. Computed outputs stay for the resource's lifetime."""
    made: dict[str, Any] = {}
    for path, value in computed.items():
        if value is None:
            continue
        made = merge(made, {path: value}) if "." not in path else _merge_at(made, path, value)
    kept = {key: value for key, value in (old or {}).items() if key in schema.output_only}
    found = merge(merge(kept, {**new, **_standard_outputs(schema, id_)}), made)
    if isinstance(found.get("location"), str):
        found["location"] = normal_location(found["location"])
    # Inputs that Azure never returns, such as a vault's createMode, are not outputs.
    returned = _select(schema.outputs, {key: value for key, value in found.items() if value is not None})
    return remove_paths(returned, type_.write_only)


def _merge_at(made: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    set_default(nested, parse(path), value)
    return merge(made, nested)


def _standard_outputs(schema: ResourceSchema, id_: str) -> dict[str, Any]:
    # A record set's type is a parameter of its path.
    type_ = arm_type_of(id_) if "{" in schema.arm_type else schema.arm_type
    facts = {"name": ids.name_of(id_), "type": type_, "azureApiVersion": schema.api_version}
    state = schema.outputs.get("provisioningState")
    if state is not None and "provisioningState" not in schema.inputs:
        facts["provisioningState"] = "Succeeded"
    return {key: value for key, value in facts.items() if key in schema.outputs and value}


def remove_paths(values: Mapping[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """Return the values without those at the declared paths."""
    if not paths:
        return dict(values)
    found: dict[str, Any] = _copy(values)
    for path in paths:
        steps = parse(path)
        for holder, _ in list(find(found, steps[:-1])):
            inner = get(found, holder)
            if isinstance(inner, dict):
                inner.pop(steps[-1], None)
    return found


def secret_paths(
    type_: AzureType, properties: Mapping[str, Any], given: frozenset[PropertyPath] = frozenset()
) -> frozenset[PropertyPath]:
    """Return the secret output paths: those that the type declares, and those of secret inputs."""
    declared = {path for text in type_.secret_outputs for path, _ in find(properties, parse(text))}
    return frozenset(declared | {path for path in given if _has_path(properties, path)})


def _has_path(value: Any, path: PropertyPath) -> bool:
    return get(value, path, _ABSENT) is not _ABSENT


def preview(
    schema: ResourceSchema,
    id_: str | None,
    inputs: Mapping[str, Any],
    olds: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the outputs that a preview knows. In an update, outputs of unchanged inputs keep their values.

    `olds` are the old inputs and the old outputs.
    """
    old_inputs, old_outputs = olds or ({}, {})
    if id_:
        known = _standard_outputs(schema, id_)
    else:
        known = {"azureApiVersion": schema.api_version}
        if "{" not in schema.arm_type:
            known["type"] = schema.arm_type
    found: dict[str, Any] = {}
    for key, property_ in schema.outputs.items():
        if key in _KNOWN and known.get(key):
            found[key] = known[key]
        elif key in inputs:
            found[key] = _previewed(property_.type, inputs[key], old_inputs.get(key), old_outputs.get(key))
        elif olds and key not in old_inputs:
            if key in old_outputs:
                found[key] = old_outputs[key]
        else:
            found[key] = UNKNOWN
    if isinstance(found.get("location"), str) and found["location"] != UNKNOWN:
        found["location"] = normal_location(found["location"])
    return found


def _previewed(type_: PropertyType, new: Any, old_input: Any, old_output: Any) -> Any:
    """Return an input's previewed output. Properties that Azure adds are unknown, unless the input is unchanged."""
    if old_output is not None and new == old_input:
        return old_output
    if type_.kind == "array" and type_.item is not None and isinstance(new, list):
        item = type_.item
        return [_previewed(item, value, _item(old_input, i), _item(old_output, i)) for i, value in enumerate(new)]
    if type_.kind != "object" or not isinstance(new, dict):
        return UNKNOWN if type_.kind == "map" and isinstance(new, list) else new
    before = old_output if isinstance(old_output, dict) else {}
    old_inputs = old_input if isinstance(old_input, dict) else {}
    found = dict(new)
    for key, property_ in type_.properties.items():
        if key in new:
            found[key] = _previewed(property_.type, new[key], old_inputs.get(key), before.get(key))
        elif not (old_output is not None and key not in old_inputs):
            found[key] = UNKNOWN
        elif key in before:
            found[key] = before[key]
    return found


def _item(values: Any, index: int) -> Any:
    return values[index] if isinstance(values, list) and index < len(values) else None


def import_inputs(type_: AzureType, schema: ResourceSchema, id_: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that would create the resource, from its id and properties, without Azure's defaults."""
    found: dict[str, Any] = dict(ids.parse(schema.path, id_) or {})
    plain = {key: value for key, value in properties.items() if key not in found and key not in {"name", "type", "id"}}
    found |= _as_inputs(schema, plain)
    for path, value in type_.defaults.items():
        _drop_default(found, parse(path), value, schema.inputs)
    if schema.api_version:
        found["azureApiVersion"] = schema.api_version
    return found


def _drop_default(values: dict[str, Any], steps: PropertyPath, default: Any, known: Mapping[str, Property]) -> None:
    """Remove a value equal to Azure's default, and its object if then empty. Required properties stay."""
    for where, value in list(find(values, steps)):
        if value != default or _required(known, steps):
            continue
        holder = get(values, where[:-1])
        del holder[where[-1]]
        if not holder and len(steps) > 1 and "*" not in steps and not _required(known, steps[:-1]):
            get(values, where[:-2]).pop(where[-2], None)


def _required(known: Mapping[str, Property], steps: PropertyPath) -> bool:
    """Return True if the property at a declared path is required."""
    found = Property(PropertyType("any"))
    for step in steps:
        if step == "*":
            found, known = Property(found.type.item or PropertyType("any")), {}
        else:
            found = known.get(str(step), Property(PropertyType("any")))
        known = found.type.properties
    return found.required


def _as_inputs(schema: ResourceSchema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert outputs to inputs. A few types (a vault's key) take `properties` and return its members instead."""
    found = _select(schema.inputs, values)
    whole = schema.inputs.get("properties")
    if whole is not None and whole.type.kind == "object" and "properties" not in schema.outputs:
        found["properties"] = _select(whole.type.properties, values)
    return found


def _select(properties: Mapping[str, Property], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the schema names, at any depth: converts outputs to inputs, or the reverse."""
    return {key: _convert(properties[key].type, value) for key, value in values.items() if key in properties}


def _convert(type_: PropertyType, value: Any) -> Any:
    if type_.kind == "object" and isinstance(value, dict):
        return _select(type_.properties, value)
    if type_.kind == "array" and isinstance(value, dict):
        return list(value)  # a set of ids: a list in inputs, a map in outputs
    if type_.item is not None and isinstance(value, list):
        return [_convert(type_.item, item) for item in value]
    return value


def refresh_inputs(
    schema: ResourceSchema, inputs: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the inputs with the changes between two reads. Inputs of unchanged outputs stay as written."""
    old, new = _as_inputs(schema, before), _as_inputs(schema, now)
    parameters = frozenset(schema.parameters)
    return _apply_changes(
        dict(inputs),
        {key: value for key, value in old.items() if key not in parameters},
        {key: value for key, value in new.items() if key not in parameters},
    )


def _apply_changes(inputs: dict[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    for key in {*old, *new}:
        if old.get(key) == new.get(key):
            continue
        if key not in new:
            inputs.pop(key, None)
        elif isinstance(inputs.get(key), dict) and isinstance(old.get(key), dict) and isinstance(new[key], dict):
            inputs[key] = _apply_changes(dict(inputs[key]), old[key], new[key])
        else:
            inputs[key] = new[key]
    return inputs


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value
