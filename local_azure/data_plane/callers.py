"""The callers of a service: people with Entra groups, and managed identities."""

from __future__ import annotations

from dataclasses import dataclass

from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.places import InNetwork, Place, only
from local_azure.model import Cloud, StoredResource
from local_azure.types.common import same, user_assigned_identity_ids
from local_azure.types.managedidentity import IDENTITY


@dataclass(frozen=True)
class Caller:
    """The sender of a request."""

    principals: frozenset[str]
    """The object ids in Entra with which roles are assigned, in lower case: of the groups or of the identity."""
    identity: StoredResource | None = None
    """The managed identity; None for a person, who signs in with Entra."""


def person(*groups: str) -> Caller:
    """Return a person in these Entra groups, by object id."""
    return Caller(frozenset(group.lower() for group in groups))


def managed_identity(cloud: Cloud, name: str) -> Caller:
    """Return the user-assigned identity with this name."""
    found = only(cloud.of_type(IDENTITY), name, "managed identity")
    return Caller(frozenset({str(found.properties["principalId"]).lower()}), found)


def check_identity(attempt: Attempt, caller: Caller, place: Place) -> None:
    """Require that a managed identity is attached to the virtual machine that uses it. Computers that the estate does
    not declare, in a subnet alone, are assumed to have the identity."""
    machine = place.machine if isinstance(place, InNetwork) else None
    if caller.identity is None:
        return
    if not isinstance(place, InNetwork):
        attempt.refuse(Control.IDENTITY, "outside Azure there are no managed identities", 0, "IdentityNotFound",
                     "No managed identity endpoint was found.")  # fmt: skip
    if machine is None:
        attempt.passed(Control.IDENTITY, f"{caller.identity.name}, of a computer in the subnet")
        return
    attached = user_assigned_identity_ids(machine.properties)
    if not any(same(id_, caller.identity.id) for id_ in attached):
        attempt.refuse(Control.IDENTITY, f"{machine.name} does not have {caller.identity.name}", 400, "invalid_request",
                     "Identity not found")  # fmt: skip
    attempt.passed(Control.IDENTITY, f"{machine.name} has {caller.identity.name}")
