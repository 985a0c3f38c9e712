"""What Azure answers: a resource's properties after a create or update, in a preview, and as inputs on an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_azure import ids
from local_azure.declare import AzureType
from local_azure.schema import Property, PropertyType, ResourceSchema, arm_type_of
from local_azure.validation import normal_location
from local_azure.wire import UNKNOWN, Path, Pattern, at, fill, merge, pattern

# Constant for one type, so that they are known before the first create.
_KNOWN = frozenset({"name", "type", "azureApiVersion"})


def with_defaults(type_: AzureType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with Azure's defaults where the request left them out."""
    filled: dict[str, Any] = _copied(inputs)
    for path, value in type_.defaults.items():
        fill(filled, pattern(path), _copied(value))
    return filled


def answer(
    type_: AzureType,
    schema: ResourceSchema,
    id_: str,
    new: Mapping[str, Any],
    *,
    computed: Mapping[str, Any],
    old: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The properties that Azure gives back. What it once made up stays for the resource's life."""
    made: dict[str, Any] = {}
    for path, value in computed.items():
        if value is None:
            continue
        made = merge(made, {path: value}) if "." not in path else _placed(made, path, value)
    kept = {key: value for key, value in (old or {}).items() if key in schema.output_only}
    found = merge(merge(kept, {**new, **_facts(schema, id_)}), made)
    if isinstance(found.get("location"), str):
        found["location"] = normal_location(found["location"])
    # Inputs that Azure never gives back, such as a vault's createMode, are none of its outputs.
    shown = _projected(schema.outputs, {key: value for key, value in found.items() if value is not None})
    return without(shown, type_.write_only)


def _placed(made: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    place: dict[str, Any] = {}
    fill(place, pattern(path), value)
    return merge(made, place)


def _facts(schema: ResourceSchema, id_: str) -> dict[str, Any]:
    # A record set's type is a parameter of its path.
    type_ = arm_type_of(id_) if "{" in schema.arm_type else schema.arm_type
    facts = {"name": ids.name(id_), "type": type_, "azureApiVersion": schema.api_version}
    state = schema.outputs.get("provisioningState")
    if state is not None and "provisioningState" not in schema.inputs:
        facts["provisioningState"] = "Succeeded"
    return {key: value for key, value in facts.items() if key in schema.outputs and value}


def without(values: Mapping[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """The values less those that the declared paths name."""
    if not paths:
        return dict(values)
    found: dict[str, Any] = _copied(values)
    for path in paths:
        steps = pattern(path)
        for holder, _ in list(at(found, steps[:-1])):
            inner = _reach(found, holder)
            if isinstance(inner, dict):
                inner.pop(steps[-1], None)
    return found


def _reach(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def secret_paths(
    type_: AzureType, properties: Mapping[str, Any], given: frozenset[Path] = frozenset()
) -> frozenset[Path]:
    """The output paths that are secret: what the type declares, and what was given as a secret."""
    declared = {path for text in type_.secret_outputs for path, _ in at(properties, pattern(text))}
    return frozenset(declared | {path for path in given if _holds(properties, path)})


def _holds(value: Any, path: Path) -> bool:
    try:
        _reach(value, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def preview(
    schema: ResourceSchema,
    id_: str | None,
    inputs: Mapping[str, Any],
    olds: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The outputs as far as they are known before the step; on an update, what nothing asks to change stays.

    `olds` are the old inputs and the old outputs.
    """
    old_inputs, old_outputs = olds or ({}, {})
    known = {"azureApiVersion": schema.api_version} | ({} if "{" in schema.arm_type else {"type": schema.arm_type})
    facts = _facts(schema, id_) if id_ else known
    found: dict[str, Any] = {}
    for key, property_ in schema.outputs.items():
        if key in _KNOWN and facts.get(key):
            found[key] = facts[key]
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
    """A given value, with what Azure will add inside it unknown, or as it was where the same was asked before."""
    if old_output is not None and new == old_input:
        return old_output
    if type_.kind == "array" and type_.item is not None and isinstance(new, list):
        item = type_.item
        return [_previewed(item, value, _item(old_input, i), _item(old_output, i)) for i, value in enumerate(new)]
    if type_.kind != "object" or not isinstance(new, dict):
        return UNKNOWN if type_.kind == "map" and isinstance(new, list) else new
    before = old_output if isinstance(old_output, dict) else {}
    asked = old_input if isinstance(old_input, dict) else {}
    found = dict(new)
    for key, property_ in type_.properties.items():
        if key in new:
            found[key] = _previewed(property_.type, new[key], asked.get(key), before.get(key))
        elif not (old_output is not None and key not in asked):
            found[key] = UNKNOWN
        elif key in before:
            found[key] = before[key]
    return found


def _item(values: Any, index: int) -> Any:
    return values[index] if isinstance(values, list) and index < len(values) else None


def imported(type_: AzureType, schema: ResourceSchema, id_: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that would make the resource as it is: from its id and properties, Azure's defaults left out."""
    found: dict[str, Any] = dict(ids.parse(schema.path, id_) or {})
    plain = {key: value for key, value in properties.items() if key not in found and key not in {"name", "type", "id"}}
    found |= _as_inputs(schema, plain)
    for path, value in type_.defaults.items():
        _drop_default(found, pattern(path), value, schema.inputs)
    if schema.api_version:
        found["azureApiVersion"] = schema.api_version
    return found


def _drop_default(values: dict[str, Any], steps: Pattern, default: Any, known: Mapping[str, Property]) -> None:
    """Take out a value that is Azure's default, and its holder if that leaves nothing; what must be given stays."""
    for where, value in list(at(values, steps)):
        if value != default or _required(known, steps):
            continue
        holder = _reach(values, where[:-1])
        del holder[where[-1]]
        if not holder and len(steps) > 1 and "*" not in steps and not _required(known, steps[:-1]):
            _reach(values, where[:-2]).pop(where[-2], None)


def _required(known: Mapping[str, Property], steps: Pattern) -> bool:
    """Whether the property at the end of a declared path must be given."""
    found = Property(PropertyType("any"))
    for step in steps:
        if step == "*":
            found, known = Property(found.type.item or PropertyType("any")), {}
        else:
            found = known.get(step, Property(PropertyType("any")))
        known = found.type.properties
    return found.required


def _as_inputs(schema: ResourceSchema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs in the shape of inputs. A few types (a vault's key) take `properties` whole and give its parts back."""
    found = _projected(schema.inputs, values)
    whole = schema.inputs.get("properties")
    if whole is not None and whole.type.kind == "object" and "properties" not in schema.outputs:
        found["properties"] = _projected(whole.type.properties, values)
    return found


def _projected(properties: Mapping[str, Property], values: Mapping[str, Any]) -> dict[str, Any]:
    """What of the values these properties name, at any depth: outputs in the shape of inputs, or the reverse."""
    return {key: _shaped(properties[key].type, value) for key, value in values.items() if key in properties}


def _shaped(type_: PropertyType, value: Any) -> Any:
    if type_.kind == "object" and isinstance(value, dict):
        return _projected(type_.properties, value)
    if type_.kind == "array" and isinstance(value, dict):
        return list(value)  # a set of ids: a list in inputs, a map in outputs
    if type_.item is not None and isinstance(value, list):
        return [_shaped(type_.item, item) for item in value]
    return value


def refreshed(
    schema: ResourceSchema, inputs: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """The inputs with what changed in Azure since: what is still as Azure answered then is left as it was asked."""
    old, new = _as_inputs(schema, before), _as_inputs(schema, now)
    parameters = frozenset(schema.parameters)
    return _applied(
        dict(inputs),
        {key: value for key, value in old.items() if key not in parameters},
        {key: value for key, value in new.items() if key not in parameters},
    )


def _applied(inputs: dict[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    for key in {*old, *new}:
        if old.get(key) == new.get(key):
            continue
        if key not in new:
            inputs.pop(key, None)
        elif isinstance(inputs.get(key), dict) and isinstance(old.get(key), dict) and isinstance(new[key], dict):
            inputs[key] = _applied(dict(inputs[key]), old[key], new[key])
        else:
            inputs[key] = new[key]
    return inputs


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(item) for item in value]
    return value
