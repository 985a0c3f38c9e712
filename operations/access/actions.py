"""What a right lets its holder do, and the operation of Azure that it needs for it.

Operations: learn.microsoft.com, "Azure permissions" for Storage, Security, Compute, Containers, Monitor, and Management
and governance.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from operations.access.things import Kind


class Action(StrEnum):
    """What a right lets its holder do."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    READ_SECRETS = "read secrets"
    USE_KEYS = "use keys"
    RELEASE_KEYS = "release keys"
    SIGN_IN = "sign in"
    ADMINISTER = "sign in as administrator"
    READ_LOGS = "read logs"
    LIST_KEYS = "list account keys"
    START_AND_STOP = "start and stop"
    TAKE = "take data by the control plane"
    MANAGE = "manage"
    MANAGE_RIGHTS = "manage rights, also its own"
    READ_SETTINGS = "read settings"


DATA_ACTIONS = (Action.READ, Action.WRITE, Action.DELETE, Action.READ_SECRETS)
"""The actions for which a request has to reach a store, vault or registry over the network."""
SIGN_IN_ACTIONS = (Action.SIGN_IN, Action.ADMINISTER)
NEEDS_WAY = (*DATA_ACTIONS, *SIGN_IN_ACTIONS)
"""The actions for which a right is of no use without a network path."""
_STORAGE, _VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
_BLOBS = f"{_STORAGE}/blobServices/containers/blobs"
_MACHINE, _WORKSPACE = "Microsoft.Compute/virtualMachines", "Microsoft.OperationalInsights/workspaces"
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_GROUP = "Microsoft.Resources/subscriptions/resourceGroups"
BLOB_OPERATIONS = (
    (Action.READ, f"{_BLOBS}/read", True),
    (Action.WRITE, f"{_BLOBS}/write", True),
    (Action.DELETE, f"{_BLOBS}/delete", True),
)
"""Needed for the actions on a container, and on a store that has no container yet."""
_RIGHTS = (Action.MANAGE_RIGHTS, "Microsoft.Authorization/roleAssignments/write", False)
Needed = tuple[Action, str, bool]
"""An action, the operation that it needs, and True if that is an operation on data."""
NEEDED: Mapping[Kind, tuple[Needed, ...]] = {
    Kind.CONTAINER: (*BLOB_OPERATIONS, _RIGHTS),
    Kind.STORE: (
        (Action.LIST_KEYS, f"{_STORAGE}/listKeys/action", False),
        (Action.MANAGE, f"{_STORAGE}/write", False),
        _RIGHTS,
    ),
    Kind.VAULT: (
        (Action.READ_SECRETS, f"{_VAULT}/secrets/getSecret/action", True),
        (Action.USE_KEYS, f"{_VAULT}/keys/unwrap/action", True),
        (Action.RELEASE_KEYS, f"{_VAULT}/keys/release/action", True),
        (Action.MANAGE, f"{_VAULT}/write", False),
        _RIGHTS,
    ),
    Kind.REGISTRY: (
        (Action.READ, f"{_REGISTRY}/pull/read", False),
        (Action.WRITE, f"{_REGISTRY}/push/write", False),
        (Action.DELETE, f"{_REGISTRY}/artifacts/delete", False),
        (Action.LIST_KEYS, f"{_REGISTRY}/listCredentials/action", False),
        (Action.MANAGE, f"{_REGISTRY}/write", False),
        _RIGHTS,
    ),
    Kind.COMPUTER: (
        (Action.SIGN_IN, f"{_MACHINE}/login/action", True),
        (Action.ADMINISTER, f"{_MACHINE}/loginAsAdmin/action", True),
        (Action.START_AND_STOP, f"{_MACHINE}/start/action", False),
        (Action.MANAGE, f"{_MACHINE}/write", False),
        _RIGHTS,
    ),
    Kind.LOGS: (
        (Action.READ_LOGS, f"{_WORKSPACE}/query/read", False),
        (Action.MANAGE, f"{_WORKSPACE}/write", False),
        _RIGHTS,
    ),
    Kind.GROUP: ((Action.MANAGE, f"{_GROUP}/write", False), _RIGHTS),
    Kind.SCOPE: (_RIGHTS,),
}
"""The actions on each kind of thing."""
READ_ANYTHING = "Microsoft.Resources/subscriptions/resourceGroups/read"
"""An operation that a role for reading settings permits."""
