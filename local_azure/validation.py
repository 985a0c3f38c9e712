"""Validate a resource's inputs as ARM and azure-native do: properties, types, enums, names and locations."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.property_paths import PropertyPath, join, matches, parse
from formats.property_values import SIGNATURE, UNKNOWN
from local_azure.locations import REGIONS, normal_location
from local_azure.model import AzureType
from local_azure.schema import Property, PropertyType, ResourceSchema

MAX_LISTED, MAX_SUGGESTED = 30, 5
"""Longest list of allowed values in an error, and the number of suggestions instead of a longer one."""
PROVIDER_KEYS = frozenset({"azureApiVersion", "__createBeforeDelete"})
"""Inputs that azure-native adds in Check."""


@dataclass(frozen=True)
class Failure:
    """One invalid input. The reason never contains a secret value."""

    path: PropertyPath
    reason: str

    @property
    def property(self) -> str:
        return join(self.path)


@dataclass(frozen=True)
class Inputs:
    """A resource's inputs with their type and schema."""

    type: AzureType
    schema: ResourceSchema
    values: Mapping[str, Any]
    secrets: frozenset[PropertyPath] = frozenset()

    def is_secret(self, path: PropertyPath) -> bool:
        return any(path[: len(secret)] == secret for secret in self.secrets)


def validate(inputs: Inputs) -> list[Failure]:
    """Return all invalid inputs. Unknown values are not checked."""
    return [*_validate_properties(inputs), *_validate_name(inputs), *_validate_location(inputs)]


def _validate_properties(inputs: Inputs) -> Iterator[Failure]:
    values = {key: value for key, value in inputs.values.items() if key not in PROVIDER_KEYS}
    yield from _validate_object(inputs, inputs.schema.inputs, values, ())


def _failure(inputs: Inputs, path: PropertyPath, code: str, problem: str) -> Failure:
    return Failure(path, f"Code={code} Message={inputs.type.token}: {problem}")


def _validate_object(
    inputs: Inputs, properties: Mapping[str, Property], values: Mapping[str, Any], path: PropertyPath
) -> Iterator[Failure]:
    for key in values:
        if key not in properties:
            suggestion = _suggestion(key, properties)
            problem = f"the property '{join((*path, key))}' is not a property of this type{suggestion}"
            yield _failure(inputs, (*path, key), "InvalidRequestContent", problem)
    for key, known in properties.items():
        here = (*path, key)
        if key in values:
            yield from _validate_value(inputs, known.type, values[key], here)
        elif known.required:
            hint = " (set it, or set azure-native:location)" if key == "location" else ""
            problem = f"missing required property '{join(here)}'{hint}"
            yield _failure(inputs, here, "InvalidRequestContent", problem)


def _suggestion(key: str, properties: Mapping[str, Property]) -> str:
    close = next((name for name in properties if name.lower() == key.lower()), None)
    return f"; did you mean '{close}'?" if close else ""


_PYTHON = {"string": str, "boolean": bool, "array": list, "map": dict, "object": dict, "asset": dict}


def _validate_value(inputs: Inputs, type_: PropertyType, value: Any, path: PropertyPath) -> Iterator[Failure]:
    if value == UNKNOWN or type_.kind == "any":
        return
    if type_.kind == "enum":
        yield from _validate_enum(inputs, type_, value, path)
    elif type_.kind == "union":
        yield from _validate_union(inputs, type_, value, path)
    elif not _fits(type_, value):
        yield _wrong_type(inputs, type_.kind, value, path)
    elif type_.kind == "object":
        yield from _validate_object(inputs, type_.properties, value, path)
    elif type_.item is not None:
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _validate_value(inputs, type_.item, item, (*path, step))


def _fits(type_: PropertyType, value: Any) -> bool:
    if type_.kind in {"integer", "number"}:
        kinds = (int,) if type_.kind == "integer" else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    if type_.kind == "asset":
        return isinstance(value, dict) and SIGNATURE in value
    return isinstance(value, _PYTHON[type_.kind])


def _wrong_type(inputs: Inputs, wanted: str, value: Any, path: PropertyPath) -> Failure:
    found = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "an array"}.get(
        type(value), "an object"
    )
    problem = f"'{join(path)}' should be of type '{wanted}' but is {found}"
    return _failure(inputs, path, "InvalidRequestContent", problem)


def _validate_enum(inputs: Inputs, type_: PropertyType, value: Any, path: PropertyPath) -> Iterator[Failure]:
    patterns = [
        text
        for declared, texts in inputs.type.additional_values.items()
        if _is_at(parse(declared), path)
        for text in texts
    ]
    if value in type_.values or any(re.fullmatch(text, str(value)) for text in patterns):
        return
    if isinstance(value, (dict, list)):
        yield _wrong_type(inputs, "string", value, path)
        return
    found = "a secret value" if inputs.is_secret(path) else repr(value)[:80]
    problem = f"'{join(path)}' is {found}, which is not one of: {_list_allowed(str(value), type_.values)}"
    yield _failure(inputs, path, "InvalidRequestContent", problem)


def _list_allowed(value: str, allowed: Sequence[Any]) -> str:
    """Return the allowed values, or the closest ones of a long list."""
    names = [str(name) for name in allowed]
    if len(names) <= MAX_LISTED:
        return ", ".join(names)
    near = difflib.get_close_matches(value, names, MAX_SUGGESTED, cutoff=0)
    return f"{', '.join(near)}, and {len(names) - len(near)} more"


def _is_at(steps: PropertyPath, path: PropertyPath) -> bool:
    return len(steps) == len(path) and matches(steps, path)


def _validate_union(inputs: Inputs, type_: PropertyType, value: Any, path: PropertyPath) -> Iterator[Failure]:
    tried = [list(_validate_value(inputs, option, value, path)) for option in type_.options]
    if all(tried):
        # The failures of the closest option are the most useful.
        yield from min(tried, key=len)


def _validate_name(inputs: Inputs) -> Iterator[Failure]:
    parameter = inputs.schema.name_parameter
    name = inputs.values.get(parameter or "")
    if parameter is None or not isinstance(name, str) or name == UNKNOWN:
        return
    rule = inputs.type.name
    if not re.fullmatch(rule.pattern, name):
        problem = f"the name {name[:130]!r} is not valid: {rule.description}"
        yield _failure(inputs, (parameter,), rule.code, problem)


def _validate_location(inputs: Inputs) -> Iterator[Failure]:
    if "location" not in inputs.schema.inputs or inputs.type.location in {"none", "inherited"}:
        return
    location = inputs.values.get("location")
    if location is None:
        if inputs.type.location == "required" and not inputs.schema.inputs["location"].required:
            problem = "missing required property 'location' (set it, or set azure-native:location)"
            yield _failure(inputs, ("location",), "LocationRequired", problem)
        return
    if not isinstance(location, str) or location == UNKNOWN:
        return
    allowed = frozenset({"global"}) if inputs.type.location == "global" else REGIONS
    if normal_location(location) not in allowed:
        where = "only 'global'" if inputs.type.location == "global" else "a region of Azure's public cloud"
        problem = f"the location {location[:60]!r} is not available for this type: it must be {where}"
        yield _failure(inputs, ("location",), "LocationNotAvailableForResourceType", problem)
