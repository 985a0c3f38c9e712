"""What a policy rule may ask of a request: the type, name and id of a resource, and the aliases of its properties.

An alias is a resource type and a path, such as `Microsoft.Network/bastionHosts/enableTunneling`; `[*]` stands for each
member of an array. Source: learn.microsoft.com, "Azure Policy definition structure alias". Azure publishes them type by
type; here they are taken from the properties that azure-native knows, whose names differ in the few cases below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from local_azure.paths import PATHS
from local_azure.schema import Property, arm_type_of, resource

PLAIN = frozenset({"type", "name", "fullname", "id", "kind", "location", "tags"})
"""Fields that every resource has (same source, "Fields")."""
TAG = re.compile(r"tags\['([^']+)'\]|tags\[([^'\]]+)\]|tags\.([^.\[\]]+)", re.I)
MEMBERS = "[*]"
GROUPS = "microsoft.resources/subscriptions/resourcegroups"
RENAMED = {
    "microsoft.storage/storageaccounts": {
        "networkacls": "networkruleset",
        "supportshttpstrafficonly": "enablehttpstrafficonly",
    },
}
"""Where azure-native calls a property otherwise than ARM, by type, in lower case."""


class _Missing:
    def __bool__(self) -> bool:
        return False


MISSING = _Missing()
"""Stands for what the request does not say. It equals nothing, and is like nothing."""


@dataclass(frozen=True)
class Subject:
    """The resource that a request would make: what a rule looks at."""

    id: str
    type: str
    """ARM's, such as `Microsoft.Network/bastionHosts`."""
    properties: Mapping[str, Any]
    """As azure-native has them, with what Azure would fill in."""
    has_tags: bool = True
    """Whether the type has tags and a location: rules of mode `Indexed` look at no other."""

    @property
    def names(self) -> Sequence[str]:
        """Its own name and those of what it lies in, the outermost first."""
        return self.id.rpartition("/providers/")[2].split("/")[2::2] or [self.id.rpartition("/")[2]]

    @property
    def policy_type(self) -> str:
        """The type as rules call it, in lower case."""
        lower = self.type.lower()
        return GROUPS if lower == "microsoft.resources/resourcegroups" else lower

    def plain(self, field: str) -> Any:
        """A field that every resource has."""
        match field.lower():
            case "type":
                return self.policy_type
            case "name":
                return self.names[-1]
            case "fullname":
                return "/".join(self.names)
            case "id":
                return self.id
            case other:
                return _named(self.properties, other)


@dataclass(frozen=True)
class Alias:
    """An alias, in lower case: its type, and its path as steps."""

    type: str
    steps: tuple[str, ...]
    """Names, and `[*]` for each member of an array."""

    @classmethod
    def of(cls, field: str) -> Alias | None:
        """The alias so written; None for what is none."""
        type_, found, path = field.lower().rpartition("/")
        if not found or "/" not in type_ or not path:
            return None
        steps = [step for part in path.split(".") for step in _parts(part)]
        return cls(type_, tuple(steps)) if all(steps) else None

    @property
    def lists(self) -> bool:
        """Whether it stands for the members of an array, or what lies in them."""
        return MEMBERS in self.steps

    def after(self, array: Alias) -> tuple[str, ...] | None:
        """The steps from a member of an array on; None where this alias is not of that array."""
        length = len(array.steps)
        return self.steps[length:] if self.type == array.type and self.steps[:length] == array.steps else None


def _parts(part: str) -> list[str]:
    name = part.removesuffix(MEMBERS)
    return [name, MEMBERS] if name != part else [name]


def reach(value: Any, steps: Iterable[str], type_: str) -> list[Any]:
    """The values at the end of some steps; what is missing gives nothing."""
    found = [value]
    for step in steps:
        if step == MEMBERS:
            found = [member for items in found if isinstance(items, (list, tuple)) for member in items]
        else:
            inner = [_step(item, step, type_) for item in found]
            found = [item for item in inner if item is not MISSING]
    return found


def _step(value: Any, name: str, type_: str) -> Any:
    """What one name leads to. A few types of azure-native keep ARM's `properties` around what others have flattened."""
    found = _named(value, RENAMED.get(type_, {}).get(name, name))
    if found is MISSING and isinstance(value, Mapping) and isinstance(value.get("properties"), Mapping):
        return _named(value["properties"], name)
    return found


def _named(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        return MISSING
    found = next((item for key, item in value.items() if key.lower() == name.lower()), None)
    return MISSING if found is None else found


def is_alias(alias: Alias) -> bool:
    """Whether Azure has such an alias; of types that azure-native does not tell here, all are taken for one."""
    tokens = _tokens().get(alias.type, ())
    return not tokens or any(_leads(resource(token).outputs, alias.steps, alias.type) for token in tokens)


@cache
def _tokens() -> Mapping[str, tuple[str, ...]]:
    """azure-native's types by ARM's, in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for token, path in PATHS.items():
        type_ = arm_type_of(path).lower()
        found[type_] = (*found.get(type_, ()), token)
    return found


def _leads(properties: Mapping[str, Property], steps: Sequence[str], type_: str) -> bool:
    if not steps:
        return True
    name = RENAMED.get(type_, {}).get(steps[0], steps[0])
    known = {key.lower(): found for key, found in properties.items()}
    found = known.get(name) or _inside(known.get("properties")).get(name)
    if found is None:
        return False
    inner, rest = found.type, list(steps[1:])
    while rest and rest[0] == MEMBERS:
        if inner.item is None:
            return False
        inner, rest = inner.item, rest[1:]
    options = [inner, *inner.options]
    return not rest or any(o.kind == "any" or _leads(o.properties, rest, type_) for o in options)


def _inside(property_: Property | None) -> Mapping[str, Property]:
    found = property_.type.properties if property_ is not None else {}
    return {key.lower(): inner for key, inner in found.items()}
