"""What an update would change: new inputs against old inputs, by property path, and what forces a replacement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local_azure.declare import AzureType
from local_azure.schema import ResourceSchema
from local_azure.validation import normal_location
from local_azure.wire import Path, Pattern, at, has_unknown, matches, pattern, shown

Kind = Literal["ADD", "DELETE", "UPDATE"]


@dataclass(frozen=True)
class Difference:
    """One path that differs. `old` or `new` is None where it is absent."""

    path: Path
    kind: Kind
    old: Any = None
    new: Any = None


def differences(old: Any, new: Any, path: Path = ()) -> Iterator[Difference]:
    """Every difference, as deep as it goes; an unknown value counts as a change."""
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
    elif not same(old, new, path):
        yield Difference(path, "UPDATE", old, new)


def _member(old: Mapping[str, Any], new: Mapping[str, Any], key: str, path: Path) -> Iterator[Difference]:
    if key not in old:
        yield Difference(path, "ADD", new=new[key])
    elif key not in new:
        yield Difference(path, "DELETE", old=old[key])
    else:
        yield from differences(old[key], new[key], path)


def same(old: Any, new: Any, path: Path = ()) -> bool:
    """Whether two values are one to Azure: ids and places without regard to case."""
    if has_unknown(new) or has_unknown(old):
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
class Verdict:
    """A diff's outcome."""

    differences: tuple[Difference, ...]
    replacing: frozenset[Path]
    """The paths among them that mean a new resource."""

    @property
    def replaces(self) -> list[str]:
        return sorted({shown(path) for path in self.replacing})


def verdict(type_: AzureType, schema: ResourceSchema, old: Mapping[str, Any], new: Mapping[str, Any]) -> Verdict:
    """What changes between two sets of inputs, and what of it Azure cannot change in place."""
    found = [d for d in differences(dict(old), dict(new)) if not str(d.path[0]).startswith("__")]
    fixed = [pattern(path) for path in type_.fixed]
    fixed += [(name,) for name in schema.parameters]
    if "location" in schema.inputs and type_.location != "none":
        fixed.append(("location",))
    replacing = {d.path for d in found if any(touches(steps, d) for steps in fixed)}
    return Verdict(tuple(found), frozenset(replacing))


def touches(steps: Pattern, difference: Difference) -> bool:
    """Whether a difference changes what a declared path names: there, inside it, or as part of a whole that went."""
    path = difference.path
    if matches(steps, path):
        return True
    if len(path) >= len(steps) or not matches(steps[: len(path)], path):
        return False
    rest = steps[len(path) :]
    before = [value for _, value in at(difference.old, rest)]
    after = [value for _, value in at(difference.new, rest)]
    return has_unknown(difference.new) or before != after
