"""Puts azure-native's flat inputs where ARM wants them, as the azure-mgmt models say. Nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Value
from operations.export.models import Field, Kind, Model, Shape

DEPTH = 60
"""How deep a value may nest; Azure's own templates stay under 20."""

ADDED = {
    # The models' api version is older than azure-native's for these; the places are those of the newer version.
    ("azure-native:monitor:ActionGroup", "identity"): ("identity",),
    ("azure-native:monitor:ActionGroup", "incidentReceivers"): ("properties", "incidentReceivers"),
    ("azure-native:monitor:PrivateLinkScopedResource", "kind"): ("properties", "kind"),
    ("azure-native:monitor:PrivateLinkScopedResource", "subscriptionLocation"): ("properties", "subscriptionLocation"),
    # The models flatten the whole of it, azure-native nothing.
    ("azure-native:security:DefenderForStorage", "properties"): ("properties",),
}

NOT_IN_BODY = frozenset(
    {
        # Arguments of the request that stand in its query, so that no template can say them.
        ("azure-native:network:VirtualNetworkPeering", "syncRemoteAddressSpace"),
    }
)


class Absent:
    """What a stand-in answers where the property is best left out."""


ABSENT = Absent()


class StandIns(Protocol):
    """What stands in a template for values that the Plan does not tell."""

    def unknown(self, trail: Trail, kind: Kind, optional: bool) -> Value | Absent: ...
    def secret(self, trail: Trail, kind: Kind, optional: bool) -> Value | Absent: ...


@dataclass(frozen=True)
class Trail:
    """Where a value stands: the keys and indices of the inputs, and those of the template's resource."""

    source: tuple[str | int, ...] = ()
    target: tuple[str | int, ...] = ()

    def down(self, key: str | int, *place: str | int) -> Trail:
        return Trail((*self.source, key), (*self.target, *(place or (key,))))

    @property
    def keys(self) -> tuple[str, ...]:
        """The names on the way, without the indices."""
        return tuple(k for k in self.source if isinstance(k, str))


@dataclass(frozen=True)
class Nesting:
    """Builds one resource's body."""

    token: str
    resource: str
    """Its URN, for messages."""
    stand_ins: StandIns

    def body(self, inputs: Mapping[str, Value], model: Model) -> dict[str, Value]:
        """The body of the request that makes the resource, its properties nested."""
        return self._object(inputs, model, Trail())

    def _object(self, value: Mapping[str, Value], model: Model, trail: Trail) -> dict[str, Value]:
        narrow = model.narrowed(value)
        out: dict[str, Value] = {}
        for key, item in value.items():
            if item is None or (not trail.source and (self.token, key) in NOT_IN_BODY):
                continue
            field = self._field(key, narrow, trail)
            place = trail.down(key, *(escaped_key(k) for k in field.path))
            placed = self._value(item, field.kind, place, optional=not field.required)
            if not isinstance(placed, Absent):
                self._set(out, field.path, placed, place)
        return out

    def _field(self, key: str, model: Model, trail: Trail) -> Field:
        found = field_of(self.token, key, model, root=not trail.source)
        if found:
            return found
        raise InputError(
            f"{self.token} has a property that has no place in an ARM template"
            + (" because only Azure sets it" if is_read_only(key, model) else ""),
            key=dotted((*trail.source, key)),
            found=self.resource,
            allowed=f"the properties of {model.name}",
        )

    def _value(self, value: Value, kind: Kind, trail: Trail, *, optional: bool) -> Value | Absent:
        if len(trail.source) > DEPTH:
            raise InputError("a value that nests too deeply", key=dotted(trail.source[:5]), found=self.resource)
        if value == UNKNOWN:
            return self.stand_ins.unknown(trail, kind, optional)
        if value == SECRET:
            return self.stand_ins.secret(trail, kind, optional)
        if kind.shape is Shape.MODEL and kind.model:
            return self._object(self._mapping(value, trail), kind.model, trail)
        if kind.shape is Shape.LIST and kind.of:
            return self._list(self._sequence(value, trail), kind.of, trail)
        if kind.shape is Shape.MAP and kind.of:
            return self._map(value, kind.of, trail)
        return self._any(value, trail) if kind.shape is Shape.ANY else self._scalar(value, trail)

    def _list(self, value: Sequence[Value], of: Kind, trail: Trail) -> list[Value]:
        return [self._value(item, of, trail.down(i), optional=False) for i, item in enumerate(value)]

    def _map(self, value: Value, of: Kind, trail: Trail) -> dict[str, Value]:
        """A map; azure-native takes a map of empty objects, such as the user-assigned identities, as a list of keys."""
        if isinstance(value, list | tuple):
            keys = self._list(value, Kind(Shape.STRING), trail)
            return {str(key): {} for key in keys}
        out: dict[str, Value] = {}
        for key, item in self._mapping(value, trail).items():
            placed = self._value(item, of, trail.down(key, escaped_key(key)), optional=True)
            if not isinstance(placed, Absent):
                out[escaped_key(key)] = placed
        return out

    def _any(self, value: Value, trail: Trail) -> Value:
        """JSON that no model describes: as it is, but for what ARM would read as an expression."""
        if isinstance(value, Mapping):
            return self._map(value, Kind(Shape.ANY), trail)
        if isinstance(value, list | tuple):
            return self._list(value, Kind(Shape.ANY), trail)
        return self._scalar(value, trail)

    def _scalar(self, value: Value, trail: Trail) -> Value:
        if isinstance(value, str):
            return escaped(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float) and value - value == 0:  # neither infinite nor NaN: JSON has neither
            return int(value) if value.is_integer() else value
        raise self._wrong(value, trail, "a text, number or truth value")

    def _mapping(self, value: Value, trail: Trail) -> Mapping[str, Value]:
        if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
            return value
        raise self._wrong(value, trail, "an object")

    def _sequence(self, value: Value, trail: Trail) -> Sequence[Value]:
        if isinstance(value, list | tuple):
            return value
        raise self._wrong(value, trail, "a list")

    def _wrong(self, value: Value, trail: Trail, allowed: str) -> InputError:
        problem = f"{self.resource} has a value of the wrong kind"
        return InputError(problem, key=dotted(trail.source), found=type(value).__name__, allowed=allowed)

    def _set(self, out: dict[str, Value], path: tuple[str, ...], value: Value, trail: Trail) -> None:
        for part in path[:-1]:
            out = out.setdefault(part, {})
        if path[-1] in out:
            raise InputError(f"{self.resource} says one property twice", key=dotted(trail.source), found=path[-1])
        out[path[-1]] = value


def field_of(token: str, key: str, model: Model, *, root: bool) -> Field | None:
    """The field that an input names: directly under the body, or one level down where azure-native flattened."""
    direct, nested = model.named(key), _beneath(key, model)
    if direct and not direct.read_only:
        return direct
    if nested and not nested.read_only:
        return nested
    if root and (token, key) in ADDED:
        return Field(ADDED[token, key], frozenset(), Kind(Shape.ANY), read_only=False, required=False)
    return None


def is_read_only(key: str, model: Model) -> bool:
    """Whether the models know the name of an input, as something that only Azure sets."""
    return bool(model.named(key) or _beneath(key, model))


def _beneath(key: str, model: Model) -> Field | None:
    inner = model.at("properties")
    nested = inner.kind.model.named(key) if inner and inner.kind.model else None
    return replace(nested, path=(*inner.path, *nested.path)) if inner and nested else None


def escaped(text: str) -> str:
    """A literal: ARM reads text in square brackets as an expression unless its first bracket is doubled."""
    return "[" + text if text.startswith("[") and text.endswith("]") else text


escaped_key = escaped
"""Names of properties are read for expressions as their values are."""


def dotted(path: Sequence[Any]) -> str:
    """A path as people write it: `rules[2].priority`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
