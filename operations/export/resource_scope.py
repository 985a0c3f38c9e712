"""The scope of a template's resource, and the inputs that follow from its name and scope."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from formats.arm.routes import RENAMED, Route, singular
from formats.arm.sdk import sdk_type
from formats.errors import InputError
from formats.plan import UNKNOWN, Value, is_subscription
from formats.unknown_values import Cause, CauseKind, UnknownValue

SUBSCRIPTION = Cause(CauseKind.SCOPE, "the subscription")
GROUP = Cause(CauseKind.SCOPE, "the resource group")
_ID = re.compile(r"/(subscriptions|providers)(/[^/\x00-\x1f]+)+/?", re.I)
_RELATIVE = re.compile(r"[A-Za-z]+(\.[A-Za-z]+)+(/[^/\x00-\x1f]+)+")


@dataclass(frozen=True)
class DeploymentScope:
    """The subscription and resource group of a deployment. The group is None for a subscription's own resources."""

    subscription: Value = UnknownValue([SUBSCRIPTION])  # noqa: RUF009 - immutable
    group: Value = UnknownValue([GROUP])  # noqa: RUF009 - immutable

    @property
    def id(self) -> str | None:
        """The ARM id, or None if unknown."""
        if UNKNOWN in (self.subscription, self.group):
            return None
        subscription = f"/subscriptions/{self.subscription}"
        return subscription if self.group is None else f"{subscription}/resourceGroups/{self.group}"

    def nested(self, subscription: Value, group: Value) -> DeploymentScope:
        """Return the scope of a nested deployment."""
        moved = self if subscription is None else replace(self, subscription=subscription)
        return moved if group is None else replace(moved, group=group)

    def from_metadata(self, metadata: Mapping[str, Any]) -> DeploymentScope:
        """Return the scope in the metadata that an exported template has for each resource, or this one."""
        subscription, group = metadata.get("subscriptionId"), metadata.get("resourceGroup")
        if not is_subscription(subscription):
            return self
        return DeploymentScope(subscription, group if isinstance(group, str) else None)


@dataclass(frozen=True)
class ResourceScope:
    """A resource's scope: its own, or that of the deployment."""

    scope: Value
    deployment: DeploymentScope

    @property
    def id(self) -> Value:
        """The ARM id, or `UNKNOWN`."""
        unknown = UnknownValue([GROUP if self.deployment.group is not None else SUBSCRIPTION])
        if self.scope is None:
            return self.deployment.id or unknown
        if isinstance(self.scope, str) and _ID.fullmatch(self.scope):
            return self.scope
        if isinstance(self.scope, str) and _RELATIVE.fullmatch(self.scope) and self.deployment.id:
            return f"{self.deployment.id}/providers/{self.scope}"
        return self.scope if isinstance(self.scope, UnknownValue) else unknown


def path_inputs(token: str, request: Route, name: Value, scope: ResourceScope, *, where: str) -> dict[str, Value]:
    """Return the inputs that are arguments of the path, from a resource's name, scope and resource group."""
    names = {n.lower(): n for n in sdk_type(token).inputs}
    renamed = RENAMED.get(sdk_type(token).module, {})
    given = _given(request, name, where)
    if request.path.startswith("/{"):
        given[request.arguments[0]] = scope.id
    elif "{resourceGroupName}" in request.path:
        group = scope.deployment.group
        given.setdefault("resourceGroupName", UnknownValue([GROUP]) if group is None else group)
    found = {names.get(a.lower()) or names.get(renamed.get(a.lower(), "")): v for a, v in given.items()}
    found |= {key: value for key, value in _fixed(request, names).items() if key not in found}
    return {key: value for key, value in found.items() if key}


def _given(request: Route, name: Value, where: str) -> dict[str, Value]:
    """Return the arguments of the path in a name such as `parent/child`."""
    wanted = request.segments[2::2] if "/providers/" in request.path else (request.path.rpartition("/")[2],)
    parts: list[Value] = name.split("/") if isinstance(name, str) and name != UNKNOWN else [name] * len(wanted)
    if len(parts) != len(wanted) or not all(parts):
        raise InputError("A resource's name does not fit its type.", key=f"{where}.name", found=name,
                         allowed="/".join(wanted))  # fmt: skip
    for part, fixed in zip(parts, wanted, strict=True):
        if not fixed.startswith("{") and part != UNKNOWN and str(part).lower() != fixed.lower():
            raise InputError("Azure has fixed a part of this name.", key=f"{where}.name", found=part, allowed=fixed)
    return {w[1:-1]: part for w, part in zip(wanted, parts, strict=True) if w.startswith("{")}


def _fixed(request: Route, names: Mapping[str, str]) -> dict[str, Value]:
    """Return the inputs for names that Azure fixes, such as that of the blob service."""
    found: dict[str, Value] = {}
    for type_, name in zip(request.segments[1::2], request.segments[2::2], strict=False):
        for key in (f"{type_}name".lower(), f"{singular(type_.lower())}name"):
            if not name.startswith("{") and key in names:
                found[names[key]] = name
    return found
