"""Property values as the provider works on them: without marks and nulls, the paths of secrets kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from formats import property_values
from formats.property_paths import ANY, PropertyPath
from formats.property_values import RESOURCE_SIGNATURE, SIGNATURE, UNKNOWN, is_secret, secret


@dataclass(frozen=True)
class Unwrapped:
    """Properties without signatures. `secrets` are the paths of the secret values."""

    values: dict[str, Any]
    secrets: frozenset[PropertyPath]


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Convert a Struct to a dict, without the nulls of objects, as the real provider does."""
    found: dict[str, Any] = _without_nulls(property_values.from_struct(struct))
    return found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def unwrap(values: Mapping[str, Any]) -> Unwrapped:
    """Remove the signatures: collect the paths of secrets, replace resource references by ids."""
    secrets: set[PropertyPath] = set()
    plain = {key: _unwrap(value, (key,), secrets) for key, value in values.items()}
    return Unwrapped({key: value for key, value in plain.items() if value is not None}, frozenset(secrets))


def _unwrap(value: Any, path: PropertyPath, secrets: set[PropertyPath]) -> Any:
    if isinstance(value, dict):
        if is_secret(value):
            secrets.add(path)
            return _unwrap(value.get("value"), path, secrets)
        if value.get(SIGNATURE) == RESOURCE_SIGNATURE:
            return value.get("id") or UNKNOWN
        return {key: _unwrap(item, (*path, key), secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrap(item, (*path, index), secrets) for index, item in enumerate(value)]
    return value


def wrap(values: Mapping[str, Any], secrets: frozenset[PropertyPath] | set[PropertyPath]) -> dict[str, Any]:
    """Mark the values at the paths of `secrets` as secret again."""
    if not secrets:
        return dict(values)
    return {key: _wrap(value, (key,), secrets) for key, value in values.items()}


def _wrap(value: Any, path: PropertyPath, secrets: frozenset[PropertyPath] | set[PropertyPath]) -> Any:
    if isinstance(value, dict):
        value = {key: _wrap(item, (*path, key), secrets) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_wrap(item, (*path, index), secrets) for index, item in enumerate(value)]
    return secret(value) if path in secrets else value


def set_default(target: dict[str, Any], steps: PropertyPath, value: Any) -> None:
    """Set an absent value at a pattern. Creates missing objects, but no list items."""
    step, rest = str(steps[0]), steps[1:]
    if not rest:
        target.setdefault(step, value)
        return
    if rest[0] == ANY:
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
