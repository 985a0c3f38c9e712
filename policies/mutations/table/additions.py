"""Additions of insecure resources to a stack: role assignments, access from or to the Internet, copies of data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from formats.urns import make_urn
from policies.model import PolicyContext, Resource
from policies.mutations.model import Addition
from policies.mutations.table import external
from policies.mutations.table.access import BLOB_READER, EXCESSIVE_ROLES
from policies.mutations.table.guardrails import EXEMPTION_INPUTS
from policies.mutations.table.networks import other_spokes

Inputs = Mapping[str, Any]
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)")
BLOB_WRITER = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
DESK_USER = "fb879df8-f326-4884-b1cf-06f3ad86be52"
_STAGE = re.compile(r"/blobServices/default/containers/(asked|released)$")


def _of_type(estate: PolicyContext, stack: str, type_: str) -> list[Resource]:
    return [r for r in estate.of(type_) if r.stack == stack]


def _group(estate: PolicyContext, stack: str) -> Resource | None:
    return next(iter(_of_type(estate, stack, "resources:ResourceGroup")), None)


def _resource(group: Resource, type_: str, id_: str | None, inputs: Inputs, name: str = "mutant") -> Resource:
    urn = make_urn(group.stack, "sde", "", f"azure-native:{type_}", name)
    return Resource(urn=urn, type=type_, name=name, stack=group.stack, inputs=inputs, id=id_)


def added_to_group(
    type_: str, path: str, inputs: Inputs, *, tagged: bool = True
) -> Callable[[PolicyContext, str], Iterator[Resource]]:
    """Return a function that adds a resource to a stack's first group, with the group's valid location and tags."""

    def make(estate: PolicyContext, stack: str) -> Iterator[Resource]:
        group = _group(estate, stack)
        if group:
            group_inputs = {"location": group.at("location"), "tags": group.at("tags")} if tagged else {}
            parent_inputs = {"resourceGroupName": group.at("resourceGroupName")}
            yield _resource(group, type_, f"{group.id}/providers/{path}", {**parent_inputs, **group_inputs, **inputs})

    return make


def _grant(group: Resource, name: str, role: str, scope: str, principal: str, *, kind: str = "Group") -> Resource:
    subscription = _SUBSCRIPTION.match(str(group.id))
    definition = f"{subscription[0] if subscription else ''}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    inputs = {"roleAssignmentName": "51de0000-0000-4000-8000-000000000001", "roleDefinitionId": definition,
              "principalId": principal, "principalType": kind, "scope": scope}  # fmt: skip
    id_ = f"{scope}/providers/Microsoft.Authorization/roleAssignments/51de0000-0000-4000-8000-000000000001"
    return _resource(group, "authorization:RoleAssignment", id_, inputs, f"mutant-{name}")


def _excessive_roles(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    """Yield an assignment of each excessive role on the stack's group, its subscription and a store."""
    group = _group(estate, stack)
    if group is None:
        return
    stores = [str(r.id) for r in _of_type(estate, stack, "storage:StorageAccount")[:1]]
    for role, guid in EXCESSIVE_ROLES.items():
        for index, scope in enumerate([str(group.id), "/".join(str(group.id).split("/")[:3]), *stores]):
            yield _grant(group, f"{role.lower().replace(' ', '-')}-{index}", guid, scope, external.PERSON)


def _to_a_person(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    group = _group(estate, stack)
    for store in _of_type(estate, stack, "storage:StorageAccount")[:1]:
        if group:
            yield _grant(group, "person", BLOB_READER, str(store.id), external.PERSON, kind="User")


def _self_release(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    """Yield a role for each group of a project on every airlock stage where it has none: submitters could release,
    recipients could read unreleased data, reviewers could change it, and users could read data outside of the desk."""
    group = _group(estate, stack)
    if group is None:
        return
    grants = _of_type(estate, stack, "authorization:RoleAssignment")
    stages = dict.fromkeys(str(g.at("scope")) for g in grants if _STAGE.search(str(g.at("scope"))))
    people = dict.fromkeys(str(g.at("principalId")) for g in grants if g.at("principalType") == "Group")
    held = {(str(g.at("scope")), str(g.at("principalId")), str(g.at("roleDefinitionId"))[-36:]) for g in grants}
    for number, scope in enumerate(stages):
        for principal in people:
            for role in (BLOB_READER, BLOB_WRITER):
                if (scope, principal, role) not in held:
                    yield _grant(group, f"stage-{number}-{role[:4]}-{principal[:8]}", role, scope, principal)


def _data_roles_of_users(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    """Yield a role on each storage account of a project for the users of its desk."""
    group = _group(estate, stack)
    if group is None:
        return
    grants = _of_type(estate, stack, "authorization:RoleAssignment")
    people = dict.fromkeys(
        str(g.at("principalId")) for g in grants if str(g.at("roleDefinitionId")).endswith(DESK_USER)
    )
    for store in _of_type(estate, stack, "storage:StorageAccount"):
        for principal in people:
            for role in (BLOB_READER, BLOB_WRITER):
                yield _grant(group, f"{store.name}-{role[:4]}", role, str(store.id), principal)


def _roles_across_stacks(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    """Yield a role for another stack's group on this stack's storage, and for this stack's group on another's."""
    group = _group(estate, stack)
    own_groups = _groups(estate, stack)
    others = [s for s in dict.fromkeys(r.stack for r in estate.resources) if s != stack]
    for other in others:
        other_groups = [p for p in _groups(estate, other) if p not in own_groups]
        stores = _of_type(estate, stack, "storage:StorageAccount")
        if group and other_groups and stores:
            yield _grant(group, f"from-{other}", BLOB_READER, str(stores[0].id), other_groups[0])
        other_stores = _of_type(estate, other, "storage:StorageAccount")
        if group and own_groups and other_stores:
            yield _grant(group, f"into-{other}", BLOB_READER, str(other_stores[0].id), own_groups[0])


def _groups(estate: PolicyContext, stack: str) -> list[str]:
    """Return the groups with a role on the storage accounts of a stack."""
    return list(dict.fromkeys(
        str(g.at("principalId")) for g in _of_type(estate, stack, "authorization:RoleAssignment")
        if g.at("principalType") == "Group" and "/storageAccounts/" in str(g.at("scope"))
    ))  # fmt: skip


def _peerings(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    group = _group(estate, stack)
    for network in _of_type(estate, stack, "network:VirtualNetwork"):
        for label, id_ in [("elsewhere", external.NETWORK), *other_spokes(network, estate)]:
            inputs = {
                "resourceGroupName": network.at("resourceGroupName"),
                "virtualNetworkName": network.at("virtualNetworkName"),
                "virtualNetworkPeeringName": "peer-mutant", "remoteVirtualNetwork": {"id": id_},
                "allowVirtualNetworkAccess": True, "allowForwardedTraffic": True, "allowGatewayTransit": False,
                "useRemoteGateways": False,
            }  # fmt: skip
            if group:
                name = f"{network.name}-to-{label.rpartition(' ')[2]}"
                id_text = f"{network.id}/virtualNetworkPeerings/peer-mutant"
                yield _resource(group, "network:VirtualNetworkPeering", id_text, inputs, name)


def _subnet_without_settings(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    group = _group(estate, stack)
    for network in _of_type(estate, stack, "network:VirtualNetwork"):
        inputs = {"resourceGroupName": network.at("resourceGroupName"),
                  "virtualNetworkName": network.at("virtualNetworkName"), "subnetName": "snet-mutant",
                  "addressPrefix": "10.65.0.64/28"}  # fmt: skip
        if group:
            id_ = f"{network.id}/subnets/snet-mutant"
            yield _resource(group, "network:Subnet", id_, inputs, f"{network.name}-mutant")


def added_child(
    type_: str, of: str, path: str, inputs: Inputs, names: Mapping[str, str]
) -> Callable[[PolicyContext, str], Iterator[Resource]]:
    """Return a function that adds a child resource to the stack's first resource of a type."""

    def make(estate: PolicyContext, stack: str) -> Iterator[Resource]:
        group = _group(estate, stack)
        for parent in _of_type(estate, stack, of)[:1]:
            parent_inputs = {key: parent.at(parent_key) for key, parent_key in names.items()}
            if group:
                yield _resource(group, type_, f"{parent.id}/{path}", {**parent_inputs, **inputs})

    return make


def _exempt(estate: PolicyContext, stack: str) -> Iterator[Resource]:
    """Yield an exemption from each guardrail of the stack, for its whole scope."""
    group = _group(estate, stack)
    for assignment in _of_type(estate, stack, "authorization:PolicyAssignment"):
        if group and assignment.id:
            inputs = {**EXEMPTION_INPUTS, "scope": assignment.at("scope"), "policyAssignmentId": assignment.id}
            id_ = f"{assignment.at('scope')}/providers/Microsoft.Authorization/policyExemptions/mutant"
            yield _resource(group, "authorization:PolicyExemption", id_, inputs, f"mutant-{assignment.name}")


IN_GROUP = {"resourceGroupName": "resourceGroupName"}
STORE = {**IN_GROUP, "accountName": "accountName"}
MACHINE = {**IN_GROUP, "vmName": "vmName", "location": "location", "tags": "tags"}
EGRESS = "egress would bypass the firewall"
COPY = "data could be copied out of the estate"
FOREIGN_CODE = "a program from outside of the estate would run as root"
SCRIPT = {"fileUris": ["https://stelsewhere.blob.core.windows.net/run.sh"], "commandToExecute": "sh run.sh"}
CUSTOM_SCRIPT = {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1",
                 "vmExtensionName": "mutant", "settings": SCRIPT}  # fmt: skip
SNAPSHOT = {"snapshotName": "snap-mutant", "networkAccessPolicy": "AllowAll",
            "creationData": {"createOption": "Copy", "sourceResourceId": external.DISK}}  # fmt: skip
RULE = {"firewallRuleName": "mutant", "startIpAddress": "20.0.0.0", "endIpAddress": "20.255.255.255"}
EXPORT_RULE = {"dataExportName": "mutant", "tableNames": ["StorageBlobLogs"],
               "destination": {"resourceId": external.STORE}, "enable": True}  # fmt: skip
CREDENTIAL = {"federatedIdentityCredentialResourceName": "mutant", "issuer": "https://token.elsewhere.example",
              "subject": "anyone", "audiences": ["api://AzureADTokenExchange"]}  # fmt: skip
REPLICATION = {"objectReplicationPolicyId": "default", "sourceAccount": "mine", "destinationAccount": external.STORE}
ADDITIONS = (
    Addition("an excessive role", "its holder could disable every control", _excessive_roles),
    Addition("a role for one person", "it would remain after the person leaves the project", _to_a_person),
    Addition("a role that combines separated duties", "one person could bring data out alone", _self_release),
    Addition("a data role for users of the desk", "data could be read outside of the desk", _data_roles_of_users),
    Addition("a role across stacks", "members of one project could read another's data", _roles_across_stacks),
    Addition("a peering", "separate networks could connect", _peerings),
    Addition("a bare subnet", "nothing would filter or route its traffic", _subnet_without_settings),
    Addition("a public address", "a service would be public", added_to_group(
        "network:PublicIPAddress", "Microsoft.Network/publicIPAddresses/pip-mutant",
        {"publicIpAddressName": "pip-mutant", "sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"})),
    Addition("a NAT gateway", EGRESS, added_to_group("network:NatGateway", "Microsoft.Network/natGateways/ng-mutant",
                                             {"natGatewayName": "ng-mutant"})),
    Addition("a gateway to other networks", EGRESS, added_to_group(
        "network:VirtualNetworkGateway", "Microsoft.Network/virtualNetworkGateways/vng-mutant",
        {"virtualNetworkGatewayName": "vng-mutant"})),
    Addition("a load balancer", "a service would be public", added_to_group(
        "network:LoadBalancer", "Microsoft.Network/loadBalancers/lb-mutant", {"loadBalancerName": "lb-mutant"})),
    Addition("a downloadable snapshot", COPY, added_to_group(
        "compute:Snapshot", "Microsoft.Compute/snapshots/snap-mutant", SNAPSHOT)),
    Addition("a storage account with defaults", "Azure's defaults allow public access", added_to_group(
        "storage:StorageAccount", "Microsoft.Storage/storageAccounts/stmutant",
        {"accountName": "stmutant", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}})),
    Addition("a vault with defaults", "Azure's defaults allow public access", added_to_group(
        "keyvault:Vault", "Microsoft.KeyVault/vaults/kv-mutant",
        {"vaultName": "kv-mutant", "properties": {"sku": {"family": "A", "name": "standard"}}})),
    Addition("a data factory", COPY, added_to_group(
        "datafactory:Factory", "Microsoft.DataFactory/factories/adf-mutant", {"factoryName": "adf-mutant"})),
    Addition("a web site", "a service would be public", added_to_group(
        "web:WebApp", "Microsoft.Web/sites/app-mutant", {"name": "app-mutant"})),
    Addition("a database open to all", "a service would be public", added_to_group(
        "dbforpostgresql:FirewallRule", "Microsoft.DBforPostgreSQL/flexibleServers/psql/firewallRules/mutant",
        {"serverName": "psql", **RULE}, tagged=False)),
    Addition("an extension with a foreign script", FOREIGN_CODE, added_child(
        "compute:VirtualMachineExtension", "compute:VirtualMachine", "extensions/mutant", CUSTOM_SCRIPT, MACHINE)),
    Addition("a command on a desk", FOREIGN_CODE, added_child(
        "compute:VirtualMachineRunCommandByVirtualMachine", "compute:VirtualMachine", "runCommands/mutant",
        {"runCommandName": "mutant", "source": {"script": "id"}}, MACHINE)),
    Addition("a local user of a storage account", "a password, which identifies no person, would give access",
             added_child("storage:LocalUser", "storage:StorageAccount", "localUsers/mutant",
                          {"username": "mutant", "hasSshPassword": True}, STORE)),
    Addition("replication of blobs out of the estate", COPY, added_child(
        "storage:ObjectReplicationPolicy", "storage:StorageAccount", "objectReplicationPolicies/default", REPLICATION,
        STORE)),
    Addition("an export of logs", COPY, added_child(
        "operationalinsights:DataExport", "operationalinsights:Workspace", "dataExports/mutant", EXPORT_RULE,
        {**IN_GROUP, "workspaceName": "workspaceName"})),
    Addition("a federated credential of another issuer", "an outsider could act as the estate's service", added_child(
        "managedidentity:FederatedIdentityCredential", "managedidentity:UserAssignedIdentity",
        "federatedIdentityCredentials/mutant", CREDENTIAL, {**IN_GROUP, "resourceName": "resourceName"})),
    Addition("an access policy of a vault", "access policies do not show in role assignments", added_child(
        "keyvault:AccessPolicy", "keyvault:Vault", "accessPolicy/mutant",
        {"policy": {"objectId": external.PERSON, "permissions": {"secrets": ["get"]}}},
        {**IN_GROUP, "vaultName": "vaultName"})),
    Addition("an exemption from a guardrail", "Azure would allow forbidden deployments", _exempt),
)  # fmt: skip
