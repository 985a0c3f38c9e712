"""The actions of Azure RBAC that a write needs: on the resource, and on the resources that it refers to.

Azure answers a missing one with 403 AuthorizationFailed, or LinkedAuthorizationFailed on a referenced resource.
Facts: docs/azure-facts.md#permissions-of-a-write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from formats.arm.ids_in_values import ids_in

_ANY = ""
_ENDPOINT = "microsoft.network/privateendpoints"
_LINKED: Mapping[str, Mapping[str, str]] = {
    "Microsoft.Compute/diskEncryptionSets": {_ANY: "read"},
    "Microsoft.ManagedIdentity/userAssignedIdentities": {_ANY: "assign/action"},
    "Microsoft.Network/ddosProtectionPlans": {_ANY: "join/action"},
    "Microsoft.Network/firewallPolicies": {_ANY: "join/action"},
    "Microsoft.Network/natGateways": {_ANY: "join/action"},
    "Microsoft.Network/networkInterfaces": {_ANY: "join/action"},
    "Microsoft.Network/networkSecurityGroups": {"microsoft.network/networkinterfaces": "join/action",
                                                "microsoft.network/virtualnetworks": "join/action",
                                                "microsoft.network/virtualnetworks/subnets": "join/action"},
    "Microsoft.Network/privateDnsZones": {f"{_ENDPOINT}/privatednszonegroups": "join/action"},
    "Microsoft.Network/publicIPAddresses": {_ANY: "join/action"},
    "Microsoft.Network/routeTables": {_ANY: "join/action"},
    "Microsoft.Network/virtualNetworks": {"microsoft.network/virtualnetworks/virtualnetworkpeerings": "peer/action",
                                          "microsoft.network/privatednszones/virtualnetworklinks": "join/action",
                                          "microsoft.network/dnsresolverpolicies/virtualnetworklinks": "join/action"},
    "Microsoft.Network/virtualNetworks/subnets": {_ANY: "join/action"},
    "Microsoft.OperationalInsights/workspaces": {"microsoft.insights/diagnosticsettings": "sharedKeys/action"},
    "Microsoft.Storage/storageAccounts": {"microsoft.insights/diagnosticsettings": "listKeys/action"},
}  # fmt: skip
"""The action on a resource of a type, by the type in lower case of the resource that refers to it."""
_DELETED_WITH_PARENT = frozenset({
    "microsoft.keyvault/vaults/keys", "microsoft.keyvault/vaults/secrets",
    "microsoft.storage/storageaccounts/blobservices", "microsoft.storage/storageaccounts/fileservices",
    "microsoft.storage/storageaccounts/queueservices", "microsoft.storage/storageaccounts/tableservices",
})  # fmt: skip
"""Types without an operation that deletes them (specifications of Microsoft.KeyVault and Microsoft.Storage)."""
_BY_LOWER = {type_.lower(): (type_, actions) for type_, actions in _LINKED.items()}


def type_of(id_: str) -> str:
    """Return the ARM type in an id; for an extension resource, its own. Empty for a group and a subscription."""
    provider, *rest = id_.rpartition("/providers/")[2].strip("/").split("/") if "/providers/" in id_ else [""]
    return "/".join([provider, *rest[::2]])


def action_on(id_: str, verb: str) -> str:
    """Return the action on a resource, such as `Microsoft.Network/virtualNetworks/write` for the verb `write`."""
    group = "/resourceGroups" if len(id_.strip("/").split("/")) > 2 else ""
    return f"{type_of(id_) or f'Microsoft.Resources/subscriptions{group}'}/{verb}"


def delete_action(id_: str) -> str | None:
    """Return the action that a delete needs, or None for a type that Azure Resource Manager deletes with its parent."""
    return None if type_of(id_).lower() in _DELETED_WITH_PARENT else action_on(id_, "delete")


def linked_actions(id_: str, inputs: Any) -> Iterator[tuple[str, str]]:
    """Yield each resource that the inputs of a write refer to, with the action that the write needs on it.

    The scope of an extension resource and the parents of a child are no references.
    """
    own, from_ = f"{id_.lower()}/", type_of(id_).lower()
    named = (one.rstrip("/") for one in ids_in(inputs) if "/providers/" in one)
    for target in dict.fromkeys(named):
        if not own.startswith(f"{target.lower()}/") and (action := _linked_action(from_, type_of(target))):
            yield target, action


def scanning_actions(setting: str) -> Iterator[tuple[str, str]]:
    """Yield the resources and actions that turn malware scanning on, for the id of a setting of Defender for Storage.

    Azure accepts the setting without them, and reports MissingPermissions in its `operationStatus`.
    """
    account, subscription = setting.rpartition("/providers/")[0], "/".join(setting.split("/")[:3])
    yield f"{subscription}/providers/Microsoft.Security/datascanners/x", "Microsoft.Security/datascanners/write"
    yield account, "Microsoft.Storage/storageAccounts/write"
    yield account, "Microsoft.EventGrid/eventSubscriptions/write"
    yield account, "Microsoft.Authorization/roleAssignments/write"


def _linked_action(from_: str, to: str) -> str | None:
    if from_ == _ENDPOINT and not to.lower().startswith("microsoft.network/"):
        return f"{to}/PrivateEndpointConnectionsApproval/action"
    type_, actions = _BY_LOWER.get(to.lower(), (to, {}))
    verb = actions.get(from_) or actions.get(_ANY)
    return f"{type_}/{verb}" if verb else None


def permits(permissions: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Return True if one permission has an action in `actions` and not in `notActions`. Conditions are not visible."""
    return any(
        _matches_any(action, one.get("actions") or ()) and not _matches_any(action, one.get("notActions") or ())
        for one in permissions
    )


def _matches_any(action: str, patterns: Iterable[object]) -> bool:
    """Return True if one of Azure's patterns, with `*` for any text, matches the action. Case is ignored."""
    return any(fnmatchcase(action.lower(), str(pattern).lower().replace("[", "[[]")) for pattern in patterns)
