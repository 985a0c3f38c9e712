"""The resources of a stack that policies on the whole estate read, and those that no result can depend on.

A tenancy has many resources of types that no such policy declares, such as locks, keys and diagnostic settings. A
policy could find one only by an id that another resource mentions. Tenancies that differ in these resources alone are
equivalent, so they are left out of the comparison. Shared stacks, which are never equivalent, are read whole.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from formats.stack_config import TenancyConfig, is_kind
from policies.estate_view import VisibleResource
from policies.stack_shape import canonical_json


@dataclass(frozen=True)
class StackContent:
    """The visible resources of one stack."""

    read: tuple[VisibleResource, ...]
    """The resources that policies may read, sorted by URN."""
    unread: tuple[VisibleResource, ...] = ()
    """The resources of other types that no resource of the stack mentions."""


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
