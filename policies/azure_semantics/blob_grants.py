"""Who may read and write the blobs of a store, by the role assignments that are judged here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.azure_semantics import ids
from policies.azure_semantics.properties import word
from policies.azure_semantics.roles import ASSIGNMENTS, READS, WRITES, role_of
from policies.model import Estate, Resource, Unknown

CONTAINERS = "/blobservices/default/containers/"


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a role: an Entra object's id, or what the id that is not known yet is made of."""

    id: str
    made_by: tuple[str, ...] = ()
    """The URNs that an id which is not known yet comes from."""

    def same_as(self, other: Holder) -> bool:
        """Whether the two are one. `Unknown` where nobody can say yet."""
        if self.id and other.id:
            return self.id == other.id
        if not (self.id or self.made_by) or not (other.id or other.made_by):
            raise Unknown("principalId")
        return not self.id and not other.id and self.made_by == other.made_by


@dataclass(frozen=True)
class Grant:
    """One right over blobs."""

    assignment: Resource
    holder: Holder
    container: str
    """The container's name in lower case; empty for a whole store, or more."""
    writes: bool


def grants_on(account: Resource, estate: Estate) -> Iterator[Grant]:
    """The rights over the blobs of an account that are given on it or inside it.

    `Unknown` where a place or a role is not known yet. What is given on the resource group or above is not told here.
    """
    own = ids.own(account)
    for type_ in ASSIGNMENTS:
        for assignment in estate.pointing(type_, "scope", account):
            role = role_of(assignment)
            if role in READS:
                inner = ids.plain(assignment.at("scope")).removeprefix(own)
                container = inner.removeprefix(CONTAINERS).partition("/")[0] if CONTAINERS in inner else ""
                yield Grant(assignment, holder_of(assignment), container, role in WRITES)


def holder_of(assignment: Resource) -> Holder:
    """Whom a role is given to. What the same deployment makes has no id yet, and is no group that exists."""
    try:
        return Holder(word(assignment, "principalId"))
    except Unknown:
        return Holder("", tuple(sorted(assignment.property_dependencies.get("principalId", ()))))
