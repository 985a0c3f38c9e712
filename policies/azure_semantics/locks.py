"""Management locks, and the resources that they protect.

Source: learn.microsoft.com, "Lock your resources to protect your infrastructure": a lock applies below its scope too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from formats.arm.id_parents import with_parents
from policies.azure_semantics import ids
from policies.azure_semantics.properties import lower_text
from policies.model import PolicyContext, Resource, Unknown

HOLDS_DATA = (
    "compute:Disk",
    "compute:Snapshot",
    "containerregistry:Registry",
    "cosmosdb:DatabaseAccount",
    "databricks:Workspace",
    "dataprotection:BackupVault",
    "dbformysql:Server",
    "dbforpostgresql:Server",
    "eventhub:Namespace",
    "healthcareapis:Workspace",
    "keyvault:ManagedHsm",
    "kusto:Cluster",
    "keyvault:Vault",
    "machinelearningservices:Workspace",
    "netapp:CapacityPoolVolume",
    "operationalinsights:Workspace",
    "purview:Account",
    "recoveryservices:Vault",
    "search:Service",
    "sql:Database",
    "sql:ManagedInstance",
    "sql:Server",
    "storage:StorageAccount",
    "synapse:Workspace",
)
"""Types that hold data or keys, and need a lock."""
HOLDS_DATA_IN_PARENT = (
    "random:index/randomBytes:RandomBytes",
    "random:index/randomPassword:RandomPassword",
    "keyvault:Key",
    "keyvault:Secret",
    "storage:BlobContainer",
    "storage:FileShare",
    "storage:BlobContainerImmutabilityPolicy",
)
"""Types that hold data or keys but need no lock: their parent's lock protects them, or they are in the state only."""
BY_SCOPE, BY_GROUP = "authorization:ManagementLockByScope", "authorization:ManagementLockAtResourceGroupLevel"
BY_RESOURCE = "authorization:ManagementLockAtResourceLevel"
BY_SUBSCRIPTION = "authorization:ManagementLockAtSubscriptionLevel"
LOCKS = (BY_SCOPE, BY_GROUP, BY_RESOURCE, BY_SUBSCRIPTION)
LEVELS = ("cannotdelete", "readonly")


def is_locked(resource: Resource, context: PolicyContext) -> bool:
    """True if a lock protects a resource: on itself, or on a parent scope.

    Raises `Unknown` if the scope of a lock is unknown and may be this resource's.
    """
    scopes, unknown_scopes = _locks_of(context)
    own = ids.own(resource)
    if any(parent in scopes for parent in with_parents(own)):
        return True
    if any(resource.urn in depends for depends in unknown_scopes):
        raise Unknown("scope")
    return False


def is_read_only(id_: str, context: PolicyContext) -> bool:
    """True if a lock by scope on exactly this lower-case id refuses each change of it. Raises `Unknown` if a lock that
    is not known may be that one."""
    known, unknown = _read_only(context)
    if id_ not in known and unknown:
        raise Unknown("level")
    return id_ in known


@lru_cache(maxsize=2)
def _read_only(context: PolicyContext) -> tuple[frozenset[str], bool]:
    """Return the ids that a lock of level ReadOnly is on, and True if a lock is not known."""
    found: set[str] = set()
    unknown = False
    for lock in context.of(BY_SCOPE):
        try:
            found.update(scopes_of(lock) if lower_text(lock, "level") == "readonly" else ())
        except Unknown:
            unknown = True
    return frozenset(found), unknown


@lru_cache(maxsize=2)
def _locks_of(context: PolicyContext) -> tuple[frozenset[str], list[tuple[str, ...]]]:
    """Return the ids with a lock, and the dependencies of each lock whose scope is unknown; computed once per
    context."""
    scopes: set[str] = set()
    unknown_scopes: list[tuple[str, ...]] = []
    for lock in context.of(*LOCKS):
        try:
            scopes.update(scopes_of(lock) if lower_text(lock, "level") in LEVELS else ())
        except Unknown:
            unknown_scopes.append(
                (*lock.dependencies, *(u for urns in lock.property_dependencies.values() for u in urns))
            )
    return frozenset(scopes), unknown_scopes


def scopes_of(lock: Resource) -> Iterator[str]:
    """Yield the id of the scope that a lock protects."""
    if lock.type == BY_SCOPE:
        yield ids.plain(lock.at("scope"))
    else:
        yield ids.own(lock).rsplit("/providers/microsoft.authorization/locks/", 1)[0]
