"""Unknown values that record their causes, such as the parameters of a template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from formats.plan import UNKNOWN
from formats.property_paths import ANY, parse

MAX_CAUSES = 50
"""The maximum number of causes that one value records: reports list a few."""


class CauseKind(StrEnum):
    """The kinds of causes for which a value of a template is unknown."""

    PARAMETER = "parameter"
    SCOPE = "scope"
    """The subscription or resource group of the deployment."""
    FUNCTION = "function"
    """A function that Azure evaluates during the deployment, or a construct that is not evaluated here."""


class Cause(NamedTuple):
    """A cause for which a value is unknown."""

    kind: CauseKind
    name: str


class UnknownValue(str):
    """An unknown value with its causes. It equals `UNKNOWN`, so that all readers of a Plan treat it as unknown."""

    __slots__ = ("causes",)
    causes: frozenset[Cause]

    def __new__(cls, causes: Iterable[Cause] = ()) -> UnknownValue:
        """Return an unknown value with at most `MAX_CAUSES` causes."""
        made = super().__new__(cls, UNKNOWN)
        made.causes = frozenset(sorted(set(causes))[:MAX_CAUSES])
        return made

    def __getnewargs__(self) -> tuple[frozenset[Cause]]:  # type: ignore[override]
        return (self.causes,)


def causes_in(value: Any) -> Iterator[Cause]:
    """Yield the causes of all unknown values in a value, at any depth."""
    if isinstance(value, UnknownValue):
        yield from value.causes
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from causes_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from causes_in(inner)


def causes_at(inputs: Mapping[str, Any], path: str) -> frozenset[Cause]:
    """Return the causes of the unknown values at a property path, or of the unknown value around it."""
    values: list[Any] = [inputs]
    for step in parse(path):
        values = [inner for value in values for inner in _inside(value, step)]
    return frozenset(cause for value in values for cause in causes_in(value))


def _inside(value: Any, step: str | int) -> list[Any]:
    if isinstance(value, UnknownValue):
        return [value]
    if isinstance(value, Mapping):
        return list(value.values()) if step == ANY else [value[step]] if step in value else []
    if isinstance(value, list | tuple):
        return list(value) if step == ANY else list(value[step : step + 1]) if isinstance(step, int) else []
    return []
