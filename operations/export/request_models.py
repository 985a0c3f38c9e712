"""The models of request bodies in the installed azure-mgmt packages: names, nesting, read-only and required fields.

There are two generations of packages. The older one has tables in the class (`_attribute_map`, `_validation`,
`_subtype_map`), the newer one typed fields (`rest_field(name=…, visibility=[…])`).
"""

from __future__ import annotations

import importlib
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, EnumMeta, StrEnum
from functools import cache, cached_property
from typing import Any


class Shape(StrEnum):
    """The JSON type of a value. ANY is JSON without a model."""

    MODEL = "object"
    LIST = "list"
    MAP = "map"
    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ANY = "any"


@dataclass(frozen=True)
class Kind:
    """The type of a value: its shape, the type of its items, or the model of an object."""

    shape: Shape
    of: Kind | None = None
    model: Model | None = None
    is_enum: bool = False
    """True for an enum."""


@dataclass(frozen=True)
class Field:
    """One property of a body. `path` has several names if the model flattens it."""

    path: tuple[str, ...]
    names: frozenset[str]
    """The names that azure-native may use, in lower case without underscores."""
    kind: Kind
    read_only: bool
    required: bool


@dataclass(frozen=True)
class Model:
    """One azure-mgmt model class."""

    cls: type

    @property
    def name(self) -> str:
        return self.cls.__name__

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return tuple(_older_fields(self.cls) if hasattr(self.cls, "_attribute_map") else _newer_fields(self.cls))

    def named(self, name: str) -> Field | None:
        """Return the field for azure-native's name. The client's name is preferred, because azure-native uses it."""
        wanted = normalised(name)
        found = [f for f in self.fields if wanted in f.names]
        return min(
            found, key=lambda f: (normalised(f.path[-1]) == wanted and len(f.names) > 1, len(f.path)), default=None
        )

    def at(self, name: str) -> Field | None:
        """Return the top-level field with this wire name."""
        return next((f for f in self.fields if f.path == (name,)), None)

    def narrowed(self, value: Mapping[str, Any]) -> Model:
        """Return the model of the subtype in the value's discriminator, or this one."""
        for field, subtypes in _subtypes(self.cls):
            given = next((v for k, v in value.items() if normalised(k) in field), None)
            if isinstance(given, str) and given in subtypes:
                return Model(subtypes[given]).narrowed(value)
        return self


def normalised(name: str) -> str:
    """Return a name in lower case without underscores, for comparison."""
    return name.replace("_", "").lower()


@cache
def model(package: str, name: str) -> Model:
    """Return a model. The package is imported at this point, because a large one takes half a second."""
    return Model(getattr(importlib.import_module(f"{package}.models"), name))


def _older_fields(cls: Any) -> Iterator[Field]:
    for attribute, entry in cls._attribute_map.items():
        path = tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", entry["key"]))
        rules = cls._validation.get(attribute, {})
        yield Field(
            path,
            frozenset({normalised(attribute), normalised(path[-1])}),
            _older_kind(entry["type"], importlib.import_module(cls.__module__)),
            bool(rules.get("readonly")),
            bool(rules.get("required")),
        )


def _older_kind(text: str, module: types.ModuleType) -> Kind:
    if text[0] in "[{":
        return Kind(Shape.LIST if text[0] == "[" else Shape.MAP, of=_older_kind(text[1:-1], module))
    named = getattr(module, text, None)
    if isinstance(named, type) and hasattr(named, "_attribute_map"):
        return Kind(Shape.MODEL, model=Model(named))
    shapes = {"bool": Shape.BOOLEAN, "int": Shape.NUMBER, "long": Shape.NUMBER, "float": Shape.NUMBER}
    return Kind(Shape.ANY) if text == "object" else Kind(shapes.get(text, Shape.STRING))


def _newer_fields(cls: Any) -> Iterator[Field]:
    package = importlib.import_module(cls.__module__.rpartition(".")[0])
    hints = typing.get_type_hints(cls, localns={"_models": package})
    found = {k: v for base in reversed(cls.__mro__) for k, v in vars(base).items() if hasattr(v, "_rest_name_input")}
    for attribute, field in found.items():
        wire = field._rest_name_input or attribute
        client = getattr(field, "_original_tsp_name", None) or attribute
        hint = hints[attribute]
        yield Field(
            (wire,),
            frozenset({normalised(attribute), normalised(client), normalised(wire)}),
            _newer_kind(hint),
            field._visibility == ["read"],
            type(None) not in typing.get_args(hint),
        )


def _newer_kind(hint: Any) -> Kind:  # noqa: PLR0911 - one line a shape
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        rest = [p for p in parts if p is not type(None)]
        return _newer_kind(rest[0]) if len(rest) == 1 else Kind(Shape.STRING, is_enum=_has_enum(rest))
    if origin is list:
        return Kind(Shape.LIST, of=_newer_kind(parts[0]))
    if origin is dict:
        return Kind(Shape.MAP, of=_newer_kind(parts[1]))
    if origin is typing.Literal:
        return Kind(Shape.STRING, is_enum=True)
    if hasattr(hint, "_calculated"):  # an attribute of this generation's models only
        return Kind(Shape.MODEL, model=Model(hint))
    if hint is bool:
        return Kind(Shape.BOOLEAN)
    if hint in (int, float):
        return Kind(Shape.NUMBER)
    return Kind(Shape.ANY) if hint is Any else Kind(Shape.STRING, is_enum=isinstance(hint, EnumMeta))


def _has_enum(parts: list[Any]) -> bool:
    return any(isinstance(p, type) and issubclass(p, Enum) for p in parts)


def _subtypes(cls: Any) -> Iterator[tuple[frozenset[str], Mapping[str, type]]]:
    """Yield the names of each discriminator, and the subtype for each of its values."""
    if hasattr(cls, "_attribute_map"):
        module = importlib.import_module(cls.__module__)
        for attribute, table in vars(cls).get("_subtype_map", {}).items():
            names = frozenset({normalised(attribute), normalised(cls._attribute_map[attribute]["key"])})
            yield names, {value: getattr(module, name) for value, name in table.items()}
        return
    table = vars(cls).get("__mapping__") or {}
    fields = [(k, v) for base in cls.__mro__ for k, v in vars(base).items() if getattr(v, "_is_discriminator", False)]
    for attribute, field in fields if table else ():
        yield frozenset({normalised(attribute), normalised(field._rest_name_input or attribute)}), table
