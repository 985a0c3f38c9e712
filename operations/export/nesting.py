"""Convert azure-native's flat inputs to an ARM body, according to azure-mgmt's models. An unknown property is an
error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Value
from operations.export.request_models import Field, Kind, Model, Shape

MAX_DEPTH = 60
"""Levels of nesting in a value. Azure's own templates have fewer than 20."""

EXTRA_FIELDS = {
    # The models' API version is older than azure-native's. The paths are those of the newer version.
    ("azure-native:monitor:ActionGroup", "identity"): ("identity",),
    ("azure-native:monitor:ActionGroup", "incidentReceivers"): ("properties", "incidentReceivers"),
    ("azure-native:monitor:PrivateLinkScopedResource", "kind"): ("properties", "kind"),
    ("azure-native:monitor:PrivateLinkScopedResource", "subscriptionLocation"): ("properties", "subscriptionLocation"),
    # The models flatten all of it, azure-native none of it.
    ("azure-native:security:DefenderForStorage", "properties"): ("properties",),
}

NOT_IN_BODY = frozenset(
    {
        # Arguments in the request's query, which a template cannot express.
        ("azure-native:network:VirtualNetworkPeering", "syncRemoteAddressSpace"),
    }
)


class Omit:
    """The result for a property that is left out."""


OMIT = Omit()


class PlaceholderSource(Protocol):
    """Template values for those that the Plan does not contain."""

    def unknown(self, path: ValuePath, kind: Kind, optional: bool) -> Value | Omit: ...
    def secret(self, path: ValuePath, kind: Kind, optional: bool) -> Value | Omit: ...


@dataclass(frozen=True)
class ValuePath:
    """The path of a value in the inputs (source) and in the template's resource (target)."""

    source: tuple[str | int, ...] = ()
    target: tuple[str | int, ...] = ()

    def child(self, key: str | int, *target: str | int) -> ValuePath:
        """Return the path of a value inside this one. `target`: its keys in the template, if they differ."""
        return ValuePath((*self.source, key), (*self.target, *(target or (key,))))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the source path, without indexes."""
        return tuple(k for k in self.source if isinstance(k, str))


@dataclass(frozen=True)
class Nesting:
    """Convert one resource's inputs."""

    token: str
    resource: str
    """Its URN, for messages."""
    placeholders: PlaceholderSource

    def body(self, inputs: Mapping[str, Value], model: Model) -> dict[str, Value]:
        """Return the body of the resource's PUT."""
        return self._object(inputs, model, ValuePath())

    def _object(self, value: Mapping[str, Value], model: Model, path: ValuePath) -> dict[str, Value]:
        narrow = model.narrowed(value)
        out: dict[str, Value] = {}
        for key, item in value.items():
            if item is None or (not path.source and (self.token, key) in NOT_IN_BODY):
                continue
            field = self._field(key, narrow, path)
            inner = path.child(key, *(escaped(k) for k in field.path))
            converted = self._value(item, field.kind, inner, optional=not field.required)
            if not isinstance(converted, Omit):
                self._set(out, field.path, converted, inner)
        return out

    def _field(self, key: str, model: Model, path: ValuePath) -> Field:
        found = field_of(self.token, key, model, root=not path.source)
        if found:
            return found
        raise InputError(
            f"{self.token} has a property that an ARM template cannot hold"
            + (" because only Azure sets it" if is_read_only(key, model) else ""),
            key=dotted((*path.source, key)),
            found=self.resource,
            allowed=f"the properties of {model.name}",
        )

    def _value(self, value: Value, kind: Kind, path: ValuePath, *, optional: bool) -> Value | Omit:
        if len(path.source) > MAX_DEPTH:
            raise InputError("a value that nests too deeply", key=dotted(path.source[:5]), found=self.resource)
        if value == UNKNOWN:
            return self.placeholders.unknown(path, kind, optional)
        if value == SECRET:
            return self.placeholders.secret(path, kind, optional)
        if kind.shape is Shape.MODEL and kind.model:
            return self._object(self._mapping(value, path), kind.model, path)
        if kind.shape is Shape.LIST and kind.of:
            return self._list(self._sequence(value, path), kind.of, path)
        if kind.shape is Shape.MAP and kind.of:
            return self._map(value, kind.of, path)
        return self._any(value, path) if kind.shape is Shape.ANY else self._scalar(value, path)

    def _list(self, value: Sequence[Value], of: Kind, path: ValuePath) -> list[Value]:
        return [self._value(item, of, path.child(i), optional=False) for i, item in enumerate(value)]

    def _map(self, value: Value, of: Kind, path: ValuePath) -> dict[str, Value]:
        """Return a map. azure-native has a list of keys for a map of empty objects, such as identities."""
        if isinstance(value, list | tuple):
            keys = self._list(value, Kind(Shape.STRING), path)
            return {str(key): {} for key in keys}
        out: dict[str, Value] = {}
        for key, item in self._mapping(value, path).items():
            converted = self._value(item, of, path.child(key, escaped(key)), optional=True)
            if not isinstance(converted, Omit):
                out[escaped(key)] = converted
        return out

    def _any(self, value: Value, path: ValuePath) -> Value:
        """Return JSON without a model unchanged, except that text in brackets is escaped."""
        if isinstance(value, Mapping):
            return self._map(value, Kind(Shape.ANY), path)
        if isinstance(value, list | tuple):
            return self._list(value, Kind(Shape.ANY), path)
        return self._scalar(value, path)

    def _scalar(self, value: Value, path: ValuePath) -> Value:
        if isinstance(value, str):
            return escaped(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float) and value - value == 0:  # JSON has neither infinity nor NaN
            return int(value) if value.is_integer() else value
        raise self._wrong_type(value, path, "a text, number or truth value")

    def _mapping(self, value: Value, path: ValuePath) -> Mapping[str, Value]:
        if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
            return value
        raise self._wrong_type(value, path, "an object")

    def _sequence(self, value: Value, path: ValuePath) -> Sequence[Value]:
        if isinstance(value, list | tuple):
            return value
        raise self._wrong_type(value, path, "a list")

    def _wrong_type(self, value: Value, path: ValuePath, allowed: str) -> InputError:
        problem = f"{self.resource} has a value of the wrong kind"
        return InputError(problem, key=dotted(path.source), found=type(value).__name__, allowed=allowed)

    def _set(self, out: dict[str, Value], target: tuple[str, ...], value: Value, path: ValuePath) -> None:
        for part in target[:-1]:
            out = out.setdefault(part, {})
        if target[-1] in out:
            raise InputError(f"{self.resource} sets one property twice", key=dotted(path.source), found=target[-1])
        out[target[-1]] = value


def field_of(token: str, key: str, model: Model, *, root: bool) -> Field | None:
    """Return the field of an input: at the top level, or below `properties` where azure-native flattens."""
    direct, nested = model.named(key), _flattened_field(key, model)
    if direct and not direct.read_only:
        return direct
    if nested and not nested.read_only:
        return nested
    if root and (token, key) in EXTRA_FIELDS:
        return Field(EXTRA_FIELDS[token, key], frozenset(), Kind(Shape.ANY), read_only=False, required=False)
    return None


def is_read_only(key: str, model: Model) -> bool:
    """Return True if a model has the input as a read-only field."""
    return bool(model.named(key) or _flattened_field(key, model))


def _flattened_field(key: str, model: Model) -> Field | None:
    inner = model.at("properties")
    nested = inner.kind.model.named(key) if inner and inner.kind.model else None
    return replace(nested, path=(*inner.path, *nested.path)) if inner and nested else None


def escaped(text: str) -> str:
    """Return text as an ARM literal. ARM evaluates text or a key in brackets unless the first bracket is doubled."""
    return "[" + text if text.startswith("[") and text.endswith("]") else text


def dotted(path: Sequence[Any]) -> str:
    """Return a path as text without quotes, such as `rules[2].priority`: the form of `metadata.placeholders`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
