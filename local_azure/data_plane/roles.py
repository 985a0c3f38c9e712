"""The actions of roles (docs/azure-facts.md#actions-of-roles)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from local_azure.ids import name_of
from local_azure.model import Cloud
from local_azure.types.authorization import DEFINITION
from local_azure.types.common import same, values_at

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
LOGIN = "Microsoft.Compute/virtualMachines/login/action"
READ_NETWORK = tuple(
    f"Microsoft.Network/{name}/read"
    for name in ("publicIPAddresses", "virtualNetworks", "loadBalancers", "networkInterfaces")
)


@dataclass(frozen=True)
class Actions:
    """The permissions of a role: management actions and data actions, with `*` for any text."""

    management: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    not_management: tuple[str, ...] = ()
    not_data: tuple[str, ...] = ()

    def permit(self, action: str, *, is_data: bool) -> bool:
        """Return True if the role permits an action."""
        listed, excluded = (self.data, self.not_data) if is_data else (self.management, self.not_management)
        return _matches(action, listed) and not _matches(action, excluded)


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


BUILT_IN = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": Actions(("*",)),  # Owner
    "b24988ac-6180-42a0-ab88-20f7382dd24c": Actions(("*",)),  # Contributor, which lacks writes that no request here is
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": Actions(("*/read",)),  # Reader
    "73c42c96-874c-492b-b04d-ab87d138a893": Actions(("*/read",)),  # Log Analytics Reader
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293": Actions(("*/read",)),  # Log Analytics Contributor
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": Actions(("*/read",)),  # Monitoring Reader
    "749f88d5-cbae-40b8-bcfc-e573ddc772fa": Actions(("*/read",)),  # Monitoring Contributor
    "fb879df8-f326-4884-b1cf-06f3ad86be52": Actions(READ_NETWORK, (LOGIN,)),  # Virtual Machine User Login
    "1c0163c0-47e6-4577-8991-ea5c82e286e4": Actions(READ_NETWORK, (LOGIN,)),  # Virtual Machine Administrator Login
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": Actions((), (f"{BLOBS}/read",)),  # Storage Blob Data Reader
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": Actions(  # Storage Blob Data Contributor
        (), tuple(f"{BLOBS}/{action}" for action in ("read", "write", "delete", "move/action", "add/action"))
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": Actions((), (f"{BLOBS}/*",)),  # Storage Blob Data Owner
}
"""The built-in roles whose actions are known, by GUID; of their management actions, those that requests here need."""


def actions_of(cloud: Cloud, role_id: str) -> list[Actions] | None:
    """Return what a role permits: each of its permissions. None for a built-in role whose actions are not known."""
    guid = name_of(role_id).lower()
    if guid in BUILT_IN:
        return [BUILT_IN[guid]]
    for custom in cloud.of_type(DEFINITION):
        if same(name_of(custom.id), guid):
            names = ("actions", "dataActions", "notActions", "notDataActions")
            return [
                Actions(*(tuple(map(str, one.get(name) or ())) for name in names))
                for one in values_at(custom.properties, "permissions[*]")
            ]
    return None
