"""The fields of a policy rule: type, name and id of a resource, and the aliases of its properties.

An alias is a resource type and a path, such as `Microsoft.Network/bastionHosts/enableTunneling`; `[*]` stands for each
member of an array. Source: docs/azure-facts.md#policy-aliases. Azure publishes a list of aliases for each type; the
local Azure derives them from azure-native's properties, with the renamed ones below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from local_azure.paths import PATHS
from local_azure.schema import Property, arm_type_of, resource

COMMON_FIELDS = frozenset({"type", "name", "fullname", "id", "kind", "location", "tags"})
"""Fields of every resource (docs/azure-facts.md#policy-conditions)."""
TAG = re.compile(r"tags\['([^']+)'\]|tags\[([^'\]]+)\]|tags\.([^.\[\]]+)", re.I)
ALL_ITEMS = "[*]"
GROUP_POLICY_TYPE = "microsoft.resources/subscriptions/resourcegroups"
RENAMED = {
    "microsoft.storage/storageaccounts": {
        "networkacls": "networkruleset",
        "value": "ipaddressorrange",
        "supportshttpstrafficonly": "enablehttpstrafficonly",
    },
}
"""azure-native's name of a property by ARM's name, for each type, in lower case."""


DISCRIMINATORS = frozenset({
    "firewallpolicyfilterrulecollection", "firewallpolicynatrulecollection",
    "applicationrule", "networkrule", "natrule",
})  # fmt: skip
"""Parts of aliases that name one of several types of an object, and are no properties
(docs/azure-facts.md#policy-aliases). An alias for one type also reads the objects of the others."""


class _Missing:
    def __bool__(self) -> bool:
        return False


MISSING = _Missing()
"""The value of a property that the request does not have."""


@dataclass(frozen=True)
class PolicyTarget:
    """The requested resource, as a policy rule evaluates it."""

    id: str
    type: str
    """The ARM type, such as `Microsoft.Network/bastionHosts`."""
    properties: Mapping[str, Any]
    """The inputs, with azure-native's names."""
    has_tags: bool = True
    """False for a type without tags and location, which rules of mode `Indexed` ignore."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the resource and of those above it, the outermost first."""
        return self.id.rpartition("/providers/")[2].split("/")[2::2] or [self.id.rpartition("/")[2]]

    @property
    def policy_type(self) -> str:
        """The type as rules name it, in lower case."""
        lower = self.type.lower()
        return GROUP_POLICY_TYPE if lower == "microsoft.resources/resourcegroups" else lower

    def common_field(self, field: str) -> Any:
        """Return the value of a field of every resource."""
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
    """An alias in lower case: a type, and a path as steps."""

    type: str
    steps: tuple[str, ...]
    """Names, and `[*]` for each member of an array."""

    @classmethod
    def of(cls, field: str) -> Alias | None:
        """Parse an alias. Return None for another string."""
        type_, found, path = field.lower().rpartition("/")
        if not found or "/" not in type_ or not path:
            return None
        steps = [step for part in path.split(".") if part not in DISCRIMINATORS for step in _parts(part)]
        return cls(type_, tuple(steps)) if all(steps) else None

    @property
    def is_array(self) -> bool:
        """True if the path contains `[*]`."""
        return ALL_ITEMS in self.steps

    def relative_to(self, array: Alias) -> tuple[str, ...] | None:
        """Return the steps below a member of the array; None for an alias outside it."""
        length = len(array.steps)
        return self.steps[length:] if self.type == array.type and self.steps[:length] == array.steps else None


def _parts(part: str) -> list[str]:
    name = part.removesuffix(ALL_ITEMS)
    return [name, ALL_ITEMS] if name != part else [name]


def resolve(value: Any, steps: Iterable[str], type_: str) -> list[Any]:
    """Return all present values at a path."""
    found = [value]
    for step in steps:
        if step == ALL_ITEMS:
            found = [member for items in found if isinstance(items, (list, tuple)) for member in items]
        else:
            inner = [_step(item, step, type_) for item in found]
            found = [item for item in inner if item is not MISSING]
    return found


def _step(value: Any, name: str, type_: str) -> Any:
    """Return a property. A few azure-native types keep ARM's `properties` object, which others flatten."""
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
    """Return True if Azure has the alias. True for every alias of a type that azure-native does not list."""
    tokens = _tokens().get(alias.type, ())
    return not tokens or any(_has_path(resource(token).outputs, alias.steps, alias.type) for token in tokens)


@cache
def _tokens() -> Mapping[str, tuple[str, ...]]:
    """Return azure-native's tokens by ARM type in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for token, path in PATHS.items():
        type_ = arm_type_of(path).lower()
        found[type_] = (*found.get(type_, ()), token)
    return found


def _has_path(properties: Mapping[str, Property], steps: Sequence[str], type_: str) -> bool:
    if not steps:
        return True
    name = RENAMED.get(type_, {}).get(steps[0], steps[0])
    known = {key.lower(): found for key, found in properties.items()}
    found = known.get(name) or _inside(known.get("properties")).get(name)
    if found is None:
        return False
    inner, rest = found.type, list(steps[1:])
    while rest and rest[0] == ALL_ITEMS:
        if inner.item is None:
            return False
        inner, rest = inner.item, rest[1:]
    options = [inner, *inner.options]
    return not rest or any(o.kind == "any" or _has_path(o.properties, rest, type_) for o in options)


def _inside(property_: Property | None) -> Mapping[str, Property]:
    found = property_.type.properties if property_ is not None else {}
    return {key.lower(): inner for key, inner in found.items()}
