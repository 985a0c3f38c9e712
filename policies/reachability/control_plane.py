"""Techniques of the control plane: how data leaves by an Azure Resource Manager operation, and what prevents each.

A technique needs rights on operations, which Azure RBAC grants. Azure Policy evaluates what is written, and restricts
no action (`.../action`, a POST). So a guardrail prevents a technique only where it writes a resource.

Sources, all learn.microsoft.com: "Azure permissions" (the operations), "Overview of Azure Policy" ("Azure Policy
doesn't restrict actions"), "Server-side encryption of Azure managed disks", "Restrict managed disks from being imported
or exported", "Run scripts in your Linux VM by using action Run Commands".
Facts: docs/azure-facts.md#operations-of-the-control-plane, #actions-and-azure-policy,
#copies-of-disks-with-a-customer-managed-key.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.azure_semantics.role_operations import PULL
from policies.reachability.technique import Setting, Source, Technique

_COMPUTE, _STORAGE, _NETWORK = "Microsoft.Compute", "Microsoft.Storage/storageAccounts", "Microsoft.Network"
_MACHINE, _RIGHTS, _VAULT = f"{_COMPUTE}/virtualMachines", "Microsoft.Authorization", "Microsoft.KeyVault/vaults"
_INSIGHTS, _EVENTS, _BACKUP = "Microsoft.Insights", "Microsoft.EventGrid", "Microsoft.DataProtection/backupVaults"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_DISKS, _TYPES, _CODE, _COPIES = "disks-stay", "types-stay", "code-stays", "copies-stay"
_REGISTRIES = "registries-stay-closed"
_TABLE = (
    Technique(
        "disk-export",
        "export a disk of",
        (f"{_COMPUTE}/disks/beginGetAccess/action",),
        Source.COMPUTER,
        guardrails=("disks-close",),
        settings=(Setting.DISKS_CLOSED,),
        writes=(f"{_COMPUTE}/disks/write",),
    ),
    Technique(
        "disk-copy",
        "copy to a disk of their own a disk of",
        (f"{_COMPUTE}/disks/beginGetAccess/action",),
        Source.COMPUTER,
        elsewhere=(f"{_COMPUTE}/disks/write",),
        guardrails=(_DISKS,),
    ),
    Technique(
        "disk-copy-out",
        "copy to another subscription a disk of",
        (f"{_COMPUTE}/disks/beginGetAccess/action",),
        Source.COMPUTER,
        settings=(Setting.CUSTOMER_KEY,),
        writes=(f"{_COMPUTE}/disks/write",),
    ),
    Technique(
        "disk-snapshot",
        "take a snapshot of a disk of",
        (f"{_COMPUTE}/disks/beginGetAccess/action",),
        Source.COMPUTER,
        elsewhere=(f"{_COMPUTE}/snapshots/write", f"{_COMPUTE}/snapshots/beginGetAccess/action"),
        guardrails=(_DISKS, _TYPES),
    ),
    Technique(
        "restore-point",
        "take a restore point of",
        (),
        Source.COMPUTER,
        elsewhere=(
            f"{_COMPUTE}/restorePointCollections/write",
            f"{_COMPUTE}/restorePointCollections/restorePoints/write",
            f"{_COMPUTE}/restorePointCollections/restorePoints/retrieveSasUris/action",
        ),
        guardrails=(_DISKS, _TYPES),
    ),
    Technique(
        "image-capture",
        "capture an image of",
        (),
        Source.COMPUTER,
        elsewhere=(f"{_COMPUTE}/images/write",),
        guardrails=(_DISKS, _TYPES),
    ),
    Technique(
        "gallery-image",
        "publish in a gallery an image of",
        (),
        Source.COMPUTER,
        elsewhere=(f"{_COMPUTE}/galleries/images/versions/write",),
        guardrails=(_DISKS, _TYPES),
    ),
    Technique(
        "disk-attach",
        "attach to a machine of another group a disk of",
        (f"{_COMPUTE}/disks/write",),
        Source.COMPUTER,
        elsewhere=(f"{_MACHINE}/write",),
        guardrails=(_DISKS,),
    ),
    Technique("run-command", "run a command on", (f"{_MACHINE}/runCommand/action",), Source.COMPUTER),
    Technique(
        "managed-run-command",
        "add a managed run command to",
        (f"{_MACHINE}/runCommands/write",),
        Source.COMPUTER,
        guardrails=(_CODE, _TYPES),
    ),
    Technique(
        "extension", "add an extension to", (f"{_MACHINE}/extensions/write",), Source.COMPUTER, guardrails=(_CODE,)
    ),
    Technique(
        "vm-application", "add a VM application to", (f"{_MACHINE}/write",), Source.COMPUTER, guardrails=(_CODE,)
    ),
    Technique(
        "serial-console",
        "open the serial console of",
        ("Microsoft.SerialConsole/serialPorts/connect/action",),
        Source.COMPUTER,
    ),
    Technique(
        "boot-diagnostics",
        "read the boot log and screen of",
        (f"{_MACHINE}/retrieveBootDiagnosticsData/action",),
        Source.COMPUTER,
    ),
    Technique(
        "packet-capture",
        "capture packets of",
        (),
        Source.COMPUTER,
        elsewhere=(f"{_NETWORK}/networkWatchers/packetCaptures/write",),
        guardrails=(_TYPES,),
    ),
    Technique(
        "dns-takeover",
        "lead a permitted name to an address of their own for",
        (),
        Source.COMPUTER,
        elsewhere=(
            f"{_NETWORK}/privateDnsZones/write",
            f"{_NETWORK}/privateDnsZones/virtualNetworkLinks/write",
            f"{_NETWORK}/virtualNetworks/join/action",
        ),
    ),
    Technique(
        "store-settings",
        "open the network, keys or anonymous access of",
        (f"{_STORAGE}/write", f"{_STORAGE}/listKeys/action"),
        Source.STORE,
        guardrails=("stores-stay-closed",),
        both_ways=True,
    ),
    Technique(
        "object-replication",
        "replicate to an account of their own the blobs of",
        (f"{_STORAGE}/objectReplicationPolicies/write",),
        Source.STORE,
        guardrails=(_COPIES, _TYPES),
        both_ways=True,
    ),
    Technique(
        "log-routing",
        "send to a place of their own the logs of",
        (f"{_INSIGHTS}/diagnosticSettings/write",),
        Source.STORE,
        also=(Source.REGISTRY,),
    ),
    Technique(
        "event-topic",
        "subscribe by a system topic to the events of",
        (f"{_EVENTS}/systemTopics/write",),
        Source.STORE,
        also=(Source.REGISTRY,),
        elsewhere=(f"{_EVENTS}/systemTopics/eventSubscriptions/write",),
    ),
    Technique(
        "event-routing",
        "subscribe to the events of",
        (f"{_EVENTS}/eventSubscriptions/write",),
        Source.STORE,
        also=(Source.REGISTRY,),
        guardrails=(_TYPES,),
    ),
    Technique(
        "restore-elsewhere",
        "restore to another place a backup of",
        (),
        Source.STORE,
        elsewhere=(f"{_BACKUP}/backupInstances/restore/action",),
        guardrails=(_TYPES,),
        settings=(Setting.NO_BACKUP,),
        writes=(f"{_BACKUP}/write",),
    ),
    Technique(
        "resource-move",
        "move, out of its guardrails and locks,",
        ("Microsoft.Resources/subscriptions/resourceGroups/moveResources/action",),
        Source.ANY,
        settings=(Setting.LOCKED,),
    ),
    Technique(
        "delegation-sas",
        "read, with a SAS that a computer with access signs,",
        (f"{_STORAGE}/blobServices/generateUserDelegationKey/action",),
        Source.STORE,
        over_network=True,
    ),
    Technique(
        "vault-settings",
        "open the network and the access policies of",
        (f"{_VAULT}/write",),
        Source.VAULT,
        guardrails=("stores-stay-closed",),
    ),
    Technique(
        "template-secrets",
        "deploy a template with the secrets of",
        (f"{_VAULT}/deploy/action", "Microsoft.Resources/deployments/write"),
        Source.VAULT,
    ),
    Technique(
        "registry-settings",
        "open the network or anonymous pulls of",
        (f"{_REGISTRY}/write",),
        Source.REGISTRY,
        guardrails=(_REGISTRIES,),
        both_ways=True,
    ),
    Technique(
        "registry-import",
        "import into a registry of their own the images of",
        (PULL,),
        Source.REGISTRY,
        elsewhere=(f"{_REGISTRY}/importImage/action",),
        guardrails=(_REGISTRIES,),
        settings=(Setting.EXPORTS_OFF,),
        writes=(f"{_REGISTRY}/write",),
    ),
    Technique(
        "registry-transfer",
        "transfer by a pipeline the images of",
        (f"{_REGISTRY}/exportPipelines/write", f"{_REGISTRY}/pipelineRuns/write"),
        Source.REGISTRY,
        guardrails=(_TYPES,),
        settings=(Setting.EXPORTS_OFF,),
        writes=(f"{_REGISTRY}/write",),
    ),
    Technique(
        "registry-task",
        "run a task on the images of",
        (f"{_REGISTRY}/scheduleRun/action",),
        Source.REGISTRY,
        guardrails=(_REGISTRIES,),
        settings=(Setting.NO_BYPASS,),
        writes=(f"{_REGISTRY}/write",),
    ),
    Technique(
        "role-change",
        "assign themselves the roles that they lack on",
        (f"{_RIGHTS}/roleAssignments/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "role-definition",
        "add what they lack to a custom role on",
        (f"{_RIGHTS}/roleDefinitions/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "pim",
        "make themselves eligible (PIM) for the roles that they lack on",
        (f"{_RIGHTS}/roleEligibilityScheduleRequests/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "pim-settings",
        "remove the approval of an activation (PIM) on",
        (f"{_RIGHTS}/roleManagementPolicies/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "policy-exemption",
        "exempt from the guardrails",
        (f"{_RIGHTS}/policyExemptions/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "policy-change",
        "change or delete the guardrails of",
        (f"{_RIGHTS}/policyAssignments/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "network-change",
        "open security groups, routes and firewall rules for",
        (f"{_NETWORK}/networkSecurityGroups/write",),
        Source.COMPUTER,
        is_administration=True,
    ),
    # No edges of their own:
    Technique(
        "registry-token",
        "make a token or a password for",
        (f"{_REGISTRY}/generateCredentials/action",),
        Source.REGISTRY,
        covered="a right of another principal: it needs the network path to the registry as every holder does",
    ),
    Technique(
        "registry-copies",
        "replicate or cache the images of",
        (f"{_REGISTRY}/replications/write",),
        Source.REGISTRY,
        covered="the registry's network controls hold for a replica; what is cached comes in, and does not leave",
    ),
    Technique(
        "registry-approval",
        "approve a private endpoint elsewhere at",
        (f"{_REGISTRY}/privateEndpointConnectionsApproval/action",),
        Source.REGISTRY,
        covered="private endpoints (no approved connection) and the guardrail registries-stay-closed",
    ),
    Technique(
        "account-keys",
        "read with an account key or its SAS",
        (f"{_STORAGE}/listKeys/action",),
        Source.STORE,
        covered="the account's keys (controls of the kind account keys), with the network path to the store",
    ),
    Technique(
        "static-site",
        "publish a static site of",
        (f"{_STORAGE}/blobServices/write",),
        Source.STORE,
        covered="public network access and network rules hold for the web endpoint as for blobs",
    ),
    Technique(
        "local-users",
        "add a local user for SFTP to",
        (f"{_STORAGE}/localUsers/write",),
        Source.STORE,
        covered="a right of another principal: it needs the network path to the store as every reader does",
    ),
    Technique(
        "file-shares",
        "add a file share, queue or table to",
        (f"{_STORAGE}/fileServices/shares/write",),
        Source.STORE,
        covered="the account's network controls hold for it; data that is written there has not left",
    ),
    Technique(
        "endpoint-approval",
        "approve a private endpoint elsewhere at",
        (f"{_STORAGE}/privateEndpointConnectionsApproval/action",),
        Source.STORE,
        covered="private endpoints (no approved connection) and the guardrail connections-stay",
    ),
    Technique(
        "backup",
        "back up to a vault of their own the data of",
        (),
        Source.ANY,
        elsewhere=(f"{_BACKUP}/backupInstances/write",),
        covered="the vault's identity needs a role on the data: a right of another principal",
    ),
    Technique(
        "identity-attach",
        "use the managed identity of",
        (f"{_IDENTITY}/assign/action",),
        Source.ANY,
        covered="a right of another principal: it needs the network path to the data as every holder does",
    ),
    Technique(
        "federated-credential",
        "add a federated credential to an identity of",
        (f"{_IDENTITY}/federatedIdentityCredentials/write",),
        Source.ANY,
        covered="a right of another principal: it needs the network path to the data as every holder does",
    ),
    Technique(
        "bastion-features",
        "turn on transfers of Bastion to",
        (f"{_NETWORK}/bastionHosts/write",),
        Source.COMPUTER,
        covered="each disabled feature of Bastion and the guardrail bastion-carries-nothing",
    ),
    Technique(
        "data-movers",
        "run a service that copies data of",
        ("Microsoft.DataFactory/factories/write",),
        Source.ANY,
        covered="a right of another principal: it needs the network path to the data as every holder does",
    ),
    Technique(
        "key-release",
        "export or release a key of",
        (f"{_VAULT}/keys/release/action",),
        Source.VAULT,
        covered="a key moves no data, and no edge counts the encryption of a disk against who holds the key",
    ),
    Technique(
        "lock-removal",
        "remove a management lock of",
        (f"{_RIGHTS}/locks/delete",),
        Source.ANY,
        covered="a lock prevents deletes, which move no data, and moves: `resource-move` counts a read-only one",
    ),
)
TECHNIQUES: Mapping[str, Technique] = {one.key: one for one in _TABLE}
"""Every technique, by key."""
EDGES = tuple(one for one in _TABLE if not one.covered)
"""The techniques that are edges of their own."""
SAS = "delegation-sas"
"""The technique that passes on the rights of its signer."""
_WITH_RIGHT = tuple(one for one in EDGES if not one.over_network)
OPERATIONS = frozenset(name for one in _WITH_RIGHT for name in (*one.operations, *one.elsewhere, *one.writes))
"""Every operation that an edge needs or that changes one of its settings."""
OF_VAULTS = frozenset(
    name
    for one in _WITH_RIGHT
    for name in (*(one.operations if one.source in (Source.VAULT, Source.ANY) else ()), *one.elsewhere)
)
"""The operations that count on the scope of a key vault."""
NARROW_OPERATIONS = frozenset(
    name for one in _WITH_RIGHT if not one.is_administration for name in (*one.operations, *one.elsewhere)
) - frozenset(
    (f"{_STORAGE}/write", f"{_VAULT}/write", f"{_COMPUTE}/disks/write", f"{_MACHINE}/write", f"{_REGISTRY}/write")
)
"""The operations that change no setting which is a control of the flow graph: they open their techniques alone."""
