# ruff: noqa: E501 - one path a line
"""The ARM path of each azure-native type, with the SDK's names of the parameters.

The SDK lacks them. Source: the REST reference of each service (learn.microsoft.com/rest/api). `formats/arm/routes.py`
reads the paths of azure-mgmt instead, but no such package is installed for many of these services. Tests check that
both agree where they overlap, and that every parameter is an input of the type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

SUBSCRIPTION = "/subscriptions/{subscriptionId}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"

_IN_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Microsoft.Network": {
        "network:ApplicationSecurityGroup": "applicationSecurityGroups/{applicationSecurityGroupName}",
        "network:AzureFirewall": "azureFirewalls/{azureFirewallName}",
        "network:BastionHost": "bastionHosts/{bastionHostName}",
        "network:DdosProtectionPlan": "ddosProtectionPlans/{ddosProtectionPlanName}",
        "network:FirewallPolicy": "firewallPolicies/{firewallPolicyName}",
        "network:FirewallPolicyRuleCollectionGroup": "firewallPolicies/{firewallPolicyName}/ruleCollectionGroups/{ruleCollectionGroupName}",
        "network:FlowLog": "networkWatchers/{networkWatcherName}/flowLogs/{flowLogName}",
        "network:IpGroup": "ipGroups/{ipGroupsName}",
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
        "network:VirtualNetworkPeering": "virtualNetworks/{virtualNetworkName}/virtualNetworkPeerings/{virtualNetworkPeeringName}",
        "privatedns:PrivateRecordSet": "privateDnsZones/{privateZoneName}/{recordType}/{relativeRecordSetName}",
        "privatedns:PrivateZone": "privateDnsZones/{privateZoneName}",
        "privatedns:VirtualNetworkLink": "privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}",
        "dnsresolver:DnsResolver": "dnsResolvers/{dnsResolverName}",
        "dnsresolver:InboundEndpoint": "dnsResolvers/{dnsResolverName}/inboundEndpoints/{inboundEndpointName}",
        "dnsresolver:OutboundEndpoint": "dnsResolvers/{dnsResolverName}/outboundEndpoints/{outboundEndpointName}",
    },
    "Microsoft.Storage": {
        "storage:StorageAccount": "storageAccounts/{accountName}",
        "storage:BlobContainer": "storageAccounts/{accountName}/blobServices/default/containers/{containerName}",
        "storage:BlobContainerImmutabilityPolicy": "storageAccounts/{accountName}/blobServices/default/containers/{containerName}"
        "/immutabilityPolicies/{immutabilityPolicyName}",
        "storage:BlobInventoryPolicy": "storageAccounts/{accountName}/inventoryPolicies/{blobInventoryPolicyName}",
        "storage:BlobServiceProperties": "storageAccounts/{accountName}/blobServices/{blobServicesName}",
        "storage:EncryptionScope": "storageAccounts/{accountName}/encryptionScopes/{encryptionScopeName}",
        "storage:FileServiceProperties": "storageAccounts/{accountName}/fileServices/{fileServicesName}",
        "storage:FileShare": "storageAccounts/{accountName}/fileServices/default/shares/{shareName}",
        "storage:LocalUser": "storageAccounts/{accountName}/localUsers/{username}",
        "storage:ManagementPolicy": "storageAccounts/{accountName}/managementPolicies/{managementPolicyName}",
        "storage:ObjectReplicationPolicy": "storageAccounts/{accountName}/objectReplicationPolicies/{objectReplicationPolicyId}",
        "storage:Queue": "storageAccounts/{accountName}/queueServices/default/queues/{queueName}",
        "storage:QueueServiceProperties": "storageAccounts/{accountName}/queueServices/{queueServiceName}",
        "storage:Table": "storageAccounts/{accountName}/tableServices/default/tables/{tableName}",
        "storage:TableServiceProperties": "storageAccounts/{accountName}/tableServices/{tableServiceName}",
    },
    "Microsoft.KeyVault": {
        "keyvault:Key": "vaults/{vaultName}/keys/{keyName}",
        "keyvault:ManagedHsm": "managedHSMs/{name}",
        "keyvault:Secret": "vaults/{vaultName}/secrets/{secretName}",
        "keyvault:Vault": "vaults/{vaultName}",
    },
    "Microsoft.ManagedIdentity": {
        "managedidentity:FederatedIdentityCredential": "userAssignedIdentities/{resourceName}/federatedIdentityCredentials"
        "/{federatedIdentityCredentialResourceName}",
        "managedidentity:UserAssignedIdentity": "userAssignedIdentities/{resourceName}",
    },
    "Microsoft.OperationalInsights": {
        "operationalinsights:DataExport": "workspaces/{workspaceName}/dataExports/{dataExportName}",
        "operationalinsights:LinkedStorageAccount": "workspaces/{workspaceName}/linkedStorageAccounts/{dataSourceType}",
        "operationalinsights:SavedSearch": "workspaces/{workspaceName}/savedSearches/{savedSearchId}",
        "operationalinsights:Table": "workspaces/{workspaceName}/tables/{tableName}",
        "operationalinsights:Workspace": "workspaces/{workspaceName}",
    },
    "Microsoft.Insights": {
        "applicationinsights:Component": "components/{resourceName}",
        "monitor:ActionGroup": "actionGroups/{actionGroupName}",
        "monitor:ActivityLogAlert": "activityLogAlerts/{activityLogAlertName}",
        "monitor:DataCollectionEndpoint": "dataCollectionEndpoints/{dataCollectionEndpointName}",
        "monitor:DataCollectionRule": "dataCollectionRules/{dataCollectionRuleName}",
        "monitor:MetricAlert": "metricAlerts/{ruleName}",
        "monitor:PrivateLinkScope": "privateLinkScopes/{scopeName}",
        "monitor:PrivateLinkScopedResource": "privateLinkScopes/{scopeName}/scopedResources/{name}",
        "monitor:ScheduledQueryRule": "scheduledQueryRules/{ruleName}",
    },
    "Microsoft.Compute": {
        "compute:Disk": "disks/{diskName}",
        "compute:DiskAccess": "diskAccesses/{diskAccessName}",
        "compute:DiskEncryptionSet": "diskEncryptionSets/{diskEncryptionSetName}",
        "compute:Gallery": "galleries/{galleryName}",
        "compute:GalleryImage": "galleries/{galleryName}/images/{galleryImageName}",
        "compute:SshPublicKey": "sshPublicKeys/{sshPublicKeyName}",
        "compute:VirtualMachine": "virtualMachines/{vmName}",
        "compute:VirtualMachineExtension": "virtualMachines/{vmName}/extensions/{vmExtensionName}",
    },
    "Microsoft.RecoveryServices": {
        "recoveryservices:Vault": "vaults/{vaultName}",
        "recoveryservices:ProtectionPolicy": "vaults/{vaultName}/backupPolicies/{policyName}",
    },
    "Microsoft.DataProtection": {
        "dataprotection:BackupInstance": "backupVaults/{vaultName}/backupInstances/{backupInstanceName}",
        "dataprotection:BackupPolicy": "backupVaults/{vaultName}/backupPolicies/{backupPolicyName}",
        "dataprotection:BackupVault": "backupVaults/{vaultName}",
    },
    "Microsoft.DesktopVirtualization": {
        "desktopvirtualization:ApplicationGroup": "applicationGroups/{applicationGroupName}",
        "desktopvirtualization:HostPool": "hostPools/{hostPoolName}",
        "desktopvirtualization:ScalingPlan": "scalingPlans/{scalingPlanName}",
        "desktopvirtualization:Workspace": "workspaces/{workspaceName}",
    },
    "Microsoft.MachineLearningServices": {
        "machinelearningservices:Compute": "workspaces/{workspaceName}/computes/{computeName}",
        "machinelearningservices:Workspace": "workspaces/{workspaceName}",
    },
    "Microsoft.ContainerRegistry": {
        "containerregistry:Registry": "registries/{registryName}",
    },
    "Microsoft.DataFactory": {
        "datafactory:Factory": "factories/{factoryName}",
        "datafactory:IntegrationRuntime": "factories/{factoryName}/integrationRuntimes/{integrationRuntimeName}",
        "datafactory:LinkedService": "factories/{factoryName}/linkedservices/{linkedServiceName}",
        "datafactory:ManagedPrivateEndpoint": "factories/{factoryName}/managedVirtualNetworks/{managedVirtualNetworkName}"
        "/managedPrivateEndpoints/{managedPrivateEndpointName}",
        "datafactory:Pipeline": "factories/{factoryName}/pipelines/{pipelineName}",
        "datafactory:Dataset": "factories/{factoryName}/datasets/{datasetName}",
        "datafactory:Trigger": "factories/{factoryName}/triggers/{triggerName}",
    },
    "Microsoft.DBforPostgreSQL": {
        "dbforpostgresql:Configuration": "flexibleServers/{serverName}/configurations/{configurationName}",
        "dbforpostgresql:Database": "flexibleServers/{serverName}/databases/{databaseName}",
        "dbforpostgresql:FirewallRule": "flexibleServers/{serverName}/firewallRules/{firewallRuleName}",
        "dbforpostgresql:Server": "flexibleServers/{serverName}",
    },
    "Microsoft.EventGrid": {
        "eventgrid:SystemTopic": "systemTopics/{systemTopicName}",
        "eventgrid:SystemTopicEventSubscription": "systemTopics/{systemTopicName}/eventSubscriptions/{eventSubscriptionName}",
        "eventgrid:Topic": "topics/{topicName}",
    },
    "Microsoft.ServiceBus": {
        "servicebus:Namespace": "namespaces/{namespaceName}",
        "servicebus:Queue": "namespaces/{namespaceName}/queues/{queueName}",
        "servicebus:Topic": "namespaces/{namespaceName}/topics/{topicName}",
        "servicebus:Subscription": "namespaces/{namespaceName}/topics/{topicName}/subscriptions/{subscriptionName}",
    },
    "Microsoft.Databricks": {"databricks:Workspace": "workspaces/{workspaceName}"},
    "Microsoft.Automation": {"automation:AutomationAccount": "automationAccounts/{automationAccountName}"},
    "Microsoft.Web": {
        "web:AppServicePlan": "serverfarms/{name}",
        "web:WebApp": "sites/{name}",
    },
    "Microsoft.Authorization": {
        "authorization:ManagementLockAtResourceGroupLevel": "locks/{lockName}",
    },
}

_ELSEWHERE: Mapping[str, str] = {
    "resources:ResourceGroup": GROUP,
    "authorization:ManagementLockAtResourceLevel": f"{GROUP}/providers/{{resourceProviderNamespace}}/{{parentResourcePath}}/{{resourceType}}/{{resourceName}}/providers/Microsoft.Authorization/locks/{{lockName}}",
    "authorization:ManagementLockAtSubscriptionLevel": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/locks/{{lockName}}",
    "authorization:ManagementLockByScope": "/{scope}/providers/Microsoft.Authorization/locks/{lockName}",
    "authorization:PolicyAssignment": "/{scope}/providers/Microsoft.Authorization/policyAssignments/{policyAssignmentName}",
    "authorization:PolicyDefinition": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/{{policyDefinitionName}}",
    "authorization:RoleAssignment": "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    "authorization:RoleDefinition": "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    "consumption:Budget": "/{scope}/providers/Microsoft.Consumption/budgets/{budgetName}",
    "eventgrid:EventSubscription": "/{scope}/providers/Microsoft.EventGrid/eventSubscriptions/{eventSubscriptionName}",
    "monitor:DataCollectionRuleAssociation":
        "/{resourceUri}/providers/Microsoft.Insights/dataCollectionRuleAssociations/{associationName}",
    "monitor:DiagnosticSetting": "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    "monitor:SubscriptionDiagnosticSetting": f"{SUBSCRIPTION}/providers/Microsoft.Insights/diagnosticSettings/{{name}}",
    "security:Pricing": "/{scopeId}/providers/Microsoft.Security/pricings/{pricingName}",
    "securityinsights:SentinelOnboardingState":
        f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspaceName}}"
        "/providers/Microsoft.SecurityInsights/onboardingStates/{sentinelOnboardingStateName}",
}  # fmt: skip


def _all() -> Iterator[tuple[str, str]]:
    for namespace, types in _IN_GROUPS.items():
        for token, tail in types.items():
            yield f"azure-native:{token}", f"{GROUP}/providers/{namespace}/{tail}"
    for token, path in _ELSEWHERE.items():
        yield f"azure-native:{token}", path


PATHS: Mapping[str, str] = dict(_all())
"""ARM paths by type token."""
