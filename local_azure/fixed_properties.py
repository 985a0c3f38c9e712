"""Refusals of changes to fixed properties, by Azure's error code. Facts: docs/azure-facts.md#fixed-properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from formats.property_paths import parse
from local_azure.diffs import affects, differences
from local_azure.model import AzureError, AzureType

PROPERTY_FIXED = "PropertyChangeNotAllowed"
ZONES_FIXED = "ResourceAvailabilityZonesCannotBeModified"
CONNECTION_FIXED = "CannotChangePrivateLinkConnectionOnPrivateEndpoint"
_PROFILES = ("osProfile.", "storageProfile.")
"""Parts of a virtual machine's paths that Azure's messages leave out."""


def _compute_message(path: str, _: str) -> str:
    for profile in _PROFILES:
        path = path.removeprefix(profile)
    return f"Changing property '{path}' is not allowed."


def _zones_message(_: str, id_: str) -> str:
    return (
        f"Resource {id_} has an existing availability zone constraint, and the request has another one. Zones cannot "
        "be added/updated/removed once the resource is created."
    )


def _storage_message(path: str, _: str) -> str:
    return (
        f"The property '{path.rpartition('.')[2]}' was specified in the input, but it cannot be updated as it is "
        "read-only. For more information, see - https://aka.ms/storageaccountupdate"
    )


_MESSAGES: Mapping[str, tuple[int, Callable[[str, str], str]]] = {
    PROPERTY_FIXED: (409, _compute_message),
    ZONES_FIXED: (400, _zones_message),
    CONNECTION_FIXED: (400, lambda _, id_: f"Cannot change the private link connection on private endpoint {id_}."),
    "AccountPropertyCannotBeUpdated": (400, _storage_message),
    "RoleAssignmentUpdateNotPermitted": (
        400,
        lambda *_: "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    ),
}


def refuse_fixed_changes(type_: AzureType, id_: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse an update that changes the location or a property that the type declares as `immutable`."""
    found = list(differences(old, new))
    if type_.location == "required" and any(difference.path == ("location",) for difference in found):
        name = id_.rpartition("/")[2]
        text = (
            f"The resource '{name}' already exists in location '{old.get('location')}'. A resource with the same name "
            f"cannot be created in location '{new.get('location')}'. Please select a new resource name."
        )
        raise AzureError("InvalidResourceLocation", text, status=409)
    for path, code in type_.immutable.items():
        if any(affects(parse(path), difference) for difference in found):
            status, message = _MESSAGES.get(code, (400, _other_message))
            raise AzureError(code, message(path, id_), status=status, target=path)


def _other_message(path: str, id_: str) -> str:
    return f"The property '{path}' of '{id_}' cannot be changed."
