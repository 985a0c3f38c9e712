"""The resource types that the estate's resource groups and subscriptions may have.

These are the types that the stacks declare, and those that Azure creates for them: the system disk of a virtual
machine, the records of a private endpoint's name, network watchers, and the topic, subscription and scanner of malware
scanning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TYPES: Mapping[str, Sequence[str]] = {
    "Microsoft.Authorization": (
        "locks",
        "policyAssignments",
        "policyDefinitions",
        "roleAssignments",
        "roleDefinitions",
    ),
    "Microsoft.Compute": ("diskEncryptionSets", "disks", "virtualMachines", "virtualMachines/extensions"),
    "Microsoft.Consumption": ("budgets",),
    "Microsoft.ContainerRegistry": ("registries", "registries/privateEndpointConnections"),
    "Microsoft.DevTestLab": ("schedules",),
    "Microsoft.EventGrid": ("systemTopics", "systemTopics/eventSubscriptions"),
    "Microsoft.Insights": (
        "diagnosticSettings",
        "privateLinkScopes",
        "privateLinkScopes/privateEndpointConnections",
        "privateLinkScopes/scopedResources",
    ),
    "Microsoft.KeyVault": ("vaults", "vaults/keys", "vaults/privateEndpointConnections", "vaults/secrets"),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.Network": (
        "azureFirewalls",
        "bastionHosts",
        "connections",
        "dnsResolverDomainLists",
        "dnsResolverPolicies",
        "dnsResolverPolicies/dnsSecurityRules",
        "dnsResolverPolicies/virtualNetworkLinks",
        "firewallPolicies",
        "firewallPolicies/ruleCollectionGroups",
        "localNetworkGateways",
        "networkInterfaces",
        "networkSecurityGroups",
        "networkWatchers",
        "networkWatchers/flowLogs",
        "privateDnsZones",
        "privateDnsZones/A",
        "privateDnsZones/virtualNetworkLinks",
        "privateEndpoints",
        "privateEndpoints/privateDnsZoneGroups",
        "publicIPAddresses",
        "routeTables",
        "virtualNetworkGateways",
        "virtualNetworks",
        "virtualNetworks/subnets",
        "virtualNetworks/virtualNetworkPeerings",
    ),
    "Microsoft.OperationalInsights": ("workspaces",),
    "Microsoft.Resources": ("subscriptions", "subscriptions/resourceGroups"),
    "Microsoft.Security": ("dataScanners", "defenderForStorageSettings", "pricings"),
    "Microsoft.Storage": (
        "storageAccounts",
        "storageAccounts/blobServices",
        "storageAccounts/blobServices/containers",
        "storageAccounts/blobServices/containers/immutabilityPolicies",
        "storageAccounts/managementPolicies",
        "storageAccounts/privateEndpointConnections",
    ),
}
ESTATE_TYPES = tuple(f"{provider}/{type_}" for provider, types in TYPES.items() for type_ in types)
