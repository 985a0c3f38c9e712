"""Check an ARM resource against the conditions of a check. It needs only Python: Checkov runs it by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

EMPTY: tuple[Any, ...] = (None, False, "", [], {})


def holds(conditions: list[dict[str, Any]], resource: dict[str, Any]) -> bool:
    """Return True if every condition holds. The value of an ARM expression is not known, so its condition fails."""
    return all(_is_excused(one, resource) or _holds(one, resource) for one in conditions)


def _is_excused(condition: dict[str, Any], resource: dict[str, Any]) -> bool:
    path, values = condition.get("unless") or ([], [])
    if path == ["name"]:
        return str(resource.get("name", "")).rsplit("/", 1)[-1] in values
    return any(_same(found, value) for found in _at(resource, path) for value in values) if path else False


def _holds(condition: dict[str, Any], resource: dict[str, Any]) -> bool:
    """Check the values at the path; where it goes through a list, those of each entry."""
    path = condition["path"]
    if "[*]" not in path:
        return _all_hold(condition, list(_at(resource, path)))
    list_ = path.index("[*]")
    entries = list(_at(resource, path[: list_ + 1]))
    return all(_all_hold(condition, list(_at(entry, path[list_ + 1 :]))) for entry in entries)


def _all_hold(condition: dict[str, Any], found: list[Any]) -> bool:
    operator, wanted = condition["operator"], condition["values"]
    if any(_is_expression(value) for value in found):
        return False
    if operator == "empty":
        return all(value in EMPTY for value in found)
    if operator == "not-empty":
        return bool(found) and all(value not in EMPTY for value in found)
    if operator == "at-least":
        return bool(found) and all(_is_number(value) and value >= wanted[0] for value in found)
    fits = all(any(_same(value, one) for one in wanted) for value in found)
    return fits and (bool(found) or operator == "equals-if-set")


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """Yield the values at a path. Keys compare without regard to case, like ARM's. None is no value."""
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("[") and not value.startswith("[[") and value.endswith("]")
