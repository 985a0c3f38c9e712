"""ARM ids: built from a type's path template and inputs, parsed, and split into name, parent and prefixes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

STORAGE_SERVICES = frozenset({"blobservices", "fileservices", "queueservices", "tableservices"})
"""Child types of a storage account whose only instance, `default`, Azure creates with the account; in lower case."""
_SCOPES = frozenset({"scope", "resourceUri", "resourceId"})
"""Path parameters whose value is itself a resource id, such as the scope of an extension resource."""


def build(path: str, values: Mapping[str, Any], subscription: str) -> str:
    """Return a resource's id: the path template (`/subscriptions/{subscriptionId}/…`), filled with its inputs."""
    filled = {**values, "subscriptionId": subscription}
    parts = []
    for part in path.strip("/").split("/"):
        name = part[1:-1] if part.startswith("{") else ""
        value = str(filled[name]) if name else part
        parts.append(value.strip("/") if name in _SCOPES else value)
    return "/" + "/".join(part for part in parts if part)


def parse(path: str, id_: str) -> dict[str, str] | None:
    """Return the values of a path's parameters in an id, except `subscriptionId`; None if the id does not match."""
    found = _path_pattern(path).fullmatch("/" + id_.strip("/"))
    if found is None:
        return None
    values = found.groupdict().items()
    return {key: f"/{value}" if key in _SCOPES else value for key, value in values if key != "subscriptionId"}


@cache
def _path_pattern(path: str) -> re.Pattern[str]:
    # The literal segments of an ARM id are case-insensitive.
    return re.compile("".join(_segment_pattern(segment) for segment in path.strip("/").split("/")), re.IGNORECASE)


def _segment_pattern(segment: str) -> str:
    if not segment.startswith("{"):
        return "/" + re.escape(segment)
    name = segment[1:-1]
    return f"/(?P<{name}>.+)" if name in _SCOPES else f"/(?P<{name}>[^/]+)"


def name_of(id_: str) -> str:
    """Return a resource's name: the last segment of its id."""
    return id_.rstrip("/").rsplit("/", 1)[-1]


def subscription_of(id_: str) -> str:
    """Return the subscription in an id in lower case, or an empty string."""
    parts = id_.strip("/").split("/")
    return parts[1].lower() if len(parts) > 1 and parts[0].lower() == "subscriptions" else ""


def parent(path: str, values: Mapping[str, Any], subscription: str) -> tuple[str, str] | None:
    """Return the nearest ancestor that a path parameter names, as the parameter's name and the ancestor's id.

    It is a resource, a resource group or a scope; None for a resource group and for what is directly in a subscription.
    A fixed name, such as the blob service `default`, is skipped: the parent of a container is its account.
    """
    above = path.strip("/").split("/")[:-2]  # without the resource's own type and name
    while above and not above[-1].startswith("{"):
        above.pop()
    if not above or above[-1] == "{subscriptionId}":
        return None
    return above[-1][1:-1], build("/".join(above), values, subscription)


def prefixes(id_: str) -> list[str]:
    """Return an id and its prefixes of two segments and more, the longest first. Not every prefix is itself an id."""
    parts = id_.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(len(parts), 1, -1)]
