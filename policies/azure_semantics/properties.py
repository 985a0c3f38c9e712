"""How rules read properties, what they expect of them, and the words they say it in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policies.model import MISSING, Problem, Resource

KEPT = "what Azure had it at before, or takes by itself"
"""The default of a property that Azure leaves as it is on a resource that exists, when nothing is said."""
LONGEST = 80


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


def must(resource: Resource, path: str, *allowed: object, default: object = MISSING) -> Iterator[Problem]:
    """The property is said, and is one of these. `default`: what Azure takes where nothing is said."""
    found = resource.at(path)
    if not any(same(found, one) for one in allowed):
        yield Problem(path, f"is {shown(found)}{_left(found, default)}; it must be {listed(allowed)}")


def may(resource: Resource, path: str, *allowed: object) -> Iterator[Problem]:
    """The property is one of these where it is said; Azure's own default is one of them."""
    if resource.at(path) is not MISSING:
        yield from must(resource, path, *allowed)


def at_least(resource: Resource, path: str, least: int, unit: str, *, default: object) -> Iterator[Problem]:
    """The property is a number, and no less than this."""
    found = resource.at(path)
    if not isinstance(found, int | float) or isinstance(found, bool) or not found >= least:
        yield Problem(path, f"is {shown(found)}{_left(found, default)}; it must be at least {least} {unit}")


def filled(resource: Resource, path: str, *, default: object) -> Iterator[Problem]:
    """The property holds a text that is not empty."""
    found = resource.at(path)
    if not isinstance(found, str) or not found.strip():
        yield Problem(path, f"is {shown(found)}, which leaves {shown(default)}; it must be named")


def must_not_be_set(resource: Resource, path: str, why: str) -> Iterator[Problem]:
    """Nothing stands there but an empty value or `false`."""
    found = resource.at(path)
    if found is not MISSING and found not in (False, "", [], {}):
        yield Problem(path, f"is set; {why}")


def same(found: object, wanted: object) -> bool:
    """Azure reads its own words without regard to case; a text is no truth value, and a truth value no number."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return type(found) is type(wanted) and found == wanted


def shown(value: Any) -> str:
    """A value in a message: as it is written in a template, and not longer than a person reads."""
    if value is MISSING:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def listed(values: tuple[object, ...]) -> str:
    """The values that are allowed, as a sentence has them."""
    return " or ".join(shown(value) for value in values)


def _left(found: object, default: object) -> str:
    """What a property that is not set comes to, where that is told."""
    return f", which leaves {shown(default)}" if found is MISSING and default is not MISSING else ""
