"""The way back from an ARM body to azure-native's flat inputs: each name of the SDK is looked for where nesting put it.

What the SDK has no name for is kept under its own, so that nothing of a template is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formats.arm.sdk import Hint, hints, hints_of_class, sdk_type
from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Value
from operations.export.models import Field, Kind, Model, Shape
from operations.export.nesting import field_of

_GONE = object()


@dataclass(frozen=True)
class Flattening:
    """Reads one resource's body, its expressions already resolved or unknown."""

    token: str
    resource: str
    """What to call it in messages."""

    def inputs(self, body: Mapping[str, Value], model: Model, without: frozenset[str]) -> dict[str, Value]:
        """The inputs that make this body; `without`: the arguments of the path, in lower case, which it has not."""
        names = {name: hint for name, hint in hints(self.token).items() if name.lower() not in without}
        return self._object(body, model, names, root=True)

    def _object(
        self, value: Mapping[str, Value], model: Model, names: Mapping[str, Hint], *, root: bool = False
    ) -> dict[str, Value]:
        rest = _copied(value)
        self._refuse_doubles(rest)
        narrow = model.narrowed(value)
        out: dict[str, Value] = {}
        for name, hint in names.items():
            field = field_of(self.token, name, narrow, root=root)
            found = self._take(rest, field) if field else _GONE
            if field and found is not _GONE and found is not None:
                out[name] = self._value(found, field.kind, hint)
        for key, item in rest.items():
            if item is not None and not (item == {} and value[key] != {}):
                out.setdefault(key, item)
        return out

    def _take(self, rest: dict[str, Any], field: Field) -> Any:
        """Takes a value out of the body. What lies in something unknown is unknown itself."""
        place: Any = rest
        for part in field.path[:-1]:
            place = place.get(_key(place, part)) if isinstance(place, dict) else None
            if place == UNKNOWN:
                return UNKNOWN
        if not isinstance(place, dict):
            return _GONE
        self._refuse_doubles(place)
        return place.pop(_key(place, field.path[-1]), _GONE)

    def _value(self, value: Value, kind: Kind, hint: Hint) -> Value:
        if value in (UNKNOWN, SECRET):
            return value
        if kind.shape is Shape.MODEL and kind.model and isinstance(value, Mapping):
            names = self._names(hint)
            return self._object(value, kind.model, names) if names else value
        if kind.shape is Shape.LIST and kind.of and isinstance(value, list):
            return [self._value(item, kind.of, hint) for item in value]
        if kind.shape is Shape.MAP and kind.of and isinstance(value, Mapping):
            return self._map(value, kind.of, hint)
        return value

    def _map(self, value: Mapping[str, Value], of: Kind, hint: Hint) -> Value:
        """A map; azure-native has those whose keys alone say something, such as the identities, as a list of keys."""
        if hint.is_list and not hint.classes:
            return list(value)
        return {key: self._value(item, of, hint) for key, item in value.items()}

    def _names(self, hint: Hint) -> Mapping[str, Hint]:
        """The names of every class that an object may follow: the model says which of them fit."""
        module = sdk_type(self.token).module
        return {k: v for name in reversed(hint.classes) for k, v in hints_of_class(module, name).items()}

    def _refuse_doubles(self, found: Mapping[str, Value]) -> None:
        """ARM takes names in any case, so that two of them may be one property, said twice."""
        seen: set[str] = set()
        for key in found:
            if key.lower() in seen:
                raise InputError("A template says one property twice.", file=self.resource, key=key)
            seen.add(key.lower())


def _key(found: Mapping[str, Any], wanted: str) -> str:
    """The key as it is written there."""
    if wanted in found:
        return wanted
    return next((key for key in found if key.lower() == wanted.lower()), wanted)


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    """The objects of a value anew, lists and all else as they are."""
    return {key: _copied(item) if isinstance(item, Mapping) else item for key, item in value.items()}
