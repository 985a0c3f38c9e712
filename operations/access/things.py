"""The resources and scopes that access rights are on: containers, stores, vaults, registries, computers, logs and
resource groups, with a label for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from formats.stack_config import DataClass, JunctionZoneConfig, SafeHavenConfig, TenancyConfig, is_kind
from formats.stack_names import TENANCY
from policies.azure_semantics import ids
from policies.model import PolicyContext, Resource
from policies.reachability.technique import Source


class Kind(StrEnum):
    """The kinds of resource that rights are on, and `SCOPE` for all others."""

    CONTAINER = "container"
    STORE = "storage account"
    VAULT = "key vault"
    REGISTRY = "container registry"
    COMPUTER = "virtual machine"
    LOGS = "log workspace"
    GROUP = "resource group"
    SCOPE = "scope"
    """Any other resource, subscription or management group that a role is assigned on."""


TYPES: Mapping[str, Kind] = {
    "storage:BlobContainer": Kind.CONTAINER,
    "storage:StorageAccount": Kind.STORE,
    "keyvault:Vault": Kind.VAULT,
    "containerregistry:Registry": Kind.REGISTRY,
    "compute:VirtualMachine": Kind.COMPUTER,
    "operationalinsights:Workspace": Kind.LOGS,
    "resources:ResourceGroup": Kind.GROUP,
}
SOURCES: Mapping[Kind, Source] = {
    Kind.STORE: Source.STORE,
    Kind.VAULT: Source.VAULT,
    Kind.REGISTRY: Source.REGISTRY,
    Kind.COMPUTER: Source.COMPUTER,
}
"""The source in the table of techniques (`policies/reachability/control_plane.py`) of each kind."""
_AIRLOCKS = {
    "import-asked": "import airlock, waiting for review",
    "import-released": "import airlock, approved",
    "export-asked": "export airlock, waiting for review",
    "export-released": "export airlock, approved",
    "outbox": "outbox",
}
_ZONES = (JunctionZoneConfig, SafeHavenConfig)


@dataclass(frozen=True)
class Thing:
    """A resource or scope that access rights are on."""

    id: str
    """The ARM id in lower case."""
    kind: Kind
    label: str
    """In words, with its stack."""
    name: str
    """Its name in Azure."""
    stack: str = ""
    place: str = ""
    """The zone or project that it belongs to; empty for the hub and what is outside the estate."""
    data_class: str = ""
    store: str = ""
    """For a container: the id of its store. For stores, vaults and registries: its own id."""


def things_of(context: PolicyContext) -> Mapping[str, Thing]:
    """Return every resource of an estate that rights are on, by id. One whose id is not known is left out."""
    found = (_thing(resource, TYPES[resource.type], context) for resource in context.of(*TYPES) if resource.id)
    return {thing.id: thing for thing in found}


def _thing(resource: Resource, kind: Kind, context: PolicyContext) -> Thing:
    id_ = ids.plain(resource.id)
    store_id = id_.split("/blobservices/")[0] if kind is Kind.CONTAINER else id_
    store = context.get(store_id) if kind is Kind.CONTAINER else None
    place = _place(store or resource)
    words = _words(store or resource, kind, place)
    label = f"container {ids.name(id_)} of the {words}" if kind is Kind.CONTAINER else words
    data_class: DataClass = context.data_class(resource)
    return Thing(
        id_,
        kind,
        f"{label} ({resource.stack})",
        ids.name(id_),
        resource.stack,
        place,
        data_class.value,
        store_id if kind in (Kind.CONTAINER, Kind.STORE, Kind.VAULT, Kind.REGISTRY) else "",
    )


def _place(resource: Resource) -> str:
    if is_kind(resource.stack, TenancyConfig):
        return resource.stack.removeprefix(TENANCY)
    if not is_kind(resource.stack, *_ZONES):
        return ""
    return "junction" if resource.name.startswith("inbox-") else resource.name.partition("-")[0]


def _words(resource: Resource, kind: Kind, place: str) -> str:
    """Return a resource in words, by its kind and its logical name, which never changes once it is deployed."""
    name = resource.name
    if kind in (Kind.STORE, Kind.CONTAINER):
        return _store_words(name, place)
    if kind is Kind.COMPUTER:
        return f"{name.replace('-', ' ', 1)} of {place}" if place else f"staff machine {name}"
    if kind is Kind.REGISTRY:
        return f"{kind} of {place}"
    return f"{kind} {name}"


def _store_words(name: str, place: str) -> str:
    if name in _AIRLOCKS:
        return f"{_AIRLOCKS[name]}, of {place}"
    if name.startswith("inbox-"):
        return f"inbox of provider {name.removeprefix('inbox-')}"
    return f"{place if name == 'data' else name} store"


def scope_thing(scope: str) -> Thing:
    """Return the `Thing` of a scope that is none of the estate's resources."""
    if not scope:
        return Thing("", Kind.SCOPE, "a scope that is not known before the deployment", "")
    parts = scope.split("/")
    what = {3: "subscription"}.get(len(parts), ids.kind(scope) or "resource group")
    return Thing(scope, Kind.SCOPE, f"{what} {ids.name(scope)}", ids.name(scope))
