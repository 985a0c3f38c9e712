"""ARM ids: made from a type's path and its inputs, and read back into them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

_SCOPES = frozenset({"scope", "resourceUri", "resourceId", "scopeId"})
"""Parameters that hold a whole id rather than one segment."""
_OPTIONAL = frozenset({"parentResourcePath"})
"""Parameters that hold any number of segments, none among them."""


def build(path: str, values: Mapping[str, Any], subscription: str) -> str:
    """The id of a resource with these inputs."""
    filled = {**values, "subscriptionId": subscription}
    parts = []
    for part in path.strip("/").split("/"):
        name = part[1:-1] if part.startswith("{") else ""
        value = str(filled[name]) if name else part
        parts.append(value.strip("/") if name in _SCOPES | _OPTIONAL else value)
    return "/" + "/".join(part for part in parts if part)


def parse(path: str, id_: str) -> dict[str, str] | None:
    """The parameters of a path that an id fills, the subscription left out; None where it is of another type."""
    found = _shape(path).fullmatch("/" + id_.strip("/"))
    if found is None:
        return None
    values = {key: value or "" for key, value in found.groupdict().items() if key != "subscriptionId"}
    return {key: f"/{value}" if key in _SCOPES else value for key, value in values.items()}


@cache
def _shape(path: str) -> re.Pattern[str]:
    """A path as a regular expression. ARM's own words stand in any case."""
    return re.compile("".join(_step(step) for step in path.strip("/").split("/")), re.IGNORECASE)


def _step(step: str) -> str:
    if not step.startswith("{"):
        return "/" + re.escape(step)
    name = step[1:-1]
    if name in _OPTIONAL:
        return f"(?:/(?P<{name}>.+?))??"
    return f"/(?P<{name}>.+)" if name in _SCOPES else f"/(?P<{name}>[^/]+)"


def name(id_: str) -> str:
    """A resource's name: the last segment."""
    return id_.rstrip("/").rsplit("/", 1)[-1]


def parent(path: str, values: Mapping[str, Any], subscription: str) -> tuple[str, str] | None:
    """What a resource stands in, as (parameter, id); None for the top. Words of ARM's own between the two are skipped.

    A container stands in its account: the account's blob service is not a resource that anybody makes.
    """
    above = path.strip("/").split("/")[:-2]  # its own type and name
    while above and not above[-1].startswith("{"):
        above.pop()
    if not above or above[-1] == "{subscriptionId}":
        return None
    return above[-1][1:-1], build("/".join(above), values, subscription)


def prefixes(id_: str) -> list[str]:
    """An id and every scope that it lies in, from itself upwards: resources, group, subscription."""
    parts = id_.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(len(parts), 1, -1)]
