"""Checks of single properties: compare a value with the allowed ones, and describe the violation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from formats.plan import SECRET
from policies.model import MISSING, Resource, Violation

PREVIOUS_OR_DEFAULT = "its previous value or Azure's default"
"""The default of a property that Azure leaves unchanged on an existing resource."""
MAX_LENGTH = 80


def entries(resource: Resource, path: str) -> list[str]:
    """Return the path of each entry of a list; none if it is missing. Raises `TypeError` for another value."""
    value = resource.at(path)
    if value is MISSING:
        return []
    if not isinstance(value, list | tuple):
        raise TypeError(f"{path} is not a list")
    return [f"{path}[{index}]" for index in range(len(value))]


def texts(resource: Resource, path: str) -> list[str]:
    """Return the texts of a list; none if it is missing. Raises `Unknown` if one of them is unknown."""
    return [str(resource.at(entry)) for entry in entries(resource, path)]


def lower_text(resource: Resource, path: str) -> str:
    """Return a text property in lower case, as ARM compares it; empty if it is missing."""
    value = resource.at(path)
    return "" if value is MISSING else str(value).lower()


def require(resource: Resource, path: str, *allowed: object, default: object = MISSING) -> Iterator[Violation]:
    """Yield a violation unless the property is set to one of these values. `default`: Azure's value for a missing
    property."""
    found = resource.at(path)
    if not any(same(found, one) for one in allowed):
        yield Violation(path, f"is {display(found)}{_default_note(found, default)}; it must be {alternatives(allowed)}")


def require_if_set(resource: Resource, path: str, *allowed: object) -> Iterator[Violation]:
    """Yield a violation if the property is set to another value than these; Azure's default is one of them."""
    if resource.at(path) is not MISSING:
        yield from require(resource, path, *allowed)


def require_at_least(resource: Resource, path: str, least: int, unit: str, *, default: object) -> Iterator[Violation]:
    """Yield a violation unless the property is a number that is at least this."""
    found = resource.at(path)
    if not isinstance(found, int | float) or isinstance(found, bool) or not found >= least:
        yield Violation(path, f"is {display(found)}{_default_note(found, default)}; it must be at least {least} {unit}")


def require_text(resource: Resource, path: str, *, default: object) -> Iterator[Violation]:
    """Yield a violation unless the property is a text that is not empty."""
    found = resource.at(path)
    if not isinstance(found, str) or not found.strip():
        yield Violation(path, f"is {display(found)}, which leaves {display(default)}; it must be named")


def require_unset(resource: Resource, path: str, why: str) -> Iterator[Violation]:
    """Yield a violation if the property is set to anything but an empty value or `false`."""
    found = resource.at(path)
    if found is not MISSING and found not in (False, "", [], {}):
        yield Violation(path, f"is set; {why}")


def same(found: object, wanted: object) -> bool:
    """True if Azure treats two values as equal: texts in any case; values of different JSON types are not equal."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return type(found) is type(wanted) and found == wanted


def is_secret(value: object) -> bool:
    """True if a value is a masked secret."""
    return value == SECRET


def display(value: Any) -> str:
    """Return a value as text for a message, cut to a readable length."""
    if value is MISSING:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def alternatives(values: tuple[object, ...]) -> str:
    """Return the allowed values for a message."""
    return " or ".join(display(value) for value in values)


def _default_note(found: object, default: object) -> str:
    """Return a suffix that names Azure's default for a missing property."""
    return f", which leaves {display(default)}" if found is MISSING and default is not MISSING else ""
