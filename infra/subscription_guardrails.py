"""The guardrails of a subscription: what no resource group of it may have, those outside the estate included.

The platform stack assigns them to every subscription of its cell, because it is there before the zones and tenancies
and is removed after them. No rule has exceptions by name, so that a zone or a tenancy changes none.

Azure Policy evaluates no types of Microsoft.Resources (deployments, deployment scripts), no requests other than PUT and
PATCH (run command, export of a disk), and with `deny` no deletion (docs/azure-facts.md#what-azure-policy-evaluates).
Sources of the aliases: docs/azure-facts.md#aliases-of-the-guardrails.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from formats.desk_operator import PREFIX as DESK_OPERATOR
from infra.estate_types import ESTATE_TYPES
from infra.guardrails import ENDPOINTS_TO_OWN_GROUP, PUBLIC_INTERFACES, STORE, SUBNET, VAULT, foreign_connection
from infra.policy_rules import SAME_RESOURCE_GROUP, PolicyGuardrail, all_of, any_entry, any_of, is_type, none_of
from infra.roles import SCANNER_ROLES, Role
from infra.windows_first_boot import COMMAND

AUTHORIZATION, COMPUTE = "Microsoft.Authorization", "Microsoft.Compute"
MACHINE, DISK = f"{COMPUTE}/virtualMachines", f"{COMPUTE}/disks"
NETWORK_WATCHERS = "NetworkWatcherRG"
"""The resource group in which Azure creates network watchers."""


def _types(*types: str) -> dict[str, Any]:
    return {"field": "type", "in": list(types)}


def _group_pattern(prefix: str) -> str:
    return f"[concat(subscription().id, '/resourceGroups/{prefix}*')]"


def groups_stay(prefix: str) -> PolicyGuardrail:
    """Return the guardrail that refuses resource groups whose names do not begin with a prefix, and what is in them."""
    return PolicyGuardrail(
        key="groups-stay",
        title="Resources are in resource groups of the estate only",
        description=(
            f"No resource group has a name that does not begin with {prefix}, except {NETWORK_WATCHERS}, and no "
            "resource is in one."
        ),
        why="A resource in another resource group has none of the guardrails of the estate's groups.",
        condition=all_of(
            {"field": "id", "contains": "/resourceGroups/"},
            none_of(*({"field": "id", "like": _group_pattern(name)} for name in (prefix, NETWORK_WATCHERS))),
        ),
    )


TYPES_STAY = PolicyGuardrail(
    key="types-stay",
    title="Resources are of the types that the estate uses",
    description=(
        "No resource is of a type that the estate does not use: nothing that runs code, routes data or copies it "
        "elsewhere (Azure's built-in policy Allowed resource types, with child types too)."
    ),
    why="A type that the estate does not use has no policies, and may carry data out.",
    condition={"field": "type", "notIn": list(ESTATE_TYPES)},
)

ASSIGNMENT, POLICY_ASSIGNMENT = f"{AUTHORIZATION}/roleAssignments", f"{AUTHORIZATION}/policyAssignments"
ROLE_DEFINITION = f"{AUTHORIZATION}/roleDefinitions"


def _has_role(role: str) -> dict[str, Any]:
    return {"field": f"{ASSIGNMENT}/roleDefinitionId", "like": f"*/{role}"}


RIGHTS_STAY = PolicyGuardrail(
    key="rights-stay",
    title="Only roles that administer nothing are assigned, and no guardrail is weakened",
    description=(
        "No role is assigned that the estate does not use, by an assignment or in Privileged Identity Management, "
        "except one of malware scanning to a service on a storage account; "
        "there are no custom roles but those that start and stop desks, no policy exemptions, and policy "
        "assignments are enforced on all of their scope."
    ),
    why="Roles that change resources or rights belong to the deployment; they are assigned above the subscription.",
    condition=any_of(
        all_of(
            is_type(ASSIGNMENT),
            none_of(
                *(_has_role(role) for role in sorted(str(role.value) for role in Role)),
                {"field": f"{ASSIGNMENT}/roleDefinitionId", "contains": f"/roleDefinitions/{DESK_OPERATOR}"},
                all_of(
                    any_of(*(_has_role(str(role)) for role in SCANNER_ROLES)),
                    {"field": "id", "contains": f"{STORE}/"},
                    {"field": f"{ASSIGNMENT}/principalType", "notIn": ["User", "Group"]},
                ),
            ),
        ),
        _types(
            f"{AUTHORIZATION}/policyExemptions",
            f"{AUTHORIZATION}/roleAssignmentScheduleRequests",
            f"{AUTHORIZATION}/roleEligibilityScheduleRequests",
            f"{AUTHORIZATION}/roleManagementPolicies",
            f"{AUTHORIZATION}/roleManagementPolicyAssignments",
        ),
        all_of(is_type(ROLE_DEFINITION), {"field": "id", "notContains": f"/roleDefinitions/{DESK_OPERATOR}"}),
        all_of(
            is_type(POLICY_ASSIGNMENT),
            any_of(
                all_of(
                    {"field": f"{POLICY_ASSIGNMENT}/enforcementMode", "exists": "true"},
                    {"field": f"{POLICY_ASSIGNMENT}/enforcementMode", "notEquals": "Default"},
                ),
                any_entry(f"{POLICY_ASSIGNMENT}/notScopes[*]"),
            ),
        ),
    ),
)

SETTING, EVENTS = "Microsoft.Insights/diagnosticSettings", "Microsoft.EventGrid/systemTopics/eventSubscriptions"
RECEIVER = f"{EVENTS}/destination.WebHook.azureActiveDirectoryTenantId"
SCANNER_TENANT = "33e01921-4d64-4f8c-a055-5bdaffd5e33d"
"""Microsoft's own tenant, which has the application that receives the events of malware scanning. Nobody outside that
tenant can subscribe it (docs/azure-facts.md#defender-for-storage)."""


def logs_stay(prefix: str) -> PolicyGuardrail:
    """Return the guardrail that permits logs to be sent to workspaces in groups with a prefix only."""
    return PolicyGuardrail(
        key="logs-stay",
        title="Logs and events are sent to the workspaces of the estate and to malware scanning only",
        description=(
            "No diagnostic setting sends to a storage account, an event hub, a service bus, or a Log Analytics "
            f"workspace in a resource group whose name does not begin with {prefix}. Events are sent to malware "
            "scanning only."
        ),
        why="Logs contain names and addresses, and must not leave the estate.",
        condition=any_of(
            all_of(
                is_type(SETTING),
                any_of(
                    *(
                        {"field": f"{SETTING}/{destination}", "exists": "true"}
                        for destination in ("storageAccountId", "eventHubAuthorizationRuleId", "serviceBusRuleId")
                    ),
                    all_of(
                        {"field": f"{SETTING}/workspaceId", "exists": "true"},
                        {"field": f"{SETTING}/workspaceId", "notContains": f"/resourceGroups/{prefix}"},
                    ),
                ),
            ),
            all_of(
                is_type(EVENTS),
                any_of(
                    {
                        "field": f"{EVENTS}/destination.WebHook.azureActiveDirectoryTenantId",
                        "notEquals": SCANNER_TENANT,
                    },
                    {"field": f"{EVENTS}/deliveryWithResourceIdentity", "exists": "true"},
                ),
            ),
        ),
    )


NOT_CLOSED = any_of(
    {"field": f"{DISK}/networkAccessPolicy", "notEquals": "DenyAll"},
    {"field": f"{DISK}/publicNetworkAccess", "notEquals": "Disabled"},
)
DATA_DISKS = f"{MACHINE}/storageProfile.dataDisks[*]"
DISKS_STAY = PolicyGuardrail(
    key="disks-stay",
    title="Disks are new, cannot be exported, and are attached in their own resource group only",
    description=(
        "No disk is copied, restored or imported, none but the system disk of a virtual machine can be exported, and "
        "there are no snapshots, images or restore points. A virtual machine has a published image and disks of its "
        "own resource group only."
    ),
    why="A copy of a disk leaves its project with all of the data on it.",
    condition=any_of(
        _types(
            f"{COMPUTE}/snapshots",
            f"{COMPUTE}/images",
            f"{COMPUTE}/galleries",
            f"{COMPUTE}/galleries/images",
            f"{COMPUTE}/galleries/images/versions",
            f"{COMPUTE}/restorePointCollections",
            f"{COMPUTE}/restorePointCollections/restorePoints",
            f"{COMPUTE}/diskAccesses",
        ),
        all_of(
            is_type(DISK),
            any_of(
                {"field": f"{DISK}/creationData.createOption", "notIn": ["Empty", "FromImage"]},
                # Azure creates the system disk with its own defaults, which `DISKS_CLOSE` changes.
                all_of({"field": f"{DISK}/creationData.createOption", "notEquals": "FromImage"}, NOT_CLOSED),
            ),
        ),
        all_of(
            is_type(MACHINE),
            any_of(
                any_entry(DATA_DISKS, where={"field": f"{DATA_DISKS}.createOption", "notEquals": "Attach"}),
                any_entry(DATA_DISKS, where={"field": f"{DATA_DISKS}.managedDisk.id", "notLike": SAME_RESOURCE_GROUP}),
                {"field": f"{MACHINE}/storageProfile.osDisk.createOption", "notEquals": "FromImage"},
                *(
                    {"field": f"{MACHINE}/storageProfile.{image}", "exists": "true"}
                    for image in (
                        "osDisk.vhd.uri",
                        "imageReference.id",
                        "imageReference.sharedGalleryImageId",
                        "imageReference.communityGalleryImageId",
                    )
                ),
            ),
        ),
    ),
)
DISKS_CLOSE = PolicyGuardrail(
    key="disks-close",
    title="Every disk is created and kept so that it cannot be exported",
    description=(
        "Each request for a disk gets networkAccessPolicy DenyAll and publicNetworkAccess Disabled, also that of the "
        "system disk, for which a virtual machine has no such property."
    ),
    why="An exported disk can be downloaded by everybody who has its address.",
    condition=all_of(is_type(DISK), NOT_CLOSED),
    values={f"{DISK}/networkAccessPolicy": "DenyAll", f"{DISK}/publicNetworkAccess": "Disabled"},
)

EXTENSION = f"{MACHINE}/extensions"
EXTENSIONS: Sequence[tuple[str, str]] = (
    ("Microsoft.Azure.ActiveDirectory", "AADSSHLoginForLinux"),
    ("Microsoft.CPlat.Core", "LinuxPatchExtension"),
)
"""The publishers and types of extensions: sign-in with Entra, and Azure's patches, which Azure installs itself."""
WINDOWS_EXTENSIONS: Sequence[tuple[str, str]] = (
    ("Microsoft.Azure.ActiveDirectory", "AADLoginForWindows"),
    ("Microsoft.CPlat.Core", "WindowsPatchExtension"),
)
"""Those of Windows desks."""
FIRST_BOOT = all_of(
    {"field": f"{EXTENSION}/publisher", "equals": "Microsoft.Compute"},
    {"field": f"{EXTENSION}/type", "equals": "CustomScriptExtension"},
    # No alias reads a setting, and the whole can be compared as text. Azure refuses a command that is also in the
    # protected settings (docs/azure-facts.md#first-boot-of-windows-desks).
    {
        "value": f"[string(field('{EXTENSION}/settings'))]",
        "equals": json.dumps({"commandToExecute": COMMAND}, separators=(",", ":")),
    },
)
"""Condition: the extension runs the custom data of its virtual machine, which Azure never changes, and nothing else."""


def code_stays(*, windows_desks: bool = False) -> PolicyGuardrail:
    """Return the guardrail that keeps code out of virtual machines. `windows_desks`: permit their extensions."""
    named = [
        all_of(
            {"field": f"{EXTENSION}/publisher", "equals": publisher},
            {"field": f"{EXTENSION}/type", "equals": type_},
        )
        for publisher, type_ in (*EXTENSIONS, *(WINDOWS_EXTENSIONS if windows_desks else ()))
    ]
    return PolicyGuardrail(
        key="code-stays",
        title="No request runs code on a virtual machine",
        description=(
            "No managed run command, no VM application, and no extension except sign-in with Entra and Azure's patches."
            + (" The first boot of a Windows desk runs its own custom data." if windows_desks else "")
        ),
        why="Code that a request brings runs as root, past the rights of the people who work on the virtual machine.",
        condition=any_of(
            _types(
                f"{MACHINE}/runCommands",
                f"{COMPUTE}/galleries/applications",
                f"{COMPUTE}/galleries/applications/versions",
            ),
            all_of(is_type(EXTENSION), none_of(*named, *([FIRST_BOOT] if windows_desks else []))),
            all_of(is_type(MACHINE), any_entry(f"{MACHINE}/applicationProfile.galleryApplications[*]")),
        ),
    )


NETWORK = "Microsoft.Network/virtualNetworks"
PEERING, NETWORK_PEERINGS = f"{NETWORK}/virtualNetworkPeerings", f"{NETWORK}/virtualNetworkPeerings[*]"


def networks_stay(prefix: str) -> PolicyGuardrail:
    """Return the guardrail that permits peerings with networks in resource groups with a prefix only."""
    elsewhere = {"notContains": f"/resourceGroups/{prefix}"}
    return PolicyGuardrail(
        key="networks-stay",
        title="Networks are connected with networks of the estate only, and have no other way out",
        description=(
            f"No peering with a network in a resource group whose name does not begin with {prefix}, no service "
            "endpoint, no NAT gateway, no private endpoint to another resource group, and no network interface or "
            "virtual machine with a public address."
        ),
        why="Traffic leaves through the hub's firewall only.",
        condition=any_of(
            all_of(is_type(PEERING), {"field": f"{PEERING}/remoteVirtualNetwork.id", **elsewhere}),
            all_of(
                is_type(NETWORK),
                any_of(
                    any_entry(
                        NETWORK_PEERINGS, where={"field": f"{NETWORK_PEERINGS}.remoteVirtualNetwork.id", **elsewhere}
                    ),
                    none_of({"field": f"{NETWORK}/subnets[*].serviceEndpoints[*].service", "equals": "none"}),
                ),
            ),
            # True of every entry, and so of no entries; false if there is one.
            all_of(is_type(SUBNET), none_of({"field": f"{SUBNET}/serviceEndpoints[*].service", "equals": "none"})),
            *PUBLIC_INTERFACES,
            ENDPOINTS_TO_OWN_GROUP.condition,
        ),
    )


COPIES_STAY = PolicyGuardrail(
    key="copies-stay",
    title="Storage accounts and key vaults are closed, and storage accounts copy nothing to other tenants",
    description=(
        "No storage account has account keys, anonymous readers, a public network without rules, SFTP, local users, "
        "object replication, or copies from other tenants; no key vault has a public network; there are no file "
        "shares, queues, tables and inventories."
    ),
    why="Data leaves through the airlock only, by people and computers with a role in Entra.",
    condition=any_of(
        _types(
            *(
                f"{STORE}/{child}"
                for child in (
                    "objectReplicationPolicies",
                    "localUsers",
                    "inventoryPolicies",
                    "storageTaskAssignments",
                    "fileServices/shares",
                    "queueServices/queues",
                    "tableServices/tables",
                )
            )
        ),
        all_of(
            is_type(STORE),
            any_of(
                {"field": f"{STORE}/allowSharedKeyAccess", "notEquals": "false"},
                {"field": f"{STORE}/allowBlobPublicAccess", "notEquals": "false"},
                all_of(
                    {"field": f"{STORE}/publicNetworkAccess", "notEquals": "Disabled"},
                    {"field": f"{STORE}/networkAcls.defaultAction", "notEquals": "Deny"},
                ),
                {"field": f"{STORE}/isSftpEnabled", "equals": "true"},
                {"field": f"{STORE}/isLocalUserEnabled", "notEquals": "false"},
                {"field": f"{STORE}/allowCrossTenantReplication", "notEquals": "false"},
                {"field": f"{STORE}/allowedCopyScope", "notIn": ["AAD", "PrivateLink"]},
            ),
        ),
        all_of(is_type(VAULT), {"field": f"{VAULT}/publicNetworkAccess", "notEquals": "Disabled"}),
    ),
)


REGISTRY = "Microsoft.ContainerRegistry/registries"
REGISTRIES_STAY_CLOSED = PolicyGuardrail(
    key="registries-stay-closed",
    title="Container registries have no public access, no passwords and no exports",
    description=(
        "No container registry has a public network, services of Azure that pass its network rules, an admin user, "
        "anonymous pulls, exports, or tokens for Resource Manager, and none has an approved private endpoint of "
        "another resource group."
    ),
    why="An image can contain any data; images are pushed and pulled inside their project only.",
    condition=any_of(
        all_of(
            is_type(REGISTRY),
            any_of(
                {"field": f"{REGISTRY}/publicNetworkAccess", "notEquals": "Disabled"},
                {"field": f"{REGISTRY}/networkRuleBypassOptions", "notEquals": "None"},
                {"field": f"{REGISTRY}/adminUserEnabled", "equals": "true"},
                {"field": f"{REGISTRY}/anonymousPullEnabled", "equals": "true"},
                {"field": f"{REGISTRY}/policies.exportPolicy.status", "notEquals": "disabled"},
                {"field": f"{REGISTRY}/policies.azureADAuthenticationAsArmPolicy.status", "notEquals": "disabled"},
            ),
        ),
        all_of(*foreign_connection(REGISTRY)),
    ),
)


def subscription_guardrails(prefix: str, *, windows_desks: bool = False) -> tuple[PolicyGuardrail, ...]:
    """Return every guardrail of a subscription. `prefix`: how the names of the estate's resource groups begin."""
    code = code_stays(windows_desks=windows_desks)
    return (
        groups_stay(prefix), TYPES_STAY, RIGHTS_STAY, logs_stay(prefix), DISKS_STAY, DISKS_CLOSE, code,
        networks_stay(prefix), COPIES_STAY, REGISTRIES_STAY_CLOSED,
    )  # fmt: skip
