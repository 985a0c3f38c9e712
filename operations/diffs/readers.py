"""The policies that read a property, from what they declare (`Policy.typed_paths`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from formats.errors import InputError
from formats.property_changes import Entry, EntryPath, PropertyChange
from formats.property_paths import ANY, PropertyPath, parse
from policies.known_properties import harmless
from policies.model import Policy
from policies.runner import ALL


def place_of(change: PropertyChange) -> PropertyPath:
    """Return the path of a change as policies declare it: `[*]` for each entry of a list."""
    return general(change.path)


def general(path: EntryPath) -> PropertyPath:
    """Return a path without positions and keys of entries."""
    return tuple(ANY if isinstance(step, int | Entry) else step for step in path)


def steps_of(path: str) -> PropertyPath:
    """Return the steps of a finding's path without positions; the text as one step where it is no path."""
    try:
        return general(parse(path))
    except InputError:
        return (path,)


def touches(one: PropertyPath, other: PropertyPath) -> bool:
    """True if one path is the other, or above it."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _is_harmless(type_: str, place: PropertyPath) -> bool:
    """True if a place is listed as a property that needs no rule, whatever its value."""
    every_type, types = harmless()
    listed = (every_type, types.get(type_, every_type))
    return any(parse(path) == place and not one.values for kind in listed for path, one in kind.harmless.items())


class Readers:
    """The policies that read each property of each type."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.policies = policies
        self._by_type: dict[str, list[tuple[PropertyPath, Policy]]] = {}
        for policy in policies.values():
            for type_, path in policy.typed_paths:
                self._by_type.setdefault(type_, []).append((parse(path), policy))
        self.of = lru_cache(maxsize=None)(self._of)

    def _of(self, type_: str, place: PropertyPath) -> tuple[Policy, ...]:
        """Return the policies that read a place of a type, or something inside it, in the catalogue's order.

        A policy that declares to read a whole map or list does not read what is listed as harmless in it.
        """
        known = (*self._by_type.get(type_, ()), *self._by_type.get(ALL, ()))
        least = len(place) if _is_harmless(type_, place) else 0
        found = {policy.id for path, policy in known if len(path) >= least and touches(path, place)}
        return tuple(policy for policy in self.policies.values() if policy.id in found)

    def reads(self, policy: str, type_: str, place: PropertyPath) -> bool:
        """True if a policy reads a place of a type."""
        return any(found.id == policy for found in self.of(type_, place))

    def concerns(self, policy: str, type_: str) -> bool:
        """True if a policy checks resources of a type, or reads a property of them."""
        found = self.policies[policy]
        return type_ in found.resource_types or any(type_ == read for read, _ in found.typed_paths)
