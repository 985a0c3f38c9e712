"""What the declarations share: property paths, ids, refusals in Azure's words, names, stable made-up values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from local_azure.declare import AzureError, Change, Cloud, Json, Name, Rule, Stored

TENANT = "10ca1000-0000-4000-8000-0000000000aa"
"""The one tenant of the local Azure."""

# azure-facts 1.1: letters, digits, `_`, `.`, `-`; starts with a letter or digit; ends with a letter, digit or `_`.
WORD_DOT = r"(?=.{%d,%d}$)[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
WORD_DOT_SHAPE = "%d-%d letters, digits, _, . or -, starting with a letter or digit, ending with a letter, digit or _"


def word_dot(least: int = 1, most: int = 80, scope: str = "group") -> Name:
    """The name rule that most of Microsoft.Network uses (azure-facts 1.1)."""
    return Name(WORD_DOT % (least, most), WORD_DOT_SHAPE % (least, most), scope=scope)  # type: ignore[arg-type]


def only(word: str) -> Name:
    """A child that can have one name alone, such as `default`."""
    return Name(word, f"only `{word}`", scope="parent")


def refuse(code: str, message: str, *, status: int = 400, target: str | None = None) -> NoReturn:
    raise AzureError(code, message, status=status, target=target)


def every(value: Json, path: str) -> list[Json]:
    """All present values at a property path; `[*]` walks a list; missing steps give nothing."""
    found = [value]
    for step in path.split("."):
        key, starred = step.removesuffix("[*]"), step.endswith("[*]")
        found = [item[key] for item in found if isinstance(item, Mapping) and item.get(key) is not None]
        if starred:
            found = [item for items in found if isinstance(items, (list, tuple)) for item in items]
    return found


def one(value: Json, path: str, default: Json = None) -> Json:
    """The value at a property path, or the default where a step is missing."""
    found = every(value, path)
    return found[0] if found else default


def same(left: str | None, right: str | None) -> bool:
    """Whether two ids, names or places are one to Azure, which takes no note of case."""
    return left is not None and right is not None and left.rstrip("/").lower() == right.rstrip("/").lower()


def within(id_: str, scope: str) -> bool:
    """Whether an id is the scope or lies below it."""
    return f"{id_.lower().rstrip('/')}/".startswith(f"{scope.lower().rstrip('/')}/")


def place(location: str | None) -> str:
    """`UK South` and `uksouth` are one location to Azure."""
    return (location or "").replace(" ", "").lower()


def last(id_: str) -> str:
    """The name at the end of an id."""
    return id_.rstrip("/").rsplit("/", 1)[-1]


def above(id_: str, levels: int = 1) -> str:
    """The id that many type/name pairs up: of a subnet, its virtual network."""
    return "/".join(id_.rstrip("/").split("/")[: -2 * levels])


def upto(id_: str, segment: str) -> str | None:
    """The part of an id that ends with the name after `segment`: upto(subnet, "virtualNetworks") is the VNet's id."""
    parts = id_.split("/")
    lower = [part.lower() for part in parts]
    if segment.lower() not in lower:
        return None
    return "/".join(parts[: lower.index(segment.lower()) + 2])


def group_of(id_: str) -> str:
    """The resource group's id, or an empty string for what stands outside of one."""
    return upto(id_, "resourceGroups") or ""


def arm_type(id_: str) -> str:
    """The ARM type that an id names, in lower case: `microsoft.storage/storageaccounts/blobservices`."""
    provider, _, rest = id_.partition("/providers/")[2].rpartition("/providers/")[2].partition("/")
    return "/".join([provider, *rest.split("/")[::2]]).lower() if rest else ""


def guid(*parts: str) -> str:
    """A GUID that is the same for the same parts, whatever their case."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts).lower()))


def etag(change: Change) -> str:
    return f'W/"{guid(change.id, repr(sorted(change.new.items(), key=str)))}"'


def identity_outputs(change: Change) -> Mapping[str, Json]:
    """The `identity` output: Azure adds principal ids, and turns the list of user identities into a map."""
    given = change.new.get("identity")
    if not isinstance(given, Mapping):
        return {}
    filled: dict[str, Json] = {"type": given.get("type")}
    if "SystemAssigned" in str(given.get("type")):
        filled |= {"principalId": guid(change.id, "principal"), "tenantId": TENANT}
    attached = {id_: identity_ids(change.cloud, id_) for id_ in user_identities(change.new)}
    return {"identity": filled | ({"userAssignedIdentities": attached} if attached else {})}


def user_identities(properties: Mapping[str, Json]) -> list[str]:
    """The ids of the user-assigned identities on a resource: a list in inputs, a map in outputs."""
    return list(one(properties, "identity.userAssignedIdentities", []))


def identity_ids(cloud: Cloud, id_: str) -> dict[str, Json]:
    """The principal and client id of a user-assigned identity."""
    stored = cloud.get(id_)
    found = stored.properties if stored else {}
    return {key: found[key] for key in ("clientId", "principalId") if key in found}


def other_users(change: Change) -> Iterator[Stored]:
    """What uses the resource from outside: not itself, and not what lies below it."""
    return (user for user in change.cloud.users(change.id) if not within(user.id, change.id))


LOOSE = frozenset(
    {
        "azure-native:storage:StorageAccount",
        "azure-native:keyvault:Vault",
        "azure-native:network:FlowLog",
        "azure-native:monitor:DataCollectionRule",
    }
)
"""Types whose pointing at a resource (a firewall rule, a log's target) does not hold it back from deletion."""


def refuse_while_used(code: str, text: str, *, by: Iterable[str] = (), status: int = 400) -> Rule:
    """A delete rule: refused while another resource (of the tokens in `by`, or any not loose) points here."""
    tokens = frozenset(by)

    def rule(change: Change) -> None:
        held = (user for user in other_users(change) if (user.token in tokens if tokens else user.token not in LOOSE))
        user = next(held, None)
        if user is not None:
            refuse(code, text.format(name=change.name, id=change.id, user=user.id), status=status, target=change.id)

    return rule


def in_same_region(*paths: str) -> Rule:
    """A rule of Microsoft.Network: what a resource points at must be in its own region.

    The code and words are the network provider's own for a reference it cannot see from the region it is in.
    """

    def rule(change: Change) -> None:
        for id_ in (id_ for path in paths for id_ in every(change.new, path)):
            where = region_of(change.cloud, id_)
            if where and place(where) != place(region_of(change.cloud, change.id) or change.location):
                refuse(
                    "InvalidResourceReference",
                    f"Resource {id_} referenced by resource {change.id} was not found. Please make sure that the "
                    "referenced resource exists, and that both resources are in the same region.",
                    target=id_,
                )

    return rule


def region_of(cloud: Cloud, id_: str) -> str | None:
    """A resource's location, or its parent's for a child such as a subnet."""
    while id_.count("/") >= 8:
        stored = cloud.get(id_)
        if stored is not None and stored.location:
            return stored.location
        id_ = above(id_)
    return None


NO_ZONES = frozenset({"ukwest"})
"""azure-facts 7: UK West has no availability zones."""


def zones_exist(change: Change) -> None:
    """Zones are 1 to 3, and only where the region has them."""
    zones = [str(zone) for zone in change.new.get("zones") or ()]
    if zones and place(change.location) in NO_ZONES:
        refuse(
            "AvailabilityZoneNotSupported",
            f"The zone(s) '{','.join(zones)}' for resource '{change.id}' is not supported. The supported zones for "
            f"location '{place(change.location)}' are ''",
        )
    wrong = sorted(set(zones) - {"1", "2", "3"})
    if wrong:
        refuse(
            "InvalidAvailabilityZone",
            f"The zone(s) '{','.join(wrong)}' for resource '{change.id}' is not supported. The supported zones for "
            f"location '{place(change.location)}' are '1,2,3'",
        )


SERVICES = frozenset({"blobservices", "fileservices", "queueservices", "tableservices"})


def standing(cloud: Cloud, id_: str) -> bool:
    """Whether a scope exists: a subscription, a stored resource, or a storage account's ever-present service."""
    parts = id_.strip("/").split("/")
    if len(parts) == 2 and parts[0].lower() == "subscriptions":
        return True
    if cloud.get(id_) is not None:
        return True
    return len(parts) > 2 and parts[-2].lower() in SERVICES and cloud.get(above(id_)) is not None


def scope_exists(path: str) -> Rule:
    """An extension resource needs the resource it extends (azure-facts 2.1)."""

    def rule(change: Change) -> None:
        scope = one(change.new, path)
        if isinstance(scope, str) and not standing(change.cloud, f"/{scope.strip('/')}"):
            refuse(
                "ResourceNotFound",
                f"The Resource '{last(above(scope))}/{last(scope)}' under scope '{scope}' was not found.",
                status=404,
                target=scope,
            )

    return rule


def at_most(limit: int, token: str, code: str, text: str, *, siblings: bool = False, everywhere: bool = False) -> Rule:
    """A quota: so many of a type in a subscription and region (or everywhere), or (siblings) under one parent."""

    def rule(change: Change) -> None:
        if change.old is not None:
            return
        if siblings:
            held = sum(1 for _ in change.cloud.children(above(change.id), token))
        else:
            held = change.cloud.held(token, change.subscription, None if everywhere else change.location)
        if held >= limit:
            refuse(code, text.format(limit=limit), status=409)

    return rule
