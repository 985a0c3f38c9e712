"""Find the stores of airlock stages, and the store with the containers that providers upload to."""

from __future__ import annotations

from policies.azure_semantics import ids
from policies.azure_semantics.blob_grants import grants_on
from policies.model import PolicyContext, Resource

CONTAINER = "storage:BlobContainer"
PENDING, APPROVED = "asked", "released"
STAGES = (PENDING, APPROVED)
"""The names of containers: the store of a stage has one container, whose name identifies the stage."""


def containers_of(store: Resource, context: PolicyContext) -> set[str]:
    """Return the names of the containers that are declared in a store."""
    inside = f"{ids.own(store)}/"
    return {ids.name(c.id) for c in context.same_stack(store, CONTAINER) if c.id and ids.plain(c.id).startswith(inside)}


def stage_of(store: Resource, context: PolicyContext) -> str:
    """Return the airlock stage of a store, by its containers; empty for a store of another kind."""
    found = containers_of(store, context)
    return next((stage for stage in STAGES if stage in found), "")


def is_airlock(store: Resource, context: PolicyContext) -> bool:
    """Return True if a store has a stage, or if roles on single containers let principals read: an airlock."""
    if stage_of(store, context):
        return True
    return any(grant.container and not grant.writes for grant in grants_on(store, context))


def is_intake(store: Resource, context: PolicyContext) -> bool:
    """Return True if all roles on single containers of the store only write: each provider uploads to its own."""
    own = [grant for grant in grants_on(store, context) if grant.container]
    return bool(own) and all(grant.writes for grant in own)
