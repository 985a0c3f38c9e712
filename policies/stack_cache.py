"""What is computed of an estate's stacks, kept for a run and, where a store is given, for later runs: the shape of each
stack, and the resources of the evaluated ones that policies on the whole estate can read.

An entry of a store may be missing or written by anybody: it is validated, and computed again where it is wrong. It is
kept with the digest of the state or plan that it was made from, and of the code that made it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from policies.catalogue import catalogue_digest
from policies.estate_view import ReadablePaths
from policies.reachability.flow_cache import FlowCache
from policies.stack_content import StackContent, read_content
from policies.stack_shape import StackShape, read_shape

T = TypeVar("T")


class Store(Protocol):
    """A store of JSON values by key. An entry may be deleted at any time."""

    def get(self, key: str) -> Any | None:
        """Return the value of a key; None where there is none that can be read, or it is not as it was put."""

    def put(self, key: str, value: Any) -> None:
        """Keep a value. A failure to keep it is no error."""


class StackCache:
    """The shapes and contents of stacks, by the digest of their state or plan. Contents fill the memory of a large
    estate, so only the store keeps them."""

    def __init__(self, store: Store | None = None) -> None:
        self.flows = FlowCache()
        """What is computed of several stacks together. No store keeps it."""
        self._store = store
        self._shapes: dict[str, StackShape] = {}

    def shape(self, stack: str, digest: str, readable: ReadablePaths, make: Callable[[], StackShape]) -> StackShape:
        """Return the shape of a stack with that digest. `readable`: what policies can read."""
        key = _key("shape", stack, digest, readable.digest)
        if key not in self._shapes:
            kept = self._kept(key, lambda value: _of_stack(read_shape(value), stack))
            self._shapes[key] = kept or self._made(key, make(), StackShape.to_json)
        return self._shapes[key]

    def content(
        self, stack: str, digest: str, readable: ReadablePaths, make: Callable[[], StackContent]
    ) -> StackContent:
        """Return the content of a stack with that digest. `readable`: what policies can read."""
        key = _key("content", stack, digest, readable.digest)
        kept = self._kept(key, lambda value: read_content(stack, value, readable))
        return kept or self._made(key, make(), StackContent.to_json)

    def _kept(self, key: str, read: Callable[[Any], T]) -> T | None:
        entry = self._store.get(key) if self._store else None
        if not isinstance(entry, dict) or entry.get("key") != key:
            return None
        try:
            return read(entry.get("value"))
        except (ValueError, TypeError, RecursionError):
            return None

    def _made(self, key: str, value: T, to_json: Callable[[T], Any]) -> T:
        if self._store:
            self._store.put(key, {"key": key, "value": to_json(value)})
        return value


def _of_stack(shape: StackShape, stack: str) -> StackShape:
    """Return a shape. `ValueError` where it is another stack's."""
    if shape.stack != stack:
        raise ValueError("stack")
    return shape


def _key(*parts: str) -> str:
    return hashlib.sha256(json.dumps([*parts, catalogue_digest()]).encode()).hexdigest()
