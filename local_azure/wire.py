"""Pulumi's property values as plain Python: secrets as a set of paths, unknown values as one sentinel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the signature of a secret value
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The sentinel of a value that is unknown before the deployment."""

Path = tuple[str | int, ...]
"""Keys and indexes from the root to a value."""


@dataclass(frozen=True)
class Unwrapped:
    """Properties without signatures. `secrets` are the paths of the secret values."""

    values: dict[str, Any]
    secrets: frozenset[Path]


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Convert a Struct to a dict: whole numbers to int, nulls omitted as the real provider does."""
    fields = {key: _from_value(value) for key, value in struct.fields.items()}
    return {key: value for key, value in fields.items() if value is not None}


def _from_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    return None


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Convert a dict of JSON values to a Struct."""
    struct = struct_pb2.Struct()
    struct.update(dict(values))
    return struct


def unwrap(values: Mapping[str, Any]) -> Unwrapped:
    """Remove the signatures: collect the paths of secrets, replace resource references by ids."""
    secrets: set[Path] = set()
    plain = {key: _unwrap(value, (key,), secrets) for key, value in values.items()}
    return Unwrapped({key: value for key, value in plain.items() if value is not None}, frozenset(secrets))


def _unwrap(value: Any, path: Path, secrets: set[Path]) -> Any:
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == SECRET:
            secrets.add(path)
            return _unwrap(value.get("value"), path, secrets)
        if signature == OUTPUT:
            if value.get("secret"):
                secrets.add(path)
            return _unwrap(value["value"], path, secrets) if "value" in value else UNKNOWN
        if signature == RESOURCE:
            return value.get("id") or UNKNOWN
        return {key: _unwrap(item, (*path, key), secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrap(item, (*path, index), secrets) for index, item in enumerate(value)]
    return value


def wrap(values: Mapping[str, Any], secrets: frozenset[Path] | set[Path]) -> dict[str, Any]:
    """Mark the values at the paths of `secrets` as secret again."""
    if not secrets:
        return dict(values)
    return {key: _wrap(value, (key,), secrets) for key, value in values.items()}


def _wrap(value: Any, path: Path, secrets: frozenset[Path] | set[Path]) -> Any:
    if isinstance(value, dict):
        value = {key: _wrap(item, (*path, key), secrets) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_wrap(item, (*path, index), secrets) for index, item in enumerate(value)]
    return {SIGNATURE: SECRET, "value": value} if path in secrets else value


def has_unknown(value: Any) -> bool:
    """Return True if a value is unknown or contains an unknown value."""
    if isinstance(value, str):
        return value == UNKNOWN
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return isinstance(value, list) and any(has_unknown(item) for item in value)


def format_path(path: Sequence[str | int]) -> str:
    """Return a path in Pulumi's notation: `a.b[0]["key.with.dots"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and all(c.isalnum() or c in "_-$" for c in part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


Pattern = tuple[str, ...]
"""A declared path as steps. `*` stands for every item of a list or map."""


def parse_pattern(path: str) -> Pattern:
    """Return the steps of a declared path such as `securityRules[*].priority`."""
    return tuple(part for part in path.replace("[*]", ".*").split(".") if part)


def find_values(value: Any, steps: Pattern, here: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value that a pattern matches, with its path."""
    if not steps:
        yield here, value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        named = [step] if step in value else []
        for key in list(value) if step == "*" else named:
            yield from find_values(value[key], rest, (*here, key))
    elif isinstance(value, list) and step == "*":
        for index, item in enumerate(value):
            yield from find_values(item, rest, (*here, index))


def matches(steps: Pattern, path: Path) -> bool:
    """Return True if a pattern matches a path or an ancestor of it."""
    if len(path) < len(steps):
        return False
    return all(step in ("*", part) for step, part in zip(steps, path, strict=False))


def get_path(value: Any, path: Path) -> Any:
    """Return the value at a path. Raises if it is absent."""
    for step in path:
        value = value[step]
    return value


def set_default(target: dict[str, Any], steps: Pattern, value: Any) -> None:
    """Set an absent value at a pattern. Creates missing objects, but no list items."""
    step, rest = steps[0], steps[1:]
    if not rest:
        target.setdefault(step, value)
        return
    if rest[0] == "*":
        items = target.get(step)
        if isinstance(items, dict):
            items = list(items.values())
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and len(rest) > 1:
                set_default(item, rest[1:], value)
        return
    inner = target.setdefault(step, {})
    if isinstance(inner, dict):
        set_default(inner, rest, value)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two objects at any depth. Values of `over` win."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged
