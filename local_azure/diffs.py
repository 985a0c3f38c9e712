"""Compare new inputs with old inputs: the changed property paths, and those that force a replacement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from formats.property_paths import PropertyPath, find, join, matches, parse
from formats.property_values import contains_unknown
from local_azure.locations import normal_location
from local_azure.model import AzureType
from local_azure.schema import ResourceSchema

DifferenceKind = Literal["ADD", "DELETE", "UPDATE"]


@dataclass(frozen=True)
class Difference:
    """One changed path. `old` is None for an added value, `new` for a removed one."""

    path: PropertyPath
    kind: DifferenceKind
    old: Any = None
    new: Any = None


def differences(old: Any, new: Any, path: PropertyPath = ()) -> Iterator[Difference]:
    """Yield every difference, at the deepest path. An unknown value counts as changed."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _member(old, new, key, (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            here = (*path, index)
            if index >= len(old):
                yield Difference(here, "ADD", new=new[index])
            elif index >= len(new):
                yield Difference(here, "DELETE", old=old[index])
            else:
                yield from differences(old[index], new[index], here)
    elif not _equal(old, new, path):
        yield Difference(path, "UPDATE", old, new)


def _member(old: Mapping[str, Any], new: Mapping[str, Any], key: str, path: PropertyPath) -> Iterator[Difference]:
    if key not in old:
        yield Difference(path, "ADD", new=new[key])
    elif key not in new:
        yield Difference(path, "DELETE", old=old[key])
    else:
        yield from differences(old[key], new[key], path)


def _equal(old: Any, new: Any, path: PropertyPath = ()) -> bool:
    """Return True if two values are equal in Azure, which compares ids and locations case-insensitively."""
    if contains_unknown(new) or contains_unknown(old):
        return False
    if isinstance(old, str) and isinstance(new, str):
        if old.startswith("/") and new.startswith("/") and _is_id(old) and _is_id(new):
            return old.rstrip("/").lower() == new.rstrip("/").lower()
        if path == ("location",):
            return normal_location(old) == normal_location(new)
        return old == new
    if isinstance(old, bool) != isinstance(new, bool):
        return False
    return bool(old == new)


def _is_id(text: str) -> bool:
    lower = text[:15].lower()
    return lower == "/subscriptions/" or lower.startswith("/providers/")


@dataclass(frozen=True)
class DiffResult:
    """The result of a comparison."""

    differences: tuple[Difference, ...]
    replace_paths: frozenset[PropertyPath]
    """The changed paths that force a replacement."""

    @property
    def replaces(self) -> list[str]:
        return sorted({join(path) for path in self.replace_paths})


def compare(type_: AzureType, schema: ResourceSchema, old: Mapping[str, Any], new: Mapping[str, Any]) -> DiffResult:
    """Compare two sets of inputs."""
    found = [d for d in differences(dict(old), dict(new)) if not str(d.path[0]).startswith("__")]
    fixed_patterns = [parse(path) for path in type_.replace_on_change]
    fixed_patterns += [(name,) for name in schema.parameters]
    replace_paths = {d.path for d in found if any(affects(steps, d) for steps in fixed_patterns)}
    return DiffResult(tuple(found), frozenset(replace_paths))


def affects(steps: PropertyPath, difference: Difference) -> bool:
    """Return True if a difference changes the value at a pattern: at it, below it, or in an added or removed object."""
    path = difference.path
    if matches(steps, path):
        return True
    if len(path) >= len(steps) or not matches(steps[: len(path)], path):
        return False
    rest = steps[len(path) :]
    before = [value for _, value in find(difference.old, rest)]
    after = [value for _, value in find(difference.new, rest)]
    return contains_unknown(difference.new) or before != after
