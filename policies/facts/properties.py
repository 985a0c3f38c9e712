"""How rules read properties and word what they find."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policies.model import MISSING, Problem, Resource


def entries(resource: Resource, path: str) -> list[str]:
    """The path of each entry of a list, none where it is missing. `TypeError` where no list stands there."""
    value = resource.at(path)
    if value is MISSING:
        return []
    if not isinstance(value, list | tuple):
        raise TypeError(f"{path} is no list")
    return [f"{path}[{index}]" for index in range(len(value))]


def texts(resource: Resource, path: str) -> list[str]:
    """The texts of a list, none where it is missing; `Unknown` where one of them is not known yet."""
    return [str(resource.at(entry)) for entry in entries(resource, path)]


def word(resource: Resource, path: str) -> str:
    """A text in lower case, as ARM compares it; empty where it is missing."""
    value = resource.at(path)
    return "" if value is MISSING else str(value).lower()


def said(value: Any) -> str:
    """A value as a message repeats it."""
    if value is MISSING:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def must_be(resource: Resource, path: str, *allowed: Any, default: str = "") -> Iterator[Problem]:
    """A problem unless the value is one of those allowed; texts without regard to case. Missing is never allowed.

    `default`: what Azure takes where the property is missing, for the message.
    """
    found = resource.at(path)
    if not any(_same(found, value) for value in allowed):
        taken = f", for which Azure takes {default}" if found is MISSING and default else ""
        yield Problem(path, f"is {said(found)}{taken}; it must be {' or '.join(map(said, allowed))}")


def must_not_be_set(resource: Resource, path: str, why: str) -> Iterator[Problem]:
    """A problem where anything but an empty value, `false` or nothing stands at the path."""
    found = resource.at(path)
    if found is not MISSING and found not in (False, "", [], {}):
        yield Problem(path, f"is set; {why}")


def _same(found: Any, allowed: Any) -> bool:
    if isinstance(allowed, str):
        return isinstance(found, str) and found.lower() == allowed.lower()
    return type(found) is type(allowed) and bool(found == allowed)
