"""Whether an ARM resource is as a check asks. Needs Python alone: Checkov runs it in an environment of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

EMPTY: tuple[Any, ...] = (None, "", [], {})


def holds(conditions: list[dict[str, Any]], resource: dict[str, Any]) -> bool:
    """Whether every condition on a resource holds. An expression is no value: what it gives is not known."""
    return all(_excused(one, resource) or _holds(one, list(_at(resource, one["path"]))) for one in conditions)


def _excused(condition: dict[str, Any], resource: dict[str, Any]) -> bool:
    path, values = condition.get("unless") or ([], [])
    if path == ["name"]:
        return str(resource.get("name", "")).rsplit("/", 1)[-1] in values
    return any(_same(found, value) for found in _at(resource, path) for value in values) if path else False


def _holds(condition: dict[str, Any], found: list[Any]) -> bool:
    asks, wanted = condition["asks"], condition["values"]
    if any(_is_expression(value) for value in found):
        return False
    if asks == "none":
        return all(value in EMPTY for value in found)
    if asks == "filled":
        return bool(found) and all(value not in EMPTY for value in found)
    if asks == "least":
        return bool(found) and all(_number(value) and value >= wanted[0] for value in found)
    fits = all(any(_same(value, one) for one in wanted) for value in found)
    return fits and (bool(found) or asks == "may")


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """The values at a path; keys compare without regard to case, as ARM's do. None is no value."""
    if not path:
        if value is not None:
            yield value
    elif path[0] == "[*]":
        if _is_expression(value):
            yield value
        items = value if isinstance(value, list) else []
        for item in items:
            yield from _at(item, path[1:])
    elif isinstance(value, dict):
        for key in value:
            if str(key).lower() == path[0].lower():
                yield from _at(value[key], path[1:])
    elif _is_expression(value):
        yield value


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("[") and not value.startswith("[[") and value.endswith("]")
