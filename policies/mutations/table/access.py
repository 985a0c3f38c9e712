"""Weaknesses of role assignments and locks.

Sources: learn.microsoft.com, "Azure built-in roles" (the GUIDs are the same in every tenant), "Lock your resources".
"""

import re
from collections.abc import Iterator

from policies.model import MISSING, PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening
from policies.mutations.table import external

EXCESSIVE_ROLES = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Account Contributor": "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    "Storage Account Key Operator Service Role": "81a9662b-bebf-436f-a333-f67b29880f12",
    "Key Vault Administrator": "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "Virtual Machine Contributor": "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
    "Virtual Machine Administrator Login": "1c0163c0-47e6-4577-8991-ea5c82e286e4",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Log Analytics Contributor": "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
    "a custom role": "c0570000-0000-4000-8000-000000000001",
}
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
_GROUP = re.compile(r"(?i)(/subscriptions/[^/]+)/resourceGroups/[^/]+")
_CONTAINER = re.compile(r"(?i)/blobServices/default/containers/([^/]+)$")


def _roles(grant: Resource, _: PolicyContext) -> Iterator[tuple[str, str]]:
    definition = str(grant.at("roleDefinitionId")).rpartition("/")[0]
    for name, role in EXCESSIVE_ROLES.items():
        yield name, f"{definition}/{role}"


def _wider_scopes(grant: Resource, _: PolicyContext) -> Iterator[tuple[str, str]]:
    """Yield wider scopes: a container's storage account, a resource's group, the subscription, the tenant's root."""
    scope = str(grant.at("scope"))
    container, group = _CONTAINER.search(scope), _GROUP.match(scope)
    if container:
        yield "the whole storage account", scope[: container.start()]
    if group and group.end() < len(scope):
        yield "the whole group", group[0]
    if group:
        yield "the whole subscription", group[1]
    yield "the tenant's root", "/"


def _other_groups(grant: Resource, estate: PolicyContext) -> Iterator[tuple[str, str]]:
    """Yield a group with a role on another container of the same account: another provider, or a group with another
    duty in the airlock.

    Left out is the read access to released data: another group of the project may read it anyway.
    """
    container = _CONTAINER.search(str(grant.at("scope")))
    reads = str(grant.at("roleDefinitionId")).endswith(BLOB_READER)
    if not container or grant.at("principalType") != "Group" or (container[1] == "released" and reads):
        return
    account = str(grant.at("scope"))[: container.start()]
    for other in estate.of("authorization:RoleAssignment"):
        other_container = _CONTAINER.search(str(other.at("scope")))
        if (
            not other_container
            or str(other.at("scope"))[: other_container.start()] != account
            or other_container[1] == container[1]
        ):
            continue
        if other.at("principalType") == "Group" and other.at("principalId") != grant.at("principalId"):
            yield f"the group of {other.name}", str(other.at("principalId"))
            return


def has_condition(grant: Resource, _: PolicyContext) -> bool:
    """True if a condition narrows the assignment."""
    return grant.at("condition") is not MISSING


GRANT = Table(
    "authorization:RoleAssignment",
    weakenings=(
        Weakening("roleDefinitionId", (), "its holder would have excessive permissions", pick=_roles,
                  missing_ok="Azure refuses an assignment without a role"),
        Weakening("scope", (), "its holder would have the permissions on more resources", pick=_wider_scopes,
                  missing_ok="Azure refuses an assignment without a scope"),
        Weakening("principalType", ("User", "ForeignGroup"), "a person would keep it after leaving the group"),
        Weakening("condition", ("@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] "
                  "StringLike '*'",), "it would apply to blobs that were not scanned", when=has_condition),
        Weakening("conditionVersion", ("1.0",), "Azure would refuse it, or ignore the condition", when=has_condition),
        Weakening("principalId", (), "one group would have permissions that must be separated", pick=_other_groups,
                  missing_ok="Azure refuses an assignment without a principal",
                  unknown_ok="ids of new identities are unknown"),
    ),
    removal=None,
)  # fmt: skip
LOCK = Table(
    "authorization:ManagementLockByScope",
    weakenings=(
        Weakening("level", ("NotSpecified",), "it could be deleted by mistake"),
        Weakening("scope", (external.STORE,), "it could be deleted by mistake",
                  missing_ok="Azure refuses a lock on nothing"),
    ),
    harmless=(Harmless("notes", "documentation only"),),
    removal=Removal("it could be deleted by mistake"),
)  # fmt: skip
ROLE = Table(
    "authorization:RoleDefinition",
    weakenings=(
        Weakening("permissions[*].actions[*]", ("Microsoft.Compute/virtualMachines/write",),
                  "users of a desk could change it", missing_ok="the role permits less"),
        Weakening("permissions", ([{"actions": ["*"]}], [{"actions": ["Microsoft.Compute/virtualMachines/*"]}],
                  [{"actions": [f"Microsoft.Compute/virtualMachines/{one}/action"
                                for one in ("start", "deallocate", "runCommand")]}]),
                  "users of a desk could do more than start and stop it", missing_ok="the role permits nothing"),
        Weakening("permissions[*].dataActions", (["Microsoft.Compute/virtualMachines/loginAsAdmin/action"],),
                  "users of a desk could sign in as administrators"),
        Weakening("assignableScopes", (["/subscriptions/51de0000-0000-4000-8000-000000000002"],),
                  "the role could be assigned outside of the cell", missing_ok="Azure requires them"),
    ),
    harmless=(
        Harmless("roleDefinitionId", "assignments name the role by its id, and IA4 refuses another"),
        Harmless("description", "documentation only"),
        Harmless("roleName", "a name"),
        Harmless("roleType", "Azure makes no built-in role of a custom one"),
        Harmless("scope", "the place of the definition; assignableScopes say where it counts"),
    ),
)  # fmt: skip
IDENTITY = Table("managedidentity:UserAssignedIdentity")
TABLES = (GRANT, LOCK, ROLE, IDENTITY)
