"""Property checks: read properties, compare them with the allowed values, and word the problems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policies.model import MISSING, Resource, Violation

KEPT = "what Azure had it at before, or takes by itself"
"""The default of a property that Azure leaves unchanged on an existing resource."""
LONGEST = 80


def entries(resource: Resource, path: str) -> list[str]:
    """Return the path of each entry of a list; none where it is missing. `TypeError` for another value."""
    value = resource.at(path)
    if value is MISSING:
        return []
    if not isinstance(value, list | tuple):
        raise TypeError(f"{path} is no list")
    return [f"{path}[{index}]" for index in range(len(value))]


def texts(resource: Resource, path: str) -> list[str]:
    """Return the texts of a list; none where it is missing. `Unknown` where one of them is unknown."""
    return [str(resource.at(entry)) for entry in entries(resource, path)]


def word(resource: Resource, path: str) -> str:
    """Return a text in lower case, as ARM compares it; empty where it is missing."""
    value = resource.at(path)
    return "" if value is MISSING else str(value).lower()


def must(resource: Resource, path: str, *allowed: object, default: object = MISSING) -> Iterator[Violation]:
    """Yield a problem unless the property is set to one of these values. `default`: Azure's value for a missing
    property."""
    found = resource.at(path)
    if not any(same(found, one) for one in allowed):
        yield Violation(path, f"is {shown(found)}{_left(found, default)}; it must be {listed(allowed)}")


def must_if_set(resource: Resource, path: str, *allowed: object) -> Iterator[Violation]:
    """Yield a problem if the property is set to another value than these; Azure's default is one of them."""
    if resource.at(path) is not MISSING:
        yield from must(resource, path, *allowed)


def at_least(resource: Resource, path: str, least: int, unit: str, *, default: object) -> Iterator[Violation]:
    """Yield a problem unless the property is a number that is at least this."""
    found = resource.at(path)
    if not isinstance(found, int | float) or isinstance(found, bool) or not found >= least:
        yield Violation(path, f"is {shown(found)}{_left(found, default)}; it must be at least {least} {unit}")


def filled(resource: Resource, path: str, *, default: object) -> Iterator[Violation]:
    """Yield a problem unless the property is a text that is not empty."""
    found = resource.at(path)
    if not isinstance(found, str) or not found.strip():
        yield Violation(path, f"is {shown(found)}, which leaves {shown(default)}; it must be named")


def must_not_be_set(resource: Resource, path: str, why: str) -> Iterator[Violation]:
    """Yield a problem if the property is set to anything but an empty value or `false`."""
    found = resource.at(path)
    if found is not MISSING and found not in (False, "", [], {}):
        yield Violation(path, f"is set; {why}")


def same(found: object, wanted: object) -> bool:
    """True if two values are equal to Azure: its words in any case; a text is no boolean, and a boolean no number."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return type(found) is type(wanted) and found == wanted


def shown(value: Any) -> str:
    """Return a value for a message: as a template has it, cut to a readable length."""
    if value is MISSING:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def listed(values: tuple[object, ...]) -> str:
    """Return the allowed values for a message."""
    return " or ".join(shown(value) for value in values)


def _left(found: object, default: object) -> str:
    """Return a suffix that names Azure's default for a missing property."""
    return f", which leaves {shown(default)}" if found is MISSING and default is not MISSING else ""
