"""The user-assigned identities of a resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policies.model import MISSING, Resource, Unknown

ASSIGNED = "identity.userAssignedIdentities"


def assigned_identities(resource: Resource) -> Sequence[object]:
    """Return the ids of the identities, which azure-native takes as a list or as the keys of a map."""
    found = resource.at(ASSIGNED)
    if found is MISSING:
        return ()
    if isinstance(found, Mapping):
        return tuple(found)
    if not isinstance(found, list | tuple):
        raise Unknown(ASSIGNED)
    return tuple(resource.at(f"{ASSIGNED}[{i}]") for i in range(len(found)))
