"""The operations that a role permits: built-in roles, and the custom roles of an estate.

Sources, learn.microsoft.com: "Azure built-in roles" for General, Compute, Containers, Storage, Security, Monitor, and
Management and governance, each with its actions, notActions and dataActions; "Understand Azure role definitions" (a
wildcard matches every segment, in any case).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from policies.azure_semantics.properties import texts
from policies.azure_semantics.roles import READER
from policies.model import Resource, Unknown

CUSTOM_ROLE = "authorization:RoleDefinition"
_VAULTS, _STORES = "Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"
_BLOBS = f"{_STORES}/blobServices/containers"
_FILES, _MACHINES = f"{_STORES}/fileServices", "Microsoft.Compute/virtualMachines"
_KEY = f"{_STORES}/blobServices/generateUserDelegationKey/action"
PULL, PUSH = (f"Microsoft.ContainerRegistry/registries/{name}" for name in ("pull/read", "push/write"))
"""The operations on images, which are actions: `*/read` pulls (docs/azure-facts.md#rights-on-images)."""
ADMIN_PASSWORD = "Microsoft.ContainerRegistry/registries/listCredentials/action"  # noqa: S105 - an operation
_DEPLOYS = ("*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*", "Microsoft.Support/*")
_ARC = "Microsoft.HybridCompute/machines"
_SIGNS_IN = (
    "*/read",
    "Microsoft.HybridConnectivity/endpoints/listCredentials/action",
    f"{_MACHINES}/login/action",
    f"{_ARC}/login/action",
)


@dataclass(frozen=True)
class Permissions:
    """What a role permits. Data actions are among the actions: an operation that they match counts as permitted."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def permits(self, operation: str) -> bool:
        """True if the role permits an operation."""
        return _matches(self.actions, operation) and not _matches(self.not_actions, operation)


BUILT_IN: Mapping[str, Permissions] = {
    READER: Permissions(("*/read",)),
    "73c42c96-874c-492b-b04d-ab87d138a893": Permissions(  # Log Analytics Reader
        (
            "*/read",
            "Microsoft.OperationalInsights/workspaces/analytics/query/action",
            "Microsoft.OperationalInsights/workspaces/search/action",
            "Microsoft.Support/*",
        ),
        ("Microsoft.OperationalInsights/workspaces/sharedKeys/read",),
    ),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": Permissions(  # Storage Blob Data Reader
        (f"{_BLOBS}/read", _KEY, f"{_BLOBS}/blobs/read")
    ),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": Permissions(  # Storage Blob Data Contributor
        (f"{_BLOBS}/delete", f"{_BLOBS}/read", f"{_BLOBS}/write", _KEY, f"{_BLOBS}/blobs/*")
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": Permissions((f"{_BLOBS}/*", _KEY)),  # Storage Blob Data Owner
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": Permissions((_KEY,)),  # Storage Blob Delegator
    "c12c1c16-33a1-487b-954d-41c89c60f349": Permissions(  # Reader and Data Access
        (f"{_STORES}/listKeys/action", f"{_STORES}/listAccountSas/action", f"{_STORES}/read")
    ),
    "81a9662b-bebf-436f-a333-f67b29880f12": Permissions(  # Storage Account Key Operator Service Role
        (f"{_STORES}/listKeys/action", f"{_STORES}/regenerateKey/action")
    ),
    "1e7ca9b1-60d1-4db8-a914-f2ca1ff27c40": Permissions(  # Defender for Storage Data Scanner
        ("*/read", f"{_BLOBS}/blobs/tags/write", f"{_BLOBS}/blobs/delete", f"{_FILES}/readFileBackupSemantics/action")
    ),
    "21090545-7ca7-4776-b22c-e363652d74d2": Permissions(  # Key Vault Reader
        (*_DEPLOYS, f"{_VAULTS}/secrets/readMetadata/action")
    ),
    "4633458b-17de-408a-b874-0445c86b69e6": Permissions(  # Key Vault Secrets User
        (f"{_VAULTS}/secrets/getSecret/action", f"{_VAULTS}/secrets/readMetadata/action")
    ),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": Permissions(  # Key Vault Crypto Service Encryption User
        (
            "Microsoft.EventGrid/eventSubscriptions/write",
            "Microsoft.EventGrid/eventSubscriptions/read",
            "Microsoft.EventGrid/eventSubscriptions/delete",
            f"{_VAULTS}/keys/read",
            f"{_VAULTS}/keys/wrap/action",
            f"{_VAULTS}/keys/unwrap/action",
        )
    ),
    "08bbd89e-9f13-488c-ac41-acfcb10c90ab": Permissions(  # Key Vault Crypto Service Release User
        (f"{_VAULTS}/keys/release/action",)
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": Permissions((f"{_VAULTS}/keys/*",)),  # Key Vault Crypto User
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": Permissions(  # Key Vault Crypto Officer
        (*_DEPLOYS, f"{_VAULTS}/keys/*", f"{_VAULTS}/keyrotationpolicies/*")
    ),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": Permissions((*_DEPLOYS, f"{_VAULTS}/secrets/*")),  # Secrets Officer
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": Permissions((*_DEPLOYS, f"{_VAULTS}/*")),  # Key Vault Administrator
    "fb879df8-f326-4884-b1cf-06f3ad86be52": Permissions(_SIGNS_IN),  # Virtual Machine User Login
    "1c0163c0-47e6-4577-8991-ea5c82e286e4": Permissions(  # Virtual Machine Administrator Login
        (*_SIGNS_IN, f"{_MACHINES}/loginAsAdmin/action", f"{_ARC}/loginAsAdmin/action")
    ),
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": Permissions(  # Monitoring Reader
        ("*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*")
    ),
    "39bc4728-0917-49c7-9d2c-d95423bc2eb4": Permissions(  # Security Reader
        (
            "*/read",
            "Microsoft.Security/iotDefenderSettings/packageDownloads/action",
            "Microsoft.Security/iotDefenderSettings/downloadManagerActivation/action",
            "Microsoft.Security/iotSensors/downloadResetPassword/action",
            "Microsoft.IoTSecurity/defenderSettings/packageDownloads/action",
            "Microsoft.IoTSecurity/defenderSettings/downloadManagerActivation/action",
        )
    ),
    "fa23ad8b-c56e-40d8-ac0c-ce449e1d2c64": Permissions(("*/read", "Microsoft.Support/*")),  # Billing Reader
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": Permissions((PULL,)),  # AcrPull
    "8311e382-0749-4cb8-b61a-304f252e45ec": Permissions((PULL, PUSH)),  # AcrPush
    "3913510d-42f4-4e42-8a64-420c390055eb": Permissions(  # Monitoring Metrics Publisher
        (
            "*/read",
            "Microsoft.Support/*",
            "Microsoft.Insights/register/action",
            "Microsoft.Insights/metrics/write",
            "Microsoft.Insights/telemetry/write",
        )
    ),
}
"""The roles that do not have all rights. Where this is wider than Azure's definition, it is by reads, and for Key Vault
Crypto User by operations on keys."""


def operations_of(permissions: Permissions | None, known: Iterable[str]) -> frozenset[str]:
    """Return those of the known operations that a role permits; all of them for a role that nobody knows."""
    return frozenset(known) if permissions is None else frozenset(one for one in known if permissions.permits(one))


def custom_role(definition: Resource) -> Permissions | None:
    """Return what a custom role permits on the control plane; None if it is unknown, or permits an action on data."""
    actions: list[str] = []
    try:
        blocks = definition.at("permissions")
        for index in range(len(blocks)):
            if texts(definition, f"permissions[{index}].dataActions"):
                return None
            actions += texts(definition, f"permissions[{index}].actions")  # notActions of one block limit that block
    except (Unknown, TypeError):
        return None
    return Permissions(tuple(actions))


def only_permits(permissions: Permissions, operations: frozenset[str]) -> bool:
    """True if a role permits nothing but reads of settings and these operations, each by its name."""
    known = {one.lower() for one in operations}
    return all(action.lower().endswith("/read") or action.lower() in known for action in permissions.actions)


@cache
def _matches(patterns: tuple[str, ...], operation: str) -> bool:
    return any(_pattern(one).fullmatch(operation.lower()) for one in patterns)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.lower().split("*"))))
