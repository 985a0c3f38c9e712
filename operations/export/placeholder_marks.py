"""Restore unknown and secret values where an exported template lists placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Value


def marked(body: Mapping[str, Value], notes: Mapping[str, str], where: str) -> dict[str, Value]:
    """Return a body whose value at each path is unknown, or secret if the note says so.

    A path is written by `nesting.dotted`, such as `properties.rules[2].id`, without quotes around keys. Its value may
    be absent. Raises `InputError` for a path that does not fit the body.
    """
    found: Any = dict(body)
    for path, why in notes.items():
        found = _put(found, path, SECRET if why.startswith("secret") else UNKNOWN, f"{where}.{path}")
    result: dict[str, Value] = found
    return result


def _put(value: Value, path: str, mark: str, where: str) -> Value:
    if not path:
        return mark
    if isinstance(value, Mapping):
        key = _key(value, path)
        return {**value, key: _put(value.get(key, {}), path[len(key) :].removeprefix("."), mark, where)}
    number, is_enum, rest = path.removeprefix("[").partition("]")
    if isinstance(value, list) and path.startswith("[") and is_enum and number.isdigit() and int(number) < len(value):
        at = int(number)
        return [*value[:at], _put(value[at], rest.removeprefix("."), mark, where), *value[at + 1 :]]
    raise InputError("The list of placeholders has a path that does not exist.", key="metadata.placeholders",
                     found=where)  # fmt: skip


def _key(value: Mapping[str, Value], path: str) -> str:
    """Return the longest key that a path begins with, because keys may have dots; else the path's first step."""
    begun = [k for k in value if k and path.startswith(k) and path[len(k) :][:1] in ("", ".", "[")]
    return max(begun, key=len, default=path.partition(".")[0].partition("[")[0])
