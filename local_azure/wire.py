"""Pulumi's wire values as plain Python: secrets unwrapped and remembered by path, unknowns kept as one sentinel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, not a secret
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that is not known before the deployment."""

Path = tuple[str | int, ...]
"""Keys and indexes from the top to a value."""


@dataclass(frozen=True)
class Unwrapped:
    """Properties without their marks. `secrets` are the paths whose whole value is secret."""

    values: dict[str, Any]
    secrets: frozenset[Path]


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A Struct as a dict; whole numbers as int, nulls left out as the real provider leaves them out."""
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
    """A dict of JSON values as a Struct."""
    struct = struct_pb2.Struct()
    struct.update(dict(values))
    return struct


def unwrap(values: Mapping[str, Any]) -> Unwrapped:
    """Take the marks off: secrets are remembered by path, resource references become ids."""
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
    """Put the marks back on every path of `secrets` that is still there."""
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
    """Whether anything in a value is not known yet."""
    if isinstance(value, str):
        return value == UNKNOWN
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return isinstance(value, list) and any(has_unknown(item) for item in value)


def shown(path: Sequence[str | int]) -> str:
    """A path as Pulumi writes it: `a.b[0]["key.with.dots"]`."""
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
"""A declared path, its steps apart: `*` stands for every item of a list or map."""


def pattern(path: str) -> Pattern:
    """`securityRules[*].priority` as its steps."""
    return tuple(part for part in path.replace("[*]", ".*").split(".") if part)


def at(value: Any, steps: Pattern, here: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that a pattern reaches, with its path."""
    if not steps:
        yield here, value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        keys = list(value) if step == "*" else [step] if step in value else []
        for key in keys:
            yield from at(value[key], rest, (*here, key))
    elif isinstance(value, list) and step == "*":
        for index, item in enumerate(value):
            yield from at(item, rest, (*here, index))


def matches(steps: Pattern, path: Path) -> bool:
    """Whether a path is what a pattern names, or lies inside it."""
    if len(path) < len(steps):
        return False
    return all(step in ("*", part) for step, part in zip(steps, path, strict=False))


def fill(target: dict[str, Any], steps: Pattern, value: Any) -> None:
    """Set a value where a pattern points and nothing is there yet; objects on the way are made, list items are not."""
    step, rest = steps[0], steps[1:]
    if not rest:
        target.setdefault(step, value)
        return
    if rest[0] == "*":
        items = target.get(step)
        found = list(items.values()) if isinstance(items, dict) else items if isinstance(items, list) else []
        for item in found:
            if isinstance(item, dict) and len(rest) > 1:
                fill(item, rest[1:], value)
        return
    inner = target.setdefault(step, {})
    if isinstance(inner, dict):
        fill(inner, rest, value)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, objects merged at any depth; where they meet, `over` holds."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged
