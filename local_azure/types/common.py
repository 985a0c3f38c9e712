"""Helpers for the declarations of resource types: name rules, property paths, ids, computed values and constraints."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from formats.local_cloud import TENANT
from local_azure.ids import STORAGE_SERVICES, name_of
from local_azure.locations import normal_location
from local_azure.model import AzureError, Cloud, Constraint, Json, NameRule, Request, StoredResource

NETWORK_NAME_PATTERN = r"(?=.{%d,%d}$)[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
NETWORK_NAME_DESCRIPTION = (
    "%d-%d letters, digits, _, . or -, starting with a letter or digit, ending with a letter, digit or _"
)
"""The name rule of most types of Microsoft.Network, as a regular expression and in words. Both are format strings for
the minimum and maximum length."""


def network_name(least: int = 1, most: int = 80) -> NameRule:
    """Return the name rule of most types of Microsoft.Network (docs/azure-facts.md#names-of-network-resources)."""
    return NameRule(NETWORK_NAME_PATTERN % (least, most), NETWORK_NAME_DESCRIPTION % (least, most))


def fixed_name(word: str) -> NameRule:
    """Return the name rule of a child with one allowed name, such as `default`."""
    return NameRule(word, f"only `{word}`")


def refuse(code: str, message: str, *, status: int = 400, target: str | None = None) -> NoReturn:
    """Refuse a request as Azure does: with its error code, message and HTTP status."""
    raise AzureError(code, message, status=status, target=target)


def values_at(value: Json, path: str) -> list[Json]:
    """Return the values at a property path that are not null. `[*]` means every item of a list."""
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


def resource_group_id(id_: str) -> str:
    """Return the resource group's id, or an empty string for an id outside a resource group."""
    return ancestor_id(id_, "resourceGroups") or ""


def arm_type(id_: str) -> str:
    """Return the ARM type of an id in lower case, such as `microsoft.storage/storageaccounts/blobservices`; for an
    extension resource, its own type and not that of its scope."""
    provider, _, rest = id_.partition("/providers/")[2].rpartition("/providers/")[2].partition("/")
    return "/".join([provider, *rest.split("/")[::2]]).lower() if rest else ""


def guid(*parts: str) -> str:
    """Return a GUID derived from the parts, case-insensitively."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts).lower()))


def etag(request: Request) -> str:
    """Return an ETag that changes only with the resource's inputs."""
    return f'W/"{guid(request.id, repr(sorted(request.new.items(), key=str)))}"'


def identity_outputs(request: Request) -> Mapping[str, Json]:
    """Return the `identity` output: Azure adds principal ids, and turns the list of user-assigned identities into a
    map."""
    given = request.new.get("identity")
    if not isinstance(given, Mapping):
        return {}
    filled: dict[str, Json] = {"type": given.get("type")}
    if "SystemAssigned" in str(given.get("type")):
        filled |= {"principalId": guid(request.id, "principal"), "tenantId": TENANT}
    attached = {id_: principal_and_client_id(request.cloud, id_) for id_ in user_assigned_identity_ids(request.new)}
    if attached:
        filled["userAssignedIdentities"] = attached
    return {"identity": filled}


def user_assigned_identity_ids(properties: Mapping[str, Json]) -> list[str]:
    """Return the ids of a resource's user-assigned identities: the items of a list in inputs, the keys of a map in
    outputs."""
    return list(value_at(properties, "identity.userAssignedIdentities", []))


def principal_and_client_id(cloud: Cloud, id_: str) -> dict[str, Json]:
    """Return the outputs `principalId` and `clientId` of a user-assigned identity, as far as they exist."""
    stored = cloud.get(id_)
    found = stored.properties if stored else {}
    return {key: found[key] for key in ("clientId", "principalId") if key in found}


def external_referrers(request: Request) -> Iterator[StoredResource]:
    """Yield the resources that reference this one, except itself and its children."""
    return (user for user in request.cloud.referencing(request.id) if not within(user.id, request.id))


NON_BLOCKING_REFERRERS = frozenset(
    {
        "azure-native:storage:StorageAccount",
        "azure-native:keyvault:Vault",
        "azure-native:network:FlowLog",
        "azure-native:monitor:DataCollectionRule",
    }
)
"""Types that may reference a resource, for example in a firewall rule or as a log's target, while it is deleted."""


def refuse_while_used(code: str, text: str, *, by: Iterable[str] = (), status: int = 400) -> Constraint:
    """Return a constraint on deletion: no other resource may reference the resource.

    `by`: the Pulumi type tokens of the resources that count. Without it, all count but `NON_BLOCKING_REFERRERS`.
    """
    tokens = frozenset(by)

    def blocks(user: StoredResource) -> bool:
        return user.token in tokens if tokens else user.token not in NON_BLOCKING_REFERRERS

    def constraint(request: Request) -> None:
        user = next((user for user in external_referrers(request) if blocks(user)), None)
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
    while id_.count("/") >= 8:  # the id of a resource in a resource group has at least 8
        stored = cloud.get(id_)
        if stored is not None and stored.location:
            return stored.location
        id_ = parent_id(id_)
    return None


REGIONS_WITHOUT_AVAILABILITY_ZONES = frozenset({"ukwest"})
"""Regions without availability zones (docs/azure-facts.md#uk-regions)."""


def availability_zones_exist(request: Request) -> None:
    """Require availability zones 1 to 3, and none in a region without them."""
    zones = [str(zone) for zone in request.new.get("zones") or ()]
    location = normal_location(request.location)
    if zones and location in REGIONS_WITHOUT_AVAILABILITY_ZONES:
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
    """Return True for any subscription, a stored resource, and a service of a stored storage account, which is not
    stored itself."""
    parts = id_.strip("/").split("/")
    if len(parts) == 2 and parts[0].lower() == "subscriptions":
        return True
    if cloud.get(id_) is not None:
        return True
    return len(parts) > 2 and parts[-2].lower() in STORAGE_SERVICES and cloud.get(parent_id(id_)) is not None


def scope_exists(path: str) -> Constraint:
    """Return a constraint on an extension resource: the resource that it is attached to, its scope, must exist.

    `path`: the property with the scope's id. Code: docs/azure-facts.md#missing-parents-and-scopes.
    """

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


def _quota(request: Request, default: int) -> int:
    """Return the limit of the subscription for the requested type, which Azure's usages name like the type."""
    settings = request.cloud.settings(request.subscription)
    found = settings.quota(request.location or "", arm_type(request.id).rpartition("/")[2]) if settings else None
    return default if found is None else found


def at_most(
    limit: int, token: str, code: str, text: str, *, per_parent: bool = False, all_regions: bool = False
) -> Constraint:
    """Return a constraint on creation: a subscription holds at most `limit` resources of a type in each region.

    `all_regions`: in all its regions together. `per_parent`: a parent resource holds at most `limit` children.
    """

    def constraint(request: Request) -> None:
        if request.old is not None:
            return
        if per_parent:
            number = sum(1 for _ in request.cloud.children(parent_id(request.id), token))
        else:
            location = None if all_regions else request.location
            number = request.cloud.count_of_type(token, request.subscription, location)
        most = limit if per_parent else _quota(request, limit)
        if number >= most:
            refuse(code, text.format(limit=most), status=409)

    return constraint
