"""ARM ids: built from a type's path and inputs, parsed back into inputs, and taken apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

STORAGE_SERVICES = frozenset({"blobservices", "fileservices", "queueservices", "tableservices"})
"""Child types of a storage account that exist, named `default`, from its creation on."""
_SCOPES = frozenset({"scope", "resourceUri", "resourceId", "scopeId"})
"""Parameters that hold a whole id."""
_OPTIONAL = frozenset({"parentResourcePath"})
"""Parameters that hold zero or more segments."""


def build(path: str, values: Mapping[str, Any], subscription: str) -> str:
    """Return the id of a resource with these inputs."""
    filled = {**values, "subscriptionId": subscription}
    parts = []
    for part in path.strip("/").split("/"):
        name = part[1:-1] if part.startswith("{") else ""
        value = str(filled[name]) if name else part
        parts.append(value.strip("/") if name in _SCOPES | _OPTIONAL else value)
    return "/" + "/".join(part for part in parts if part)


def parse(path: str, id_: str) -> dict[str, str] | None:
    """Return an id's values of the path's parameters, without the subscription; None for an id of another type."""
    found = _path_pattern(path).fullmatch("/" + id_.strip("/"))
    if found is None:
        return None
    values = {key: value or "" for key, value in found.groupdict().items() if key != "subscriptionId"}
    return {key: f"/{value}" if key in _SCOPES else value for key, value in values.items()}


@cache
def _path_pattern(path: str) -> re.Pattern[str]:
    # The literal segments of an ARM id are case-insensitive.
    return re.compile("".join(_segment_pattern(segment) for segment in path.strip("/").split("/")), re.IGNORECASE)


def _segment_pattern(segment: str) -> str:
    if not segment.startswith("{"):
        return "/" + re.escape(segment)
    name = segment[1:-1]
    if name in _OPTIONAL:
        return f"(?:/(?P<{name}>.+?))??"
    return f"/(?P<{name}>.+)" if name in _SCOPES else f"/(?P<{name}>[^/]+)"


def name_of(id_: str) -> str:
    """Return a resource's name: the last segment of its id."""
    return id_.rstrip("/").rsplit("/", 1)[-1]


def parent(path: str, values: Mapping[str, Any], subscription: str) -> tuple[str, str] | None:
    """Return a resource's parent as (parameter, id); None for a top-level resource. Literal segments are skipped.

    The parent of a container is its account, since no request creates the account's blob service.
    """
    above = path.strip("/").split("/")[:-2]  # without the resource's own type and name
    while above and not above[-1].startswith("{"):
        above.pop()
    if not above or above[-1] == "{subscriptionId}":
        return None
    return above[-1][1:-1], build("/".join(above), values, subscription)


def prefixes(id_: str) -> list[str]:
    """Return an id and all its prefixes, the longest first: resources, resource group, subscription."""
    parts = id_.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(len(parts), 1, -1)]
