"""The values of a resource's inputs at a property path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formats.plan import UNKNOWN
from formats.property_paths import ANY, Step, parse

NOT_KNOWN = "is not known before the deployment, so this cannot be checked"


class Unknown(Exception):  # noqa: N818
    """Raised where a rule reads a value that is only known after deployment. The verdict is then `unknown`."""

    def __init__(self, path: str, why: str = NOT_KNOWN) -> None:
        self.path, self.why = path, why
        super().__init__(path)


def values_at(inputs: Mapping[str, Any], path: str) -> Iterator[Any]:
    """Yield the values at a path. `Unknown` where one, or an object around it, is not known yet."""
    steps = parse(path)
    first: Any = inputs
    for done, step in enumerate(steps):  # most paths have names only, and most values are dicts
        if step == ANY or type(first) is not dict or type(step) is not str:
            values, steps = [first], steps[done:]
            break
        if (first := first.get(step)) is None:
            return
    else:
        values, steps = [first], ()
    for step in steps:
        values = [inner for value in values for inner in _inside(value, step, path)]
    for value in values:
        if value == UNKNOWN:
            raise Unknown(path)
        if value is not None:
            yield value


def _inside(value: Any, step: Step, path: str) -> list[Any]:
    """Return the values that one step leads to. `Unknown` inside a secret or another text, which is not missing."""
    if value is None:
        return []
    if step == ANY:
        return _entries(value, path)
    if isinstance(step, int):
        return _entries(value, path)[step : step + 1]
    return _named(value, step, path)


def _entries(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Unknown(path)
    return list(value)


def _named(value: Any, name: str, path: str) -> list[Any]:
    if not isinstance(value, Mapping):
        raise Unknown(path)
    return [value[name]] if name in value else []
