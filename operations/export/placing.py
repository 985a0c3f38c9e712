"""Where a template's resource is made, and the inputs that its name and place amount to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from formats.arm.routes import RENAMED, Route, singular
from formats.arm.sdk import sdk_type
from formats.errors import InputError
from formats.plan import UNKNOWN, Value, is_subscription

_ID = re.compile(r"/(subscriptions|providers)(/[^/\x00-\x1f]+)+/?", re.I)
_RELATIVE = re.compile(r"[A-Za-z]+(\.[A-Za-z]+)+(/[^/\x00-\x1f]+)+")


@dataclass(frozen=True)
class Place:
    """A subscription and a resource group; None: no group, as for a subscription's own resources."""

    subscription: Value = UNKNOWN
    group: Value = UNKNOWN

    @property
    def id(self) -> str | None:
        """Its ARM id, where it is known."""
        if UNKNOWN in (self.subscription, self.group):
            return None
        above = f"/subscriptions/{self.subscription}"
        return above if self.group is None else f"{above}/resourceGroups/{self.group}"

    def inside(self, subscription: Value, group: Value) -> Place:
        """Where a deployment inside this one makes its resources."""
        moved = self if subscription is None else replace(self, subscription=subscription)
        return moved if group is None else replace(moved, group=group)

    def said(self, metadata: Mapping[str, Any]) -> Place:
        """Where our own templates say that a resource is; ARM has no word for it in a flat list."""
        subscription, group = metadata.get("subscriptionId"), metadata.get("resourceGroup")
        if not is_subscription(subscription):
            return self
        return Place(subscription, group if isinstance(group, str) else None)


@dataclass(frozen=True)
class Standing:
    """What a resource stands on: the scope that it names itself, else the place that it is deployed to."""

    scope: Value
    place: Place

    @property
    def id(self) -> Value:
        """The ARM id of it, or that it is not known."""
        if self.scope is None:
            return self.place.id or UNKNOWN
        if isinstance(self.scope, str) and _ID.fullmatch(self.scope):
            return self.scope
        if isinstance(self.scope, str) and _RELATIVE.fullmatch(self.scope) and self.place.id:
            return f"{self.place.id}/providers/{self.scope}"
        return UNKNOWN


def path_inputs(token: str, way: Route, name: Value, on: Standing, *, where: str) -> dict[str, Value]:
    """The inputs that are arguments of the path: of a resource's name, its scope and the group that it is in."""
    names = {n.lower(): n for n in sdk_type(token).inputs}
    renamed = RENAMED.get(sdk_type(token).module, {})
    given = _given(way, name, where)
    if way.path.startswith("/{"):
        given[way.arguments[0]] = on.id
    elif "{resourceGroupName}" in way.path:
        given.setdefault("resourceGroupName", UNKNOWN if on.place.group is None else on.place.group)
    found = {names.get(a.lower()) or names.get(renamed.get(a.lower(), "")): v for a, v in given.items()}
    found |= {key: value for key, value in _fixed(way, names).items() if key not in found}
    return {key: value for key, value in found.items() if key}


def _given(way: Route, name: Value, where: str) -> dict[str, Value]:
    """The arguments that a name like `parent/child` gives."""
    wanted = way.segments[2::2] if "/providers/" in way.path else (way.path.rpartition("/")[2],)
    parts: list[Value] = name.split("/") if isinstance(name, str) and name != UNKNOWN else [UNKNOWN] * len(wanted)
    if len(parts) != len(wanted) or not all(parts):
        raise InputError("A resource's name does not fit its type.", key=f"{where}.name", found=name,
                         allowed="/".join(wanted))  # fmt: skip
    for part, fixed in zip(parts, wanted, strict=True):
        if not fixed.startswith("{") and part != UNKNOWN and str(part).lower() != fixed.lower():
            raise InputError("Azure has fixed a part of this name.", key=f"{where}.name", found=part, allowed=fixed)
    return {w[1:-1]: part for w, part in zip(wanted, parts, strict=True) if w.startswith("{")}


def _fixed(way: Route, names: Mapping[str, str]) -> dict[str, Value]:
    """Inputs for names that Azure has fixed, as the blob service's is."""
    found: dict[str, Value] = {}
    for type_, name in zip(way.segments[1::2], way.segments[2::2], strict=False):
        for key in (f"{type_}name".lower(), f"{singular(type_.lower())}name"):
            if not name.startswith("{") and key in names:
                found[names[key]] = name
    return found
