"""The paths of values in a resource's inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formats.property_paths import ANY, PropertyPath, get, parse

Value = Any


def places(inputs: Mapping[str, Value], path: str) -> Iterator[PropertyPath]:
    """Yield every path that a pattern matches, with `[*]` for each entry. The last keys may be missing."""
    yield from _places(inputs, parse(path), ())


def _places(value: Value, steps: PropertyPath, so_far: PropertyPath) -> Iterator[PropertyPath]:
    if not steps:
        yield so_far
        return
    step, rest = steps[0], steps[1:]
    if step == ANY:
        for index, inner in enumerate(value if isinstance(value, list | tuple) else ()):
            yield from _places(inner, rest, (*so_far, index))
        return
    if isinstance(step, int):
        elements = value if isinstance(value, list | tuple) else ()
        if step < len(elements):
            yield from _places(elements[step], rest, (*so_far, step))
        return
    inner = value.get(step) if isinstance(value, Mapping) else None
    yield from _places(inner, rest, (*so_far, step))


def has_value(inputs: Value, steps: PropertyPath) -> bool:
    """True if the inputs have a value at a path."""
    return get(inputs, steps) is not None


def entries(value: Value) -> list[Mapping[str, Value]]:
    """Return the objects in a list; none for another or unknown value."""
    return [inner for inner in value if isinstance(inner, Mapping)] if isinstance(value, list | tuple) else []


def leaves(value: Value, path: str = "") -> Iterator[str]:
    """Yield the path of every value that contains no other, with `[*]` for each entry."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and value:
        for inner in value:
            yield from leaves(inner, f"{path}[*]")
    else:
        yield path
