"""The shapes of an estate's stacks, kept for a run and, where a store is given, for later runs.

An entry of a store may be missing, damaged, or written by anybody: it is validated, and computed again where it is
wrong. It is kept with the digest of the state or plan that it was made from, and of the code that made it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Protocol

from policies.catalogue import catalogue_digest
from policies.stack_shape import StackShape, read_shape


class Store(Protocol):
    """A store of JSON values by key. An entry may be deleted at any time."""

    def get(self, key: str) -> Any | None:
        """Return the value of a key; None where there is none that can be read."""

    def put(self, key: str, value: Any) -> None:
        """Keep a value. A failure to keep it is no error."""


class ShapeCache:
    """The shapes of stacks, by the digest of their state or plan."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._shapes: dict[tuple[str, str, tuple[str, ...]], StackShape] = {}

    def shape(self, stack: str, digest: str, paths: tuple[str, ...], make: Callable[[], StackShape]) -> StackShape:
        """Return the shape of a stack with that digest. `paths`: the property paths that policies can read."""
        if (stack, digest, paths) not in self._shapes:
            key = _key(stack, digest, paths)
            self._shapes[stack, digest, paths] = self._kept(stack, key) or self._made(key, make)
        return self._shapes[stack, digest, paths]

    def _kept(self, stack: str, key: str) -> StackShape | None:
        entry = self._store.get(key) if self._store else None
        try:
            shape = _checked(entry, key)
        except (ValueError, TypeError, RecursionError):
            return None
        return shape if shape and shape.stack == stack else None

    def _made(self, key: str, make: Callable[[], StackShape]) -> StackShape:
        shape = make()
        if self._store:
            content = shape.to_json()
            self._store.put(key, {"key": key, "digest": _digest(content), "shape": content})
        return shape


def _checked(entry: Any, key: str) -> StackShape | None:
    """Return the shape of an entry; None where it is another's, or was changed. `ValueError` where it is no shape."""
    if not isinstance(entry, dict) or entry.get("key") != key or entry.get("digest") != _digest(entry.get("shape")):
        return None
    return read_shape(entry["shape"])


def _key(stack: str, digest: str, paths: tuple[str, ...]) -> str:
    return _digest([stack, digest, paths, catalogue_digest()])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
