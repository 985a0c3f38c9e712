"""The paths of types whose ids are derived without an azure-mgmt package. Most are in none that is installed: no
template with them is exported.

Source: Azure's published REST specification (https://github.com/Azure/azure-rest-api-specs).
"""

from __future__ import annotations

from collections.abc import Mapping

_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/"
_BACKUP = f"{_GROUP}Microsoft.DataProtection/backupVaults/{{vaultName}}"
_RECOVERY = f"{_GROUP}Microsoft.RecoveryServices/vaults/{{vaultName}}"
_NETWORK = f"{_GROUP}Microsoft.Network"
_DNS = f"{_NETWORK}/dnsResolverPolicies/{{dnsResolverPolicyName}}"
_CONTAINER = "backupFabrics/{fabricName}/protectionContainers/{containerName}"
_MACHINE = f"{_GROUP}{{providerName}}/{{resourceType}}/{{resourceName}}"
PATHS: Mapping[str, str] = {
    "containerregistry:Registry": f"{_GROUP}Microsoft.ContainerRegistry/registries/{{registryName}}",
    "dataprotection:BackupInstance": f"{_BACKUP}/backupInstances/{{backupInstanceName}}",
    "dataprotection:BackupPolicy": f"{_BACKUP}/backupPolicies/{{backupPolicyName}}",
    "dataprotection:BackupVault": _BACKUP,
    "devtestlab:GlobalSchedule": f"{_GROUP}Microsoft.DevTestLab/schedules/{{name}}",
    "dnsresolver:DnsResolverDomainList": f"{_NETWORK}/dnsResolverDomainLists/{{dnsResolverDomainListName}}",
    "dnsresolver:DnsResolverPolicy": _DNS,
    "dnsresolver:DnsResolverPolicyVirtualNetworkLink": (
        f"{_DNS}/virtualNetworkLinks/{{dnsResolverPolicyVirtualNetworkLinkName}}"
    ),
    "dnsresolver:DnsSecurityRule": f"{_DNS}/dnsSecurityRules/{{dnsSecurityRuleName}}",
    "maintenance:ConfigurationAssignment": (
        f"{_MACHINE}/providers/Microsoft.Maintenance/configurationAssignments/{{configurationAssignmentName}}"
    ),
    "maintenance:MaintenanceConfiguration": f"{_GROUP}Microsoft.Maintenance/maintenanceConfigurations/{{resourceName}}",
    "recoveryservices:ProtectedItem": f"{_RECOVERY}/{_CONTAINER}/protectedItems/{{protectedItemName}}",
    "recoveryservices:ProtectionPolicy": f"{_RECOVERY}/backupPolicies/{{policyName}}",
    "recoveryservices:Vault": _RECOVERY,
}
"""By azure-native type."""
