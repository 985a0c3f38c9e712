"""The property paths that policies know: those that a rule reads, and harmless ones.

`harmless_properties.yaml` lists the harmless ones with their reasons. A path is known only as declared: a path to an
object covers nothing below it, so that a new property of the object is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from formats.input_model import Model
from formats.property_paths import ANY, PropertyPath, parse
from formats.validation import validated
from formats.yaml_reader import parse_mapping
from policies.azure_semantics.properties import same
from policies.model import Policy, Resource

FILE = Path(__file__).parent / "harmless_properties.yaml"
ALL = "*"


class HarmlessProperty(Model):
    """One property that needs no rule."""

    because: str
    source: str = ""
    """The page that describes the property; empty: the page of its type."""
    values: tuple[str | bool | int, ...] = ()
    """The values that are harmless; none: all of them."""


class HarmlessProperties(Model):
    """The properties of one type that need no rule."""

    source: str
    names: tuple[str, ...] = ()
    """The properties that form the resource's ARM id."""
    harmless: Mapping[str, HarmlessProperty] = {}
    maps: Mapping[str, HarmlessProperty] = {}
    """Properties whose whole content is known, because their keys are values of a user."""


class _Content(Model):
    every_type: HarmlessProperties
    types: Mapping[str, HarmlessProperties]


@dataclass
class _Known:
    """The known properties below one path."""

    inner: dict[str, _Known] = field(default_factory=dict)
    is_value: bool = False
    """True if a value or a list of values is known here."""
    is_map: bool = False
    values: tuple[Any, ...] = ()

    def at(self, steps: PropertyPath) -> _Known:
        """Return the place of a path, which is added where it is missing."""
        place = self
        for step in steps:
            place = place.inner.setdefault(str(step), _Known())
        return place


@dataclass(frozen=True)
class UnknownProperty:
    """A property that is set and that no policy knows, or that has a value which is not listed."""

    path: PropertyPath
    allowed: tuple[Any, ...] = ()
    """The listed values; none: the property itself is not known."""


@cache
def harmless() -> tuple[HarmlessProperties, Mapping[str, HarmlessProperties]]:
    """Return the harmless properties of every type, and those of each type. Raises `InputError` for a broken file."""
    name = f"policies/{FILE.name}"
    found = parse_mapping(FILE.read_text(encoding="utf-8"), name, is_own=True)
    content = validated(_Content, found, file=name)
    return content.every_type, content.types


def count_harmless() -> int:
    """Return the number of properties that are listed as harmless, without names."""
    every_type, types = harmless()
    return sum(len(listed.harmless) + len(listed.maps) for listed in (every_type, *types.values()))


class KnownProperties:
    """The property paths that these policies read, and the harmless ones, by type."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._read: dict[str, set[str]] = {}
        for policy in policies:
            for type_, path in policy.typed_paths:
                self._read.setdefault(type_, set()).add(path)
        self._trees: dict[str, _Known] = {}

    def unknown(self, resource: Resource) -> Iterator[UnknownProperty]:
        """Yield the properties of a resource that are set and not known. An empty value counts as not set."""
        if resource.type not in self._trees:
            self._trees[resource.type] = self._tree(resource.type)
        return _unknown(resource.inputs, self._trees[resource.type], ())

    def read(self, type_: str) -> frozenset[str]:
        """Return the paths of a type that policies declare to read."""
        return frozenset(self._read.get(type_, set()) | self._read.get(ALL, set()))

    def _tree(self, type_: str) -> _Known:
        tree = _Known()
        for path in self.read(type_):
            tree.at(parse(path)).is_value = True
        every_type, types = harmless()
        for listed in (every_type, types.get(type_, every_type)):
            for name in listed.names:
                tree.at((name,)).is_value = True
            for path, entry in listed.harmless.items():
                place = tree.at(parse(path))
                place.is_value, place.values = True, entry.values
            for path in listed.maps:
                tree.at(parse(path)).is_map = True
        return tree


def _unknown(value: Any, known: _Known, path: PropertyPath) -> Iterator[UnknownProperty]:
    if known.is_map or value in (None, "", [], (), {}):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _unknown(inner, known.inner.get(key, _NOTHING), (*path, key))
    elif isinstance(value, list | tuple):
        entries = known.inner.get(ANY, known)
        for index, inner in enumerate(value):
            yield from _unknown(inner, entries, (*path, index))
    elif not known.is_value:
        yield UnknownProperty(path)
    elif known.values and not any(same(value, one) for one in known.values):
        yield UnknownProperty(path, known.values)


_NOTHING = _Known()
