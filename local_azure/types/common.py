"""Helpers of the declarations: property paths, ids, refusals, names and stable computed values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from local_azure.ids import STORAGE_SERVICES, name_of
from local_azure.locations import normal_location
from local_azure.model import AzureError, Cloud, Constraint, Json, NameRule, Request, StoredResource

TENANT = "10ca1000-0000-4000-8000-0000000000aa"
"""The only tenant of the local Azure."""

NETWORK_NAME = r"(?=.{%d,%d}$)[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
NETWORK_NAME_DESCRIPTION = (
    "%d-%d letters, digits, _, . or -, starting with a letter or digit, ending with a letter, digit or _"
)


def network_name(least: int = 1, most: int = 80) -> NameRule:
    """Return the name rule of most types of Microsoft.Network (docs/azure-facts.md#names-of-network-resources)."""
    return NameRule(NETWORK_NAME % (least, most), NETWORK_NAME_DESCRIPTION % (least, most))


def fixed_name(word: str) -> NameRule:
    """Return the name rule of a child with one allowed name, such as `default`."""
    return NameRule(word, f"only `{word}`")


def refuse(code: str, message: str, *, status: int = 400, target: str | None = None) -> NoReturn:
    raise AzureError(code, message, status=status, target=target)


def values_at(value: Json, path: str) -> list[Json]:
    """Return all present values at a property path. `[*]` means every item of a list."""
    found = [value]
    for step in path.split("."):
        key, starred = step.removesuffix("[*]"), step.endswith("[*]")
        found = [item[key] for item in found if isinstance(item, Mapping) and item.get(key) is not None]
        if starred:
            found = [item for items in found if isinstance(items, (list, tuple)) for item in items]
    return found


def value_at(value: Json, path: str, default: Json = None) -> Json:
    """Return the value at a property path, or the default if it is absent."""
    found = values_at(value, path)
    return found[0] if found else default


def same(left: str | None, right: str | None) -> bool:
    """Return True if two ids or names are equal, case-insensitively as in Azure."""
    return left is not None and right is not None and left.rstrip("/").lower() == right.rstrip("/").lower()


def within(id_: str, scope: str) -> bool:
    """Return True if an id is the scope or below it."""
    return f"{id_.lower().rstrip('/')}/".startswith(f"{scope.lower().rstrip('/')}/")


def parent_id(id_: str) -> str:
    """Return the id without its last type and name: of a subnet's id, that of its virtual network."""
    return "/".join(id_.rstrip("/").split("/")[:-2])


def ancestor_id(id_: str, segment: str) -> str | None:
    """Return the id up to the name after `segment`: ancestor_id(subnet, "virtualNetworks") is the network's id."""
    parts = id_.split("/")
    lower = [part.lower() for part in parts]
    if segment.lower() not in lower:
        return None
    return "/".join(parts[: lower.index(segment.lower()) + 2])


def group_of(id_: str) -> str:
    """Return the resource group's id, or an empty string for an id outside a resource group."""
    return ancestor_id(id_, "resourceGroups") or ""


def arm_type(id_: str) -> str:
    """Return the ARM type of an id in lower case: `microsoft.storage/storageaccounts/blobservices`."""
    provider, _, rest = id_.partition("/providers/")[2].rpartition("/providers/")[2].partition("/")
    return "/".join([provider, *rest.split("/")[::2]]).lower() if rest else ""


def guid(*parts: str) -> str:
    """Return a GUID derived from the parts, case-insensitively."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts).lower()))


def etag(request: Request) -> str:
    return f'W/"{guid(request.id, repr(sorted(request.new.items(), key=str)))}"'


def identity_outputs(request: Request) -> Mapping[str, Json]:
    """Return the `identity` output: Azure adds principal ids, and turns the list of user identities into a map."""
    given = request.new.get("identity")
    if not isinstance(given, Mapping):
        return {}
    filled: dict[str, Json] = {"type": given.get("type")}
    if "SystemAssigned" in str(given.get("type")):
        filled |= {"principalId": guid(request.id, "principal"), "tenantId": TENANT}
    attached = {id_: identity_ids(request.cloud, id_) for id_ in user_identities(request.new)}
    if attached:
        filled["userAssignedIdentities"] = attached
    return {"identity": filled}


def user_identities(properties: Mapping[str, Json]) -> list[str]:
    """Return the ids of a resource's user-assigned identities: a list in inputs, a map in outputs."""
    return list(value_at(properties, "identity.userAssignedIdentities", []))


def identity_ids(cloud: Cloud, id_: str) -> dict[str, Json]:
    """Return the principal id and the client id of a user-assigned identity."""
    stored = cloud.get(id_)
    found = stored.properties if stored else {}
    return {key: found[key] for key in ("clientId", "principalId") if key in found}


def external_references(request: Request) -> Iterator[StoredResource]:
    """Yield the resources that reference this one, except itself and its children."""
    return (user for user in request.cloud.referencing(request.id) if not within(user.id, request.id))


NON_BLOCKING = frozenset(
    {
        "azure-native:storage:StorageAccount",
        "azure-native:keyvault:Vault",
        "azure-native:network:FlowLog",
        "azure-native:monitor:DataCollectionRule",
    }
)
"""Types whose reference to a resource, such as a firewall rule or a log's target, does not block its deletion."""


def refuse_while_used(code: str, text: str, *, by: Iterable[str] = (), status: int = 400) -> Constraint:
    """Return a delete constraint: no other resource (of the tokens in `by`, or any blocking type) may reference it."""
    tokens = frozenset(by)

    def blocks(user: StoredResource) -> bool:
        return user.token in tokens if tokens else user.token not in NON_BLOCKING

    def constraint(request: Request) -> None:
        user = next((user for user in external_references(request) if blocks(user)), None)
        if user is not None:
            refuse(code, text.format(name=request.name, id=request.id, user=user.id), status=status, target=request.id)

    return constraint


def in_same_region(*paths: str) -> Constraint:
    """Return a constraint of Microsoft.Network: a referenced resource must be in the resource's own region.

    Code and message: docs/azure-facts.md#references-within-a-region.
    """

    def constraint(request: Request) -> None:
        for id_ in (id_ for path in paths for id_ in values_at(request.new, path)):
            where = region_of(request.cloud, id_)
            own = region_of(request.cloud, request.id) or request.location
            if where and normal_location(where) != normal_location(own):
                refuse(
                    "InvalidResourceReference",
                    f"Resource {id_} referenced by resource {request.id} was not found. Please make sure that the "
                    "referenced resource exists, and that both resources are in the same region.",
                    target=id_,
                )

    return constraint


def region_of(cloud: Cloud, id_: str) -> str | None:
    """Return a resource's location, or its parent's for a child such as a subnet."""
    while id_.count("/") >= 8:
        stored = cloud.get(id_)
        if stored is not None and stored.location:
            return stored.location
        id_ = parent_id(id_)
    return None


NO_ZONES = frozenset({"ukwest"})
"""Regions without availability zones (docs/azure-facts.md#uk-regions)."""


def zones_exist(request: Request) -> None:
    """Zones are 1 to 3, and only in a region that has them."""
    zones = [str(zone) for zone in request.new.get("zones") or ()]
    location = normal_location(request.location)
    if zones and location in NO_ZONES:
        refuse(
            "AvailabilityZoneNotSupported",
            f"The zone(s) '{','.join(zones)}' for resource '{request.id}' is not supported. The supported zones for "
            f"location '{location}' are ''",
        )
    wrong = sorted(set(zones) - {"1", "2", "3"})
    if wrong:
        refuse(
            "InvalidAvailabilityZone",
            f"The zone(s) '{','.join(wrong)}' for resource '{request.id}' is not supported. The supported zones for "
            f"location '{location}' are '1,2,3'",
        )


def scope_is_known(cloud: Cloud, id_: str) -> bool:
    """Return True for a subscription, a stored resource, and a service that every storage account has."""
    parts = id_.strip("/").split("/")
    if len(parts) == 2 and parts[0].lower() == "subscriptions":
        return True
    if cloud.get(id_) is not None:
        return True
    return len(parts) > 2 and parts[-2].lower() in STORAGE_SERVICES and cloud.get(parent_id(id_)) is not None


def scope_exists(path: str) -> Constraint:
    """Return a constraint: the extended resource exists (docs/azure-facts.md#missing-parents-and-scopes)."""

    def constraint(request: Request) -> None:
        scope = value_at(request.new, path)
        if isinstance(scope, str) and not scope_is_known(request.cloud, f"/{scope.strip('/')}"):
            refuse(
                "ResourceNotFound",
                f"The Resource '{name_of(parent_id(scope))}/{name_of(scope)}' under scope '{scope}' was not found.",
                status=404,
                target=scope,
            )

    return constraint


def at_most(
    limit: int, token: str, code: str, text: str, *, siblings: bool = False, everywhere: bool = False
) -> Constraint:
    """Return a quota on the number of resources of a type in a subscription and region.

    `everywhere` counts all regions of the subscription; `siblings` counts the children of one parent.
    """

    def constraint(request: Request) -> None:
        if request.old is not None:
            return
        if siblings:
            number = sum(1 for _ in request.cloud.children(parent_id(request.id), token))
        else:
            location = None if everywhere else request.location
            number = request.cloud.count_of_type(token, request.subscription, location)
        if number >= limit:
            refuse(code, text.format(limit=limit), status=409)

    return constraint
