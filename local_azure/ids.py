"""ARM ids: made from a type's path and its inputs, and read back into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SCOPES = frozenset({"scope", "resourceUri", "scopeId"})
"""Parameters that hold a whole id rather than one segment."""


def build(path: str, values: Mapping[str, Any], subscription: str) -> str:
    """The id of a resource with these inputs."""
    filled = {**values, "subscriptionId": subscription}
    parts = []
    for part in path.strip("/").split("/"):
        name = part[1:-1] if part.startswith("{") else ""
        value = str(filled[name]) if name else part
        parts.append(value.strip("/") if name in _SCOPES else value)
    return "/" + "/".join(parts)


def parse(path: str, id_: str) -> dict[str, str] | None:
    """The parameters of a path that an id fills, the subscription left out; None where it is of another type."""
    steps, parts = path.strip("/").split("/"), id_.strip("/").split("/")
    found: dict[str, str] = {}
    if steps[0][1:-1] in _SCOPES:
        length = len(parts) - len(steps) + 1
        if length < 1:
            return None
        found[steps[0][1:-1]] = "/" + "/".join(parts[:length])
        steps, parts = steps[1:], parts[length:]
    if len(steps) != len(parts):
        return None
    for step, part in zip(steps, parts, strict=True):
        if step.startswith("{"):
            found[step[1:-1]] = part
        elif step.lower() != part.lower():
            return None
    found.pop("subscriptionId", None)
    return found


def name(id_: str) -> str:
    """A resource's name: the last segment."""
    return id_.rstrip("/").rsplit("/", 1)[-1]


def parent(path: str, values: Mapping[str, Any], subscription: str) -> tuple[str, str] | None:
    """What a resource stands in, as (parameter, id): cut after the last parameter but its own; None for the top."""
    steps = path.strip("/").split("/")
    marks = [index for index, step in enumerate(steps) if step.startswith("{")]
    if path.endswith("}"):
        marks = marks[:-1]
    if not marks or steps[marks[-1]] == "{subscriptionId}":
        return None
    upto = "/".join(steps[: marks[-1] + 1])
    return steps[marks[-1]][1:-1], build(upto, values, subscription)
