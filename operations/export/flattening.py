"""Convert an ARM body to azure-native's flat inputs: the reverse of `nesting.py`.

Properties without a name in the SDK keep ARM's name, so that no part of a template is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formats.arm.sdk import AZURE_NATIVE, inputs_of, sdk_type
from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Value
from formats.pulumi_sdk import SdkProperty
from operations.export.nesting import field_of
from operations.export.request_models import Field, Kind, Model, Shape

_ABSENT = object()


@dataclass(frozen=True)
class Flattening:
    """Convert one resource's body, whose expressions are evaluated."""

    token: str
    resource: str
    """The resource's name in messages."""

    def inputs(self, body: Mapping[str, Value], model: Model, without: frozenset[str]) -> dict[str, Value]:
        """Return the inputs of a body. `without` are the arguments of the path, in lower case."""
        names = {name: property_ for name, property_ in inputs_of(self.token).items() if name.lower() not in without}
        return self._object(body, model, names, root=True)

    def _object(
        self, value: Mapping[str, Value], model: Model, names: Mapping[str, SdkProperty], *, root: bool = False
    ) -> dict[str, Value]:
        rest = _copied(value)
        self._refuse_duplicates(rest)
        narrow = model.narrowed(value)
        out: dict[str, Value] = {}
        for name, property_ in names.items():
            field = field_of(self.token, name, narrow, root=root)
            found = self._take(rest, field) if field else _ABSENT
            if field and found is not _ABSENT and found is not None:
                out[name] = self._value(found, field.kind, property_)
        for key, item in rest.items():
            if item is not None and not (item == {} and value[key] != {}):
                out.setdefault(key, item)
        return out

    def _take(self, rest: dict[str, Any], field: Field) -> Any:
        """Remove a value from the body. A value inside an unknown one is unknown."""
        container: Any = rest
        for part in field.path[:-1]:
            container = container.get(_key(container, part)) if isinstance(container, dict) else None
            if container == UNKNOWN:
                return container
        if not isinstance(container, dict):
            return _ABSENT
        self._refuse_duplicates(container)
        return container.pop(_key(container, field.path[-1]), _ABSENT)

    def _value(self, value: Value, kind: Kind, property_: SdkProperty) -> Value:
        if value in (UNKNOWN, SECRET):
            return value
        if kind.shape is Shape.MODEL and kind.model and isinstance(value, Mapping):
            names = self._names(property_)
            return self._object(value, kind.model, names) if names else value
        if kind.shape is Shape.LIST and kind.of and isinstance(value, list):
            return [self._value(item, kind.of, property_) for item in value]
        if kind.shape is Shape.MAP and kind.of and isinstance(value, Mapping):
            return self._map(value, kind.of, property_)
        return value

    def _map(self, value: Mapping[str, Value], of: Kind, property_: SdkProperty) -> Value:
        """Return a map, or its keys if azure-native has a list of keys, as for user-assigned identities."""
        if property_.is_list and not property_.classes:
            return list(value)
        return {key: self._value(item, of, property_) for key, item in value.items()}

    def _names(self, property_: SdkProperty) -> Mapping[str, SdkProperty]:
        """Return the properties of every class that an object may have; the model decides which of them apply."""
        module = sdk_type(self.token).module
        return {k: v for name in reversed(property_.classes) for k, v in AZURE_NATIVE.properties(module, name).items()}

    def _refuse_duplicates(self, found: Mapping[str, Value]) -> None:
        """Refuse keys that differ in case only: ARM treats them as one property."""
        seen: set[str] = set()
        for key in found:
            if key.lower() in seen:
                raise InputError("A template sets one property twice.", file=self.resource, key=key)
            seen.add(key.lower())


def _key(found: Mapping[str, Any], wanted: str) -> str:
    """Return the key as written in the template."""
    if wanted in found:
        return wanted
    return next((key for key in found if key.lower() == wanted.lower()), wanted)


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the objects of a value. Lists are shared."""
    return {key: _copied(item) if isinstance(item, Mapping) else item for key, item in value.items()}
