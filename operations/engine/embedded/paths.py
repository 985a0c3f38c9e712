"""Put the old values back at ignored property paths."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from formats import property_values
from formats.property_paths import ANY, PropertyPath, Step, parse
from operations.engine.embedded.model import Properties


def ignoring(new: Properties, old: Properties, ignored: Sequence[str]) -> tuple[Properties, list[str]]:
    """Return the new properties with the old values at ignored paths, and the paths where that failed.

    As in the official engine, no missing parents are created and no list changes its length.
    """
    result = copy.deepcopy(new)
    failed = [path for path in ignored if not (path and _reset(result, old, parse(path), _Secrecy()))]
    return result, failed


@dataclass(frozen=True)
class _Secrecy:
    """True for each side on which the path passed through a secret."""

    new: bool = False
    old: bool = False

    def of(self, value: Any) -> Any:
        """Return a copy of an old value, as a secret if it was part of one."""
        own = copy.deepcopy(value)
        return property_values.secret(own) if self.old and not self.new else own


def _reset(new: Any, old: Any, steps: PropertyPath, secrecy: _Secrecy) -> bool:
    """Set the value at the path `steps` in `new` to that of `old`. Return False if only one of them has the parent."""
    secrecy = _Secrecy(secrecy.new or property_values.is_secret(new), secrecy.old or property_values.is_secret(old))
    new, old = _open(new), _open(old)
    step: Any = steps[0]
    rest = steps[1:]
    if step == ANY:
        return _reset_all(new, old, rest, secrecy)
    kind = list if isinstance(step, int) else dict
    if not rest:
        return _reset_item(new, old, step, secrecy) if kind is list else _reset_key(new, old, step, secrecy)
    if not (isinstance(new, kind) and isinstance(old, kind)):
        return not isinstance(new, kind) and not isinstance(old, kind)
    there, before = _has(new, step), _has(old, step)
    if there and (before or kind is dict):
        return _reset(new[step], old[step] if before else None, rest, secrecy)
    return kind is dict and not before


def _reset_key(new: Any, old: Any, key: str, secrecy: _Secrecy) -> bool:
    if _has(old, key):
        if isinstance(new, dict):
            new[key] = secrecy.of(old[key])
        return isinstance(new, dict)
    if isinstance(new, dict):
        new.pop(key, None)
    return True


def _reset_item(new: Any, old: Any, index: int, secrecy: _Secrecy) -> bool:
    there, before = _has(new, index), _has(old, index)
    if there and before:
        new[index] = secrecy.of(old[index])
    return there == before and isinstance(new, list) == isinstance(old, list)


def _reset_all(new: Any, old: Any, rest: PropertyPath, secrecy: _Secrecy) -> bool:
    """Put back every element, or the value at the path `rest` in each of them."""
    if isinstance(new, dict) and isinstance(old, dict):
        if not rest:
            new.clear()
            new.update({key: secrecy.of(value) for key, value in old.items()})
            return True
        return all(key in new and _reset(new[key], value, rest, secrecy) for key, value in old.items())
    if isinstance(new, list) and isinstance(old, list):
        for index, value in enumerate(old[: len(new)]):
            if not rest:
                new[index] = secrecy.of(value)
            elif not _reset(new[index], value, rest, secrecy):
                return False
        return len(new) == len(old)
    return not rest and isinstance(new, dict | list)


def _has(value: Any, step: Step) -> bool:
    if isinstance(step, int):
        return isinstance(value, list) and step < len(value)
    return isinstance(value, dict) and step in value


def _open(value: Any) -> Any:
    return value["value"] if property_values.is_secret(value) else value
