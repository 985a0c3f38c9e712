"""The guardrails of a subscription: the Azure Policy rules that its definitions must equal.

Sources of the roles: learn.microsoft.com, "Azure built-in roles".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from policies.expected.estate_types import ESTATE_TYPES
from policies.expected.policy_rules import (
    ENDPOINTS_ELSEWHERE,
    PUBLIC_INTERFACES,
    SAME_GROUP,
    Guardrail,
    approves_foreign,
    field_is,
    has_entry,
    none_of,
    type_and,
)
from policies.expected.windows_desk import PUBLISHER, SETTINGS, TYPE

_AUTHORIZATION, _COMPUTE = "Microsoft.Authorization", "Microsoft.Compute"
_MACHINE, _DISK = f"{_COMPUTE}/virtualMachines", f"{_COMPUTE}/disks"
_STORE, _SETTING = "Microsoft.Storage/storageAccounts", "Microsoft.Insights/diagnosticSettings"
_VAULT = "Microsoft.KeyVault/vaults"
_EVENTS = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
_SCANNER_TENANT = "33e01921-4d64-4f8c-a055-5bdaffd5e33d"
"""Microsoft's tenant with the application that receives the events of malware scanning."""
_ROLE, _POLICY = f"{_AUTHORIZATION}/roleAssignments", f"{_AUTHORIZATION}/policyAssignments"
_EXTENSION = f"{_MACHINE}/extensions"
_DESK_OPERATOR = "de5c0de5-0000-4000-8000-"
"""Begins the ids of the custom roles that start and stop desks."""
ROLES = (
    "08bbd89e-9f13-488c-ac41-acfcb10c90ab",  # Key Vault Crypto Service Release User
    "21090545-7ca7-4776-b22c-e363652d74d2",  # Key Vault Reader
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",  # Storage Blob Data Reader
    "4633458b-17de-408a-b874-0445c86b69e6",  # Key Vault Secrets User
    "73c42c96-874c-492b-b04d-ab87d138a893",  # Log Analytics Reader
    "8311e382-0749-4cb8-b61a-304f252e45ec",  # AcrPush
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",  # Reader
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",  # Storage Blob Data Contributor
    "e147488a-f6f5-4113-8e2d-b22465e65bf6",  # Key Vault Crypto Service Encryption User
    "fb879df8-f326-4884-b1cf-06f3ad86be52",  # Virtual Machine User Login
)
"""The roles that may be assigned: they read or use, and administer nothing."""
SCANNER_ROLES = (
    "1e7ca9b1-60d1-4db8-a914-f2ca1ff27c40",  # Defender for Storage Data Scanner
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",  # Storage Blob Data Owner
)
"""The roles that Azure may assign to the scanner of uploads, on a storage account."""
READER = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"


def _types(*types: str) -> dict[str, Any]:
    return field_is("type", "in", list(types))


def groups_stay(prefix: str) -> Guardrail:
    """Return the guardrail that refuses what is in no resource group with a prefix, nor in that of network watchers."""
    return Guardrail(
        "groups-stay",
        "Resources are in resource groups of the estate only",
        {
            "allOf": [
                field_is("id", "contains", "/resourceGroups/"),
                none_of(
                    *(
                        field_is("id", "like", f"[concat(subscription().id, '/resourceGroups/{name}*')]")
                        for name in (prefix, "NetworkWatcherRG")
                    )
                ),
            ]
        },
        {"resource groups": (prefix,)},
    )


TYPES_STAY = Guardrail(
    "types-stay", "Resources are of the types that the estate uses", field_is("type", "notIn", list(ESTATE_TYPES))
)


def _has_role(role: str) -> dict[str, Any]:
    return field_is(f"{_ROLE}/roleDefinitionId", "like", f"*/{role}")


RIGHTS_STAY = Guardrail(
    "rights-stay",
    "Only roles that administer nothing are assigned, and no guardrail is weakened",
    {
        "anyOf": [
            type_and(
                _ROLE,
                none_of(
                    *map(_has_role, ROLES),
                    field_is(f"{_ROLE}/roleDefinitionId", "contains", f"/roleDefinitions/{_DESK_OPERATOR}"),
                    {
                        "allOf": [
                            {"anyOf": list(map(_has_role, SCANNER_ROLES))},
                            field_is("id", "contains", f"{_STORE}/"),
                            field_is(f"{_ROLE}/principalType", "notIn", ["User", "Group"]),
                        ]
                    },
                ),
            ),
            _types(
                f"{_AUTHORIZATION}/policyExemptions",
                f"{_AUTHORIZATION}/roleAssignmentScheduleRequests",
                f"{_AUTHORIZATION}/roleEligibilityScheduleRequests",
                f"{_AUTHORIZATION}/roleManagementPolicies",
                f"{_AUTHORIZATION}/roleManagementPolicyAssignments",
            ),
            type_and(
                f"{_AUTHORIZATION}/roleDefinitions", field_is("id", "notContains", f"/roleDefinitions/{_DESK_OPERATOR}")
            ),
            type_and(
                _POLICY,
                {
                    "anyOf": [
                        {
                            "allOf": [
                                field_is(f"{_POLICY}/enforcementMode", "exists", "true"),
                                field_is(f"{_POLICY}/enforcementMode", "notEquals", "Default"),
                            ]
                        },
                        has_entry(f"{_POLICY}/notScopes[*]"),
                    ]
                },
            ),
        ]
    },
)


_OTHER_DESTINATIONS = ("storageAccountId", "eventHubAuthorizationRuleId", "serviceBusRuleId")


def logs_stay(prefix: str) -> Guardrail:
    """Return the guardrail that permits logs to go to workspaces in resource groups with a prefix only."""
    return Guardrail(
        "logs-stay",
        "Logs and events are sent to the workspaces of the estate and to malware scanning only",
        {
            "anyOf": [
                type_and(
                    _SETTING,
                    {
                        "anyOf": [
                            *(
                                field_is(f"{_SETTING}/{destination}", "exists", "true")
                                for destination in (
                                    "storageAccountId",
                                    "eventHubAuthorizationRuleId",
                                    "serviceBusRuleId",
                                )
                            ),
                            {
                                "allOf": [
                                    field_is(f"{_SETTING}/workspaceId", "exists", "true"),
                                    field_is(f"{_SETTING}/workspaceId", "notContains", f"/resourceGroups/{prefix}"),
                                ]
                            },
                        ]
                    },
                ),
                type_and(
                    _EVENTS,
                    {
                        "anyOf": [
                            field_is(
                                f"{_EVENTS}/destination.WebHook.azureActiveDirectoryTenantId",
                                "notEquals",
                                _SCANNER_TENANT,
                            ),
                            field_is(f"{_EVENTS}/deliveryWithResourceIdentity", "exists", "true"),
                        ]
                    },
                ),
            ]
        },
        {"resource groups": (prefix,)},
    )


_EXPORTABLE = {
    "anyOf": [
        field_is(f"{_DISK}/networkAccessPolicy", "notEquals", "DenyAll"),
        field_is(f"{_DISK}/publicNetworkAccess", "notEquals", "Disabled"),
    ]
}
_DATA_DISKS, _ORIGIN = f"{_MACHINE}/storageProfile.dataDisks[*]", f"{_DISK}/creationData.createOption"
DISKS_STAY = Guardrail(
    "disks-stay",
    "Disks are new, cannot be exported, and are attached in their own resource group only",
    {
        "anyOf": [
            _types(
                *(
                    f"{_COMPUTE}/{kind}"
                    for kind in (
                        "snapshots",
                        "images",
                        "galleries",
                        "galleries/images",
                        "galleries/images/versions",
                        "restorePointCollections",
                        "restorePointCollections/restorePoints",
                        "diskAccesses",
                    )
                )
            ),
            type_and(
                _DISK,
                {
                    "anyOf": [
                        field_is(_ORIGIN, "notIn", ["Empty", "FromImage"]),
                        {"allOf": [field_is(_ORIGIN, "notEquals", "FromImage"), _EXPORTABLE]},
                    ]
                },
            ),
            type_and(
                _MACHINE,
                {
                    "anyOf": [
                        has_entry(_DATA_DISKS, where=field_is(f"{_DATA_DISKS}.createOption", "notEquals", "Attach")),
                        has_entry(_DATA_DISKS, where=field_is(f"{_DATA_DISKS}.managedDisk.id", "notLike", SAME_GROUP)),
                        field_is(f"{_MACHINE}/storageProfile.osDisk.createOption", "notEquals", "FromImage"),
                        field_is(f"{_MACHINE}/storageProfile.osDisk.vhd.uri", "exists", "true"),
                        *(
                            field_is(f"{_MACHINE}/storageProfile.imageReference.{image}", "exists", "true")
                            for image in ("id", "sharedGalleryImageId", "communityGalleryImageId")
                        ),
                    ]
                },
            ),
        ]
    },
)
DISKS_CLOSE = Guardrail(
    "disks-close",
    "Every disk is created and kept so that it cannot be exported",
    type_and(_DISK, _EXPORTABLE),
    then={
        "effect": "modify",
        "details": {
            "roleDefinitionIds": [READER],
            "conflictEffect": "deny",
            "operations": [
                {"operation": "addOrReplace", "field": f"{_DISK}/{name}", "value": value}
                for name, value in (("networkAccessPolicy", "DenyAll"), ("publicNetworkAccess", "Disabled"))
            ],
        },
    },
)
_PUBLISHER, _KIND = f"{_EXTENSION}/publisher", f"{_EXTENSION}/type"
_LINUX = (("Microsoft.Azure.ActiveDirectory", "AADSSHLoginForLinux"), ("Microsoft.CPlat.Core", "LinuxPatchExtension"))
_WINDOWS = (
    ("Microsoft.Azure.ActiveDirectory", "AADLoginForWindows"), ("Microsoft.CPlat.Core", "WindowsPatchExtension"),
)  # fmt: skip


def _extension(publisher: str, kind: str, *more: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOf": [field_is(_PUBLISHER, "equals", publisher), field_is(_KIND, "equals", kind), *more]}


def code_stays(*windows: str) -> Guardrail:
    """Return the guardrail that keeps code out of virtual machines. `windows`: the settings of the extension that runs
    the first boot of Windows desks, as text; with them, their other extensions are permitted too."""
    first_boot = [
        _extension(PUBLISHER, TYPE, {"value": f"[string(field('{_EXTENSION}/settings'))]", "equals": settings})
        for settings in windows
    ]
    named = (_extension(*one) for one in (*_LINUX, *(_WINDOWS if windows else ())))
    return Guardrail(
        "code-stays",
        "No request runs code on a virtual machine",
        {
            "anyOf": [
                _types(
                    f"{_MACHINE}/runCommands",
                    f"{_COMPUTE}/galleries/applications",
                    f"{_COMPUTE}/galleries/applications/versions",
                ),
                type_and(_EXTENSION, none_of(*named, *first_boot)),
                type_and(_MACHINE, has_entry(f"{_MACHINE}/applicationProfile.galleryApplications[*]")),
            ]
        },
        {"the first boot": windows} if windows else {},
    )


CODE_STAYS, WINDOWS_CODE_STAYS = code_stays(), code_stays(json.dumps(SETTINGS, separators=(",", ":")))
"""The second is for an estate with Windows desks."""
_NETWORK = "Microsoft.Network/virtualNetworks"
_PEERING, _SUBNET = f"{_NETWORK}/virtualNetworkPeerings", f"{_NETWORK}/subnets"


def networks_stay(prefix: str) -> Guardrail:
    """Return the guardrail that permits peerings with networks in resource groups with a prefix only."""
    group, remote = f"/resourceGroups/{prefix}", "remoteVirtualNetwork.id"
    return Guardrail(
        "networks-stay",
        "Networks are connected with networks of the estate only, and have no other way out",
        {
            "anyOf": [
                type_and(_PEERING, field_is(f"{_PEERING}/{remote}", "notContains", group)),
                type_and(
                    _NETWORK,
                    {
                        "anyOf": [
                            has_entry(
                                f"{_PEERING}[*]", where=field_is(f"{_PEERING}[*].{remote}", "notContains", group)
                            ),
                            none_of(field_is(f"{_SUBNET}[*].serviceEndpoints[*].service", "equals", "none")),
                        ]
                    },
                ),
                type_and(_SUBNET, none_of(field_is(f"{_SUBNET}/serviceEndpoints[*].service", "equals", "none"))),
                *PUBLIC_INTERFACES,
                ENDPOINTS_ELSEWHERE,
            ]
        },
        {"resource groups": (prefix,)},
    )


COPIES_STAY = Guardrail(
    "copies-stay",
    "Storage accounts and key vaults are closed, and storage accounts copy nothing to other tenants",
    {
        "anyOf": [
            _types(
                f"{_STORE}/objectReplicationPolicies",
                f"{_STORE}/localUsers",
                f"{_STORE}/inventoryPolicies",
                f"{_STORE}/storageTaskAssignments",
                f"{_STORE}/fileServices/shares",
                f"{_STORE}/queueServices/queues",
                f"{_STORE}/tableServices/tables",
            ),
            type_and(
                _STORE,
                {
                    "anyOf": [
                        field_is(f"{_STORE}/allowSharedKeyAccess", "notEquals", "false"),
                        field_is(f"{_STORE}/allowBlobPublicAccess", "notEquals", "false"),
                        {
                            "allOf": [
                                field_is(f"{_STORE}/publicNetworkAccess", "notEquals", "Disabled"),
                                field_is(f"{_STORE}/networkAcls.defaultAction", "notEquals", "Deny"),
                            ]
                        },
                        field_is(f"{_STORE}/isSftpEnabled", "equals", "true"),
                        field_is(f"{_STORE}/isLocalUserEnabled", "notEquals", "false"),
                        field_is(f"{_STORE}/allowCrossTenantReplication", "notEquals", "false"),
                        field_is(f"{_STORE}/allowedCopyScope", "notIn", ["AAD", "PrivateLink"]),
                    ]
                },
            ),
            type_and(_VAULT, field_is(f"{_VAULT}/publicNetworkAccess", "notEquals", "Disabled")),
        ]
    },
)


_REGISTRY = "Microsoft.ContainerRegistry/registries"
REGISTRIES_STAY_CLOSED = Guardrail(
    "registries-stay-closed",
    "Container registries have no public access, no passwords and no exports",
    {
        "anyOf": [
            type_and(
                _REGISTRY,
                {
                    "anyOf": [
                        field_is(f"{_REGISTRY}/publicNetworkAccess", "notEquals", "Disabled"),
                        field_is(f"{_REGISTRY}/networkRuleBypassOptions", "notEquals", "None"),
                        field_is(f"{_REGISTRY}/adminUserEnabled", "equals", "true"),
                        field_is(f"{_REGISTRY}/anonymousPullEnabled", "equals", "true"),
                        *(
                            field_is(f"{_REGISTRY}/policies.{policy}.status", "notEquals", "disabled")
                            for policy in ("exportPolicy", "azureADAuthenticationAsArmPolicy")
                        ),
                    ]
                },
            ),
            {"allOf": approves_foreign(_REGISTRY)},
        ]
    },
)


def subscription_guardrails(prefix: str) -> tuple[Guardrail, ...]:
    """Return every guardrail of a subscription. `prefix`: how the names of the estate's resource groups begin."""
    return (
        groups_stay(prefix), TYPES_STAY, RIGHTS_STAY, logs_stay(prefix), DISKS_STAY, DISKS_CLOSE, CODE_STAYS,
        networks_stay(prefix), COPIES_STAY, REGISTRIES_STAY_CLOSED,
    )  # fmt: skip


def resource_group_prefix(estate: str) -> str:
    """Return how the names of an estate's resource groups begin: its code, without the words that Azure refuses."""
    for word in ("microsoft", "windows", "login"):
        estate = estate.replace(word, word[:3])
    return f"rg-{estate}-"


def group_prefixes(rule: object) -> frozenset[str]:
    """Return the prefixes of resource groups that a rule names, in the places of `groups_stay`, `logs_stay` and
    `networks_stay`."""
    return frozenset(re.findall(r"/resourceGroups/(rg-[a-z0-9-]*)", str(rule)))
