"""The resources of a stack that policies on the whole estate read, and those that no result can depend on.

A tenancy has many resources of types that no such policy declares, such as locks, keys and diagnostic settings. A
policy could find one only by an id that another resource mentions. Tenancies that differ in these resources alone are
equivalent, so they are left out of the comparison. Shared stacks, which are never equivalent, are read whole.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from formats.stack_config import TenancyConfig, is_kind
from policies.estate_view import ReadablePaths, VisibleResource
from policies.stack_shape import canonical_json


@dataclass(frozen=True)
class StackContent:
    """The visible resources of one stack."""

    read: tuple[VisibleResource, ...]
    """The resources that policies may read, sorted by URN."""
    unread: tuple[VisibleResource, ...] = ()
    """The resources of other types that no resource of the stack mentions."""

    def to_json(self) -> dict[str, Any]:
        """Return the content as plain JSON."""
        return {"read": list(map(_to_json, self.read)), "unread": list(map(_to_json, self.unread))}


@with_config(ConfigDict(extra="forbid", strict=True))
class _StoredResource(TypedDict):
    """The fields of a visible resource that are not the same for all resources of a stack."""

    urn: str
    type: str
    name: str
    id: str | None
    inputs: dict[str, Any]
    property_dependencies: dict[str, list[str]]
    from_program: bool


@with_config(ConfigDict(extra="forbid", strict=True))
class _StoredContent(TypedDict):
    read: list[_StoredResource]
    unread: list[_StoredResource]


_STORED = TypeAdapter(_StoredContent)


def _to_json(resource: VisibleResource) -> dict[str, Any]:
    return {name: getattr(resource, name) for name in _StoredResource.__annotations__}


def read_content(stack: str, value: object, readable: ReadablePaths) -> StackContent:
    """Return a stack's content from JSON that anybody may have written. `ValueError` for anything else."""
    found = _STORED.validate_python(value)
    read, unread = (
        tuple(readable.resource(stack=stack, **resource) for resource in resources)
        for resources in (found["read"], found["unread"])
    )
    return StackContent(read, unread)


def content_of(stack: str, resources: Iterable[VisibleResource], types: Collection[str]) -> StackContent:
    """Return the content of a stack. `types`: those that policies on the whole estate declare."""
    ordered = sorted(resources, key=lambda resource: resource.urn)
    if not is_kind(stack, TenancyConfig):
        return StackContent(tuple(ordered))
    read = [resource for resource in ordered if resource.type in types]
    unread = [resource for resource in ordered if resource.type not in types]
    added = read
    while added and unread:  # a resource that is read because it is mentioned may mention another
        text = "\n".join(map(canonical_json, added)).lower()
        added = [resource for resource in unread if _is_mentioned(resource, text)]
        names = {resource.urn for resource in added}
        unread = [resource for resource in unread if resource.urn not in names]
        read = [*read, *added]
    return StackContent(tuple(sorted(read, key=lambda resource: resource.urn)), tuple(unread))


def _is_mentioned(resource: VisibleResource, text: str) -> bool:
    """True if a text, in lower case, has the id or the URN of a resource, or an id below it."""
    names = (resource.id or "").rstrip("/"), resource.urn
    return any(name and json.dumps(name)[1:-1].lower() in text for name in names)
