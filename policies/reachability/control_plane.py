"""Techniques of the control plane: how data leaves by an Azure Resource Manager operation, and what prevents each.

A technique needs rights on operations, which Azure RBAC grants. Azure Policy evaluates what is written, and restricts
no action (`.../action`, a POST). So a guardrail prevents a technique only where it writes a resource.

Sources, all learn.microsoft.com: "Azure permissions" (the operations), "Overview of Azure Policy" ("Azure Policy
doesn't restrict actions"), "Server-side encryption of Azure managed disks", "Restrict managed disks from being imported
or exported", "Run scripts in your Linux VM by using action Run Commands".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_COMPUTE, _STORAGE, _NETWORK = "Microsoft.Compute", "Microsoft.Storage/storageAccounts", "Microsoft.Network"
_MACHINE, _RIGHTS, _VAULT = f"{_COMPUTE}/virtualMachines", "Microsoft.Authorization", "Microsoft.KeyVault/vaults"
_INSIGHTS, _EVENTS, _BACKUP = "Microsoft.Insights", "Microsoft.EventGrid", "Microsoft.DataProtection/backupVaults"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"


class Source(StrEnum):
    """The kinds of node that a technique takes data from."""

    COMPUTER = "a computer and its disks"
    STORE = "a storage account"
    VAULT = "a key vault with secrets"
    ANY = "everything in the scope"


class Setting(StrEnum):
    """Settings that prevent a technique while they hold."""

    DISKS_CLOSED = "disks-closed"
    """Each disk of the computer denies export."""
    CUSTOMER_KEY = "customer-key"
    """Each disk has a customer-managed key, which keeps its copies in its own subscription."""
    NO_CONSOLE = "no-console"
    """The computer has no boot diagnostics, without which there is no serial console, log or screenshot."""
    LOCKED = "locked"
    """A read-only lock, under which nothing is moved to another resource group. A lock against deletes is not enough."""
    NO_BACKUP = "no-backup"
    """The subscription has no backup vault."""


@dataclass(frozen=True)
class Technique:
    """One way to take data by the control plane, as an edge of the flow graph."""

    key: str
    title: str
    """The step, for reports: the actor's name precedes it and the name of the source follows it."""
    operations: tuple[str, ...]
    """The operations of which the actor needs all."""
    source: Source
    guardrails: tuple[str, ...] = ()
    """The guardrails that each deny a request without which the technique does not work."""
    settings: tuple[Setting, ...] = ()
    """The settings that each prevent it. Who can write the resource can change them, if no guardrail denies that."""
    writes: tuple[str, ...] = ()
    """The operations with which these settings are changed."""
    covered: str = ""
    """Where the flow graph has it as another edge, or why it moves no data: it is then no edge of its own."""
    is_administration: bool = False
    """True if it changes rights, guardrails or the network: its holder counts as an administrator (`Right.CONTROL`)."""


_DISKS, _TYPES, _CODE, _LOGS = "disks-stay", "types-stay", "code-stays", "logs-stay"
_TABLE = (
    Technique(
        "disk-export",
        "exports a disk of",
        (f"{_COMPUTE}/disks/beginGetAccess/action",),
        Source.COMPUTER,
        (_DISKS,),
        (Setting.DISKS_CLOSED,),
        (f"{_COMPUTE}/disks/write",),
    ),
    Technique(
        "disk-snapshot",
        "takes and exports a snapshot of a disk of",
        (f"{_COMPUTE}/snapshots/write", f"{_COMPUTE}/snapshots/beginGetAccess/action"),
        Source.COMPUTER,
        (_DISKS,),
    ),
    Technique(
        "disk-copy",
        "copies a disk to another subscription from",
        (f"{_COMPUTE}/disks/beginGetAccess/action",),
        Source.COMPUTER,
        (_DISKS,),
        (Setting.CUSTOMER_KEY,),
        (f"{_COMPUTE}/disks/write",),
    ),
    Technique(
        "restore-point",
        "makes a restore point and takes its disks from",
        (
            f"{_COMPUTE}/restorePointCollections/write",
            f"{_COMPUTE}/restorePointCollections/restorePoints/write",
            f"{_COMPUTE}/restorePointCollections/restorePoints/retrieveSasUris/action",
        ),
        Source.COMPUTER,
        (_DISKS,),
    ),
    Technique(
        "image-capture",
        "captures an image of",
        (f"{_COMPUTE}/images/write", f"{_MACHINE}/read"),
        Source.COMPUTER,
        (_DISKS,),
    ),
    Technique(
        "gallery-image",
        "publishes an image version in a gallery from",
        (f"{_COMPUTE}/galleries/images/versions/write", f"{_MACHINE}/read"),
        Source.COMPUTER,
        (_DISKS,),
    ),
    Technique(
        "disk-attach",
        "attaches to a machine of another group a disk of",
        (f"{_MACHINE}/write", f"{_COMPUTE}/disks/write"),
        Source.COMPUTER,
        (_DISKS,),
    ),
    Technique("run-command", "runs a command on", (f"{_MACHINE}/runCommand/action",), Source.COMPUTER),
    Technique(
        "managed-run-command",
        "adds a managed run command to",
        (f"{_MACHINE}/runCommands/write",),
        Source.COMPUTER,
        (_CODE,),
    ),
    Technique("extension", "adds an extension to", (f"{_MACHINE}/extensions/write",), Source.COMPUTER, (_CODE,)),
    Technique("vm-application", "adds a VM application to", (f"{_MACHINE}/write",), Source.COMPUTER, (_CODE,)),
    Technique(
        "serial-console",
        "opens the serial console of",
        ("Microsoft.SerialConsole/serialPorts/connect/action",),
        Source.COMPUTER,
        settings=(Setting.NO_CONSOLE,),
        writes=(f"{_MACHINE}/write",),
    ),
    Technique(
        "boot-diagnostics",
        "reads the boot log and screen of",
        (f"{_MACHINE}/retrieveBootDiagnosticsData/action",),
        Source.COMPUTER,
        settings=(Setting.NO_CONSOLE,),
        writes=(f"{_MACHINE}/write",),
    ),
    Technique(
        "packet-capture",
        "captures packets of",
        (f"{_NETWORK}/networkWatchers/packetCaptures/write",),
        Source.COMPUTER,
        (_TYPES,),
    ),
    Technique(
        "dns-takeover",
        "leads a permitted name to an address of its own for",
        (f"{_NETWORK}/privateDnsZones/write", f"{_NETWORK}/privateDnsZones/virtualNetworkLinks/write"),
        Source.COMPUTER,
        (_TYPES,),
    ),
    Technique(
        "store-settings",
        "opens the network, keys or anonymous access of",
        (f"{_STORAGE}/write", f"{_STORAGE}/listKeys/action"),
        Source.STORE,
        ("stores-stay-closed",),
    ),
    Technique(
        "object-replication",
        "replicates to an account of its own the blobs of",
        (f"{_STORAGE}/objectReplicationPolicies/write",),
        Source.STORE,
        (_TYPES,),
    ),
    Technique(
        "log-routing",
        "routes to a place of its own the logs of",
        (f"{_INSIGHTS}/diagnosticSettings/write",),
        Source.STORE,
        (_LOGS,),
    ),
    Technique(
        "event-routing",
        "subscribes to the events of",
        (f"{_EVENTS}/eventSubscriptions/write",),
        Source.STORE,
        (_TYPES,),
    ),
    Technique(
        "backup",
        "backs up to a vault of its own the blobs of",
        (f"{_BACKUP}/write", f"{_BACKUP}/backupInstances/write"),
        Source.STORE,
        (_TYPES,),
    ),
    Technique(
        "restore-elsewhere",
        "restores to another place a backup of",
        (f"{_BACKUP}/backupInstances/restore/action",),
        Source.STORE,
        (_TYPES,),
        (Setting.NO_BACKUP,),
        (f"{_BACKUP}/write",),
    ),
    Technique(
        "resource-move",
        "moves out of its guardrails and locks",
        ("Microsoft.Resources/subscriptions/resourceGroups/moveResources/action",),
        Source.ANY,
        settings=(Setting.LOCKED,),
    ),
    Technique(
        "delegation-sas",
        "reads with a SAS that a computer with access signs",
        (f"{_STORAGE}/blobServices/generateUserDelegationKey/action",),
        Source.STORE,
    ),
    Technique(
        "vault-settings",
        "opens the network and the access policies of",
        (f"{_VAULT}/write",),
        Source.VAULT,
        ("stores-stay-closed",),
    ),
    Technique(
        "template-secrets",
        "deploys a template with the secrets of",
        (f"{_VAULT}/deploy/action", "Microsoft.Resources/deployments/write"),
        Source.VAULT,
    ),
    Technique(
        "role-change",
        "assigns itself the roles that it lacks on",
        (f"{_RIGHTS}/roleAssignments/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "role-definition",
        "adds what it lacks to a custom role on",
        (f"{_RIGHTS}/roleDefinitions/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "pim",
        "makes itself eligible (PIM) for the roles that it lacks on",
        (f"{_RIGHTS}/roleEligibilityScheduleRequests/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "pim-settings",
        "removes the approval of an activation (PIM) on",
        (f"{_RIGHTS}/roleManagementPolicies/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "policy-exemption",
        "exempts from the guardrails",
        (f"{_RIGHTS}/policyExemptions/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "policy-change",
        "changes or deletes the guardrails of",
        (f"{_RIGHTS}/policyAssignments/write",),
        Source.ANY,
        is_administration=True,
    ),
    Technique(
        "network-change",
        "opens security groups, routes and firewall rules for",
        (f"{_NETWORK}/networkSecurityGroups/write",),
        Source.COMPUTER,
        is_administration=True,
    ),
    # No edges of their own:
    Technique(
        "account-keys",
        "reads with an account key or its SAS",
        (f"{_STORAGE}/listKeys/action",),
        Source.STORE,
        covered="the account's keys (controls of the kind account keys), with the network path to the store",
    ),
    Technique(
        "static-site",
        "publishes a static site of",
        (f"{_STORAGE}/blobServices/write",),
        Source.STORE,
        covered="public network access and network rules hold for the web endpoint as for blobs",
    ),
    Technique(
        "local-users",
        "adds a local user for SFTP to",
        (f"{_STORAGE}/localUsers/write",),
        Source.STORE,
        covered="a right of another principal: it needs the network path to the store as every reader does",
    ),
    Technique(
        "file-shares",
        "adds a file share, queue or table to",
        (f"{_STORAGE}/fileServices/shares/write",),
        Source.STORE,
        covered="the account's network controls hold for it; data that is written there has not left",
    ),
    Technique(
        "endpoint-approval",
        "approves a private endpoint elsewhere at",
        (f"{_STORAGE}/privateEndpointConnectionsApproval/action",),
        Source.STORE,
        covered="private endpoints (no approved connection) and the guardrail connections-stay",
    ),
    Technique(
        "identity-attach",
        "uses the managed identity of",
        (f"{_IDENTITY}/assign/action",),
        Source.ANY,
        covered="a right of another principal: it needs the network path to the data as every holder does",
    ),
    Technique(
        "federated-credential",
        "adds a federated credential to an identity of",
        (f"{_IDENTITY}/federatedIdentityCredentials/write",),
        Source.ANY,
        covered="a right of another principal: it needs the network path to the data as every holder does",
    ),
    Technique(
        "bastion-features",
        "turns on transfers of Bastion to",
        (f"{_NETWORK}/bastionHosts/write",),
        Source.COMPUTER,
        covered="each disabled feature of Bastion and the guardrail bastion-carries-nothing",
    ),
    Technique(
        "data-movers",
        "runs a service that copies data of",
        ("Microsoft.DataFactory/factories/write",),
        Source.ANY,
        covered="a right of another principal: it needs the network path to the data as every holder does",
    ),
    Technique(
        "key-release",
        "exports or releases a key of",
        (f"{_VAULT}/keys/release/action",),
        Source.VAULT,
        covered="a key moves no data, and no edge counts the encryption of a disk against who holds the key",
    ),
    Technique(
        "lock-removal",
        "removes a management lock of",
        (f"{_RIGHTS}/locks/delete",),
        Source.ANY,
        covered="a lock prevents deletes, which move no data, and moves: `resource-move` counts a read-only one",
    ),
)
TECHNIQUES: Mapping[str, Technique] = {one.key: one for one in _TABLE}
"""Every technique, by key."""
EDGES = tuple(one for one in _TABLE if not one.covered)
"""The techniques that are edges of their own."""
OPERATIONS = frozenset(operation for one in _TABLE for operation in (*one.operations, *one.writes))
"""Every operation that a technique needs or that changes a setting."""
