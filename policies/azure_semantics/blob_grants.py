"""Blob grants: who may read and write the blobs of a store, by the role assignments of the same context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.azure_semantics import ids
from policies.azure_semantics.role_assignments import ASSIGNMENTS, Principal, principal_of, role_of
from policies.azure_semantics.roles import READS, WRITES
from policies.model import PolicyContext, Resource

CONTAINERS = "/blobservices/default/containers/"


@dataclass(frozen=True)
class BlobGrant:
    """One right over blobs."""

    assignment: Resource
    principal: Principal
    container: str
    """The container's name in lower case; empty for a whole store, or more."""
    writes: bool


def grants_on(account: Resource, context: PolicyContext) -> Iterator[BlobGrant]:
    """Yield the rights over the blobs of an account that are assigned on it or inside it.

    `Unknown` where a scope or a role is unknown. Assignments on the resource group or above are not included.
    """
    own = ids.own(account)
    for type_ in ASSIGNMENTS:
        for assignment in context.referencing(type_, "scope", account):
            role = role_of(assignment)
            if role in READS:
                inner = ids.plain(assignment.at("scope")).removeprefix(own)
                container = inner.removeprefix(CONTAINERS).partition("/")[0] if CONTAINERS in inner else ""
                yield BlobGrant(assignment, principal_of(assignment), container, role in WRITES)
