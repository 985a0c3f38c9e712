"""What rules expect of a property, and the words they say it in."""

from __future__ import annotations

from collections.abc import Iterator

from infra.config import DataClass
from policies.model import MISSING, Estate, Problem, Resource

KEPT = "what Azure had it at before, or takes by itself"
"""The default of a property that Azure leaves as it is on a resource that exists, when nothing is said."""
LONGEST = 80


def must(resource: Resource, path: str, *allowed: object, default: object) -> Iterator[Problem]:
    """The property is said, and is one of these. `default`: what Azure takes where nothing is said."""
    found = resource.at(path)
    if found is MISSING:
        yield Problem(path, f"is not set, which leaves {shown(default)}; it must be {listed(allowed)}")
    elif not any(same(found, one) for one in allowed):
        yield Problem(path, f"is {shown(found)}; it must be {listed(allowed)}")


def may(resource: Resource, path: str, *allowed: object) -> Iterator[Problem]:
    """The property is one of these where it is said; Azure's own default is one of them."""
    if resource.at(path) is not MISSING:
        yield from must(resource, path, *allowed, default=allowed[0])


def at_least(resource: Resource, path: str, least: int, unit: str, *, default: object) -> Iterator[Problem]:
    """The property is a number, and no less than this."""
    found = resource.at(path)
    if found is MISSING:
        yield Problem(path, f"is not set, which leaves {shown(default)}; it must be at least {least} {unit}")
    elif not isinstance(found, int | float) or isinstance(found, bool) or not found >= least:
        yield Problem(path, f"is {shown(found)}; it must be at least {least} {unit}")


def filled(resource: Resource, path: str, *, default: object) -> Iterator[Problem]:
    """The property holds a text that is not empty."""
    found = resource.at(path)
    if not isinstance(found, str) or not found.strip():
        yield Problem(path, f"is {shown(found)}, which leaves {shown(default)}; it must be named")


def none_of(resource: Resource, path: str, why: str) -> Iterator[Problem]:
    """The list is empty, or is not there."""
    found = resource.at(path)
    if found is not MISSING and found not in ([], {}):
        count = len(found) if isinstance(found, list | tuple | dict) else 1
        yield Problem(path, f"has {count} of what must not be there: {why}")


def same(found: object, wanted: object) -> bool:
    """Azure reads its own words without regard to case; a text is no truth value, and a truth value no number."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return type(found) is type(wanted) and found == wanted


def shown(value: object) -> str:
    """A value in a message: as it is written in a template, and not longer than a person reads."""
    if value is MISSING:
        return "not set"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def listed(values: tuple[object, ...]) -> str:
    """The values that are allowed, as a sentence has them."""
    return " or ".join(shown(value) for value in values)


def holds_records(resource: Resource, estate: Estate) -> bool:
    """Whether what it holds comes from people's records: all but synthetic data."""
    return estate.data_class(resource) is not DataClass.SYNTHETIC


def is_identifiable(resource: Resource, estate: Estate) -> bool:
    """Whether what it holds tells who people are."""
    return estate.data_class(resource) is DataClass.IDENTIFIABLE
