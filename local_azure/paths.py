# ruff: noqa: E501 - one path a line
"""The ARM path of each type of the local Azure, with the SDK's names of the parameters.

The SDK lacks them. Source: the REST reference of each service (learn.microsoft.com/rest/api). Exports read the paths of
azure-mgmt instead (`formats/arm/routes.py`): they can be of any type, and those packages take long to read. Tests check
that both agree, and that every parameter is an input of the type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

SUBSCRIPTION = "/subscriptions/{subscriptionId}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"

_IN_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Microsoft.Network": {
        "dnsresolver:DnsResolverDomainList": "dnsResolverDomainLists/{dnsResolverDomainListName}",
        "dnsresolver:DnsResolverPolicy": "dnsResolverPolicies/{dnsResolverPolicyName}",
        "dnsresolver:DnsResolverPolicyVirtualNetworkLink": "dnsResolverPolicies/{dnsResolverPolicyName}"
        "/virtualNetworkLinks/{dnsResolverPolicyVirtualNetworkLinkName}",
        "dnsresolver:DnsSecurityRule": "dnsResolverPolicies/{dnsResolverPolicyName}/dnsSecurityRules/{dnsSecurityRuleName}",
        "network:AzureFirewall": "azureFirewalls/{azureFirewallName}",
        "network:BastionHost": "bastionHosts/{bastionHostName}",
        "network:DdosProtectionPlan": "ddosProtectionPlans/{ddosProtectionPlanName}",
        "network:FirewallPolicy": "firewallPolicies/{firewallPolicyName}",
        "network:FirewallPolicyRuleCollectionGroup": "firewallPolicies/{firewallPolicyName}/ruleCollectionGroups/{ruleCollectionGroupName}",
        "network:FlowLog": "networkWatchers/{networkWatcherName}/flowLogs/{flowLogName}",
        "network:IpGroup": "ipGroups/{ipGroupsName}",
        "network:LocalNetworkGateway": "localNetworkGateways/{localNetworkGatewayName}",
        "network:NatGateway": "natGateways/{natGatewayName}",
        "network:NetworkInterface": "networkInterfaces/{networkInterfaceName}",
        "network:NetworkSecurityGroup": "networkSecurityGroups/{networkSecurityGroupName}",
        "network:NetworkWatcher": "networkWatchers/{networkWatcherName}",
        "network:PrivateDnsZoneGroup": "privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}",
        "network:PrivateEndpoint": "privateEndpoints/{privateEndpointName}",
        "network:PublicIPAddress": "publicIPAddresses/{publicIpAddressName}",
        "network:PublicIPPrefix": "publicIPPrefixes/{publicIpPrefixName}",
        "network:Route": "routeTables/{routeTableName}/routes/{routeName}",
        "network:RouteTable": "routeTables/{routeTableName}",
        "network:SecurityRule": "networkSecurityGroups/{networkSecurityGroupName}/securityRules/{securityRuleName}",
        "network:Subnet": "virtualNetworks/{virtualNetworkName}/subnets/{subnetName}",
        "network:VirtualNetwork": "virtualNetworks/{virtualNetworkName}",
        "network:VirtualNetworkGateway": "virtualNetworkGateways/{virtualNetworkGatewayName}",
        "network:VirtualNetworkGatewayConnection": "connections/{virtualNetworkGatewayConnectionName}",
        "network:VirtualNetworkPeering": "virtualNetworks/{virtualNetworkName}/virtualNetworkPeerings/{virtualNetworkPeeringName}",
        "privatedns:PrivateRecordSet": "privateDnsZones/{privateZoneName}/{recordType}/{relativeRecordSetName}",
        "privatedns:PrivateZone": "privateDnsZones/{privateZoneName}",
        "privatedns:VirtualNetworkLink": "privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}",
    },
    "Microsoft.Storage": {
        "storage:StorageAccount": "storageAccounts/{accountName}",
        "storage:BlobContainer": "storageAccounts/{accountName}/blobServices/default/containers/{containerName}",
        "storage:BlobContainerImmutabilityPolicy": "storageAccounts/{accountName}/blobServices/default/containers/{containerName}"
        "/immutabilityPolicies/{immutabilityPolicyName}",
        "storage:BlobServiceProperties": "storageAccounts/{accountName}/blobServices/{blobServicesName}",
        "storage:EncryptionScope": "storageAccounts/{accountName}/encryptionScopes/{encryptionScopeName}",
        "storage:FileServiceProperties": "storageAccounts/{accountName}/fileServices/{fileServicesName}",
        "storage:FileShare": "storageAccounts/{accountName}/fileServices/default/shares/{shareName}",
        "storage:ManagementPolicy": "storageAccounts/{accountName}/managementPolicies/{managementPolicyName}",
        "storage:Queue": "storageAccounts/{accountName}/queueServices/default/queues/{queueName}",
        "storage:QueueServiceProperties": "storageAccounts/{accountName}/queueServices/{queueServiceName}",
        "storage:Table": "storageAccounts/{accountName}/tableServices/default/tables/{tableName}",
        "storage:TableServiceProperties": "storageAccounts/{accountName}/tableServices/{tableServiceName}",
    },
    "Microsoft.KeyVault": {
        "keyvault:Key": "vaults/{vaultName}/keys/{keyName}",
        "keyvault:Secret": "vaults/{vaultName}/secrets/{secretName}",
        "keyvault:Vault": "vaults/{vaultName}",
    },
    "Microsoft.ManagedIdentity": {
        "managedidentity:FederatedIdentityCredential": "userAssignedIdentities/{resourceName}/federatedIdentityCredentials"
        "/{federatedIdentityCredentialResourceName}",
        "managedidentity:UserAssignedIdentity": "userAssignedIdentities/{resourceName}",
    },
    "Microsoft.OperationalInsights": {
        "operationalinsights:Workspace": "workspaces/{workspaceName}",
    },
    "Microsoft.Insights": {
        "monitor:ActionGroup": "actionGroups/{actionGroupName}",
        "monitor:DataCollectionEndpoint": "dataCollectionEndpoints/{dataCollectionEndpointName}",
        "monitor:DataCollectionRule": "dataCollectionRules/{dataCollectionRuleName}",
        "monitor:PrivateLinkScope": "privateLinkScopes/{scopeName}",
        "monitor:PrivateLinkScopedResource": "privateLinkScopes/{scopeName}/scopedResources/{name}",
    },
    "Microsoft.Compute": {
        "compute:Disk": "disks/{diskName}",
        "compute:DiskAccess": "diskAccesses/{diskAccessName}",
        "compute:DiskEncryptionSet": "diskEncryptionSets/{diskEncryptionSetName}",
        "compute:SshPublicKey": "sshPublicKeys/{sshPublicKeyName}",
        "compute:VirtualMachine": "virtualMachines/{vmName}",
        "compute:VirtualMachineExtension": "virtualMachines/{vmName}/extensions/{vmExtensionName}",
    },
    "Microsoft.ContainerRegistry": {
        "containerregistry:Registry": "registries/{registryName}",
    },
    "Microsoft.DataProtection": {
        "dataprotection:BackupVault": "backupVaults/{vaultName}",
    },
    "Microsoft.DevTestLab": {
        "devtestlab:GlobalSchedule": "schedules/{name}",
    },
    "Microsoft.EventGrid": {
        "eventgrid:SystemTopic": "systemTopics/{systemTopicName}",
        "eventgrid:SystemTopicEventSubscription": "systemTopics/{systemTopicName}/eventSubscriptions/{eventSubscriptionName}",
    },
    "Microsoft.Authorization": {
        "authorization:ManagementLockAtResourceGroupLevel": "locks/{lockName}",
    },
}

_ELSEWHERE: Mapping[str, str] = {
    "resources:ResourceGroup": GROUP,
    "authorization:ManagementLockAtSubscriptionLevel": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/locks/{{lockName}}",
    "authorization:ManagementLockByScope": "/{scope}/providers/Microsoft.Authorization/locks/{lockName}",
    "authorization:PolicyAssignment": "/{scope}/providers/Microsoft.Authorization/policyAssignments/{policyAssignmentName}",
    "authorization:PolicyDefinition": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/{{policyDefinitionName}}",
    "authorization:RoleAssignment": "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    "authorization:RoleDefinition": "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    "consumption:Budget": "/{scope}/providers/Microsoft.Consumption/budgets/{budgetName}",
    "eventgrid:EventSubscription": "/{scope}/providers/Microsoft.EventGrid/eventSubscriptions/{eventSubscriptionName}",
    "security:DefenderForStorage": "/{resourceId}/providers/Microsoft.Security/defenderForStorageSettings/{settingName}",
    "monitor:DataCollectionRuleAssociation":
        "/{resourceUri}/providers/Microsoft.Insights/dataCollectionRuleAssociations/{associationName}",
    "monitor:DiagnosticSetting": "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    "monitor:SubscriptionDiagnosticSetting": f"{SUBSCRIPTION}/providers/Microsoft.Insights/diagnosticSettings/{{name}}",
}  # fmt: skip


def _all() -> Iterator[tuple[str, str]]:
    for namespace, types in _IN_GROUPS.items():
        for token, tail in types.items():
            yield f"azure-native:{token}", f"{GROUP}/providers/{namespace}/{tail}"
    for token, path in _ELSEWHERE.items():
        yield f"azure-native:{token}", path


PATHS: Mapping[str, str] = dict(_all())
"""ARM paths by type token."""
