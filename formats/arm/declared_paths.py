"""The paths of types that no installed azure-mgmt package contains: only ids can be derived, and no template exported.

Source: Azure's published REST specification (https://github.com/Azure/azure-rest-api-specs).
"""

from __future__ import annotations

from collections.abc import Mapping

_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/"
_BACKUP = f"{_GROUP}Microsoft.DataProtection/backupVaults/{{vaultName}}"
_RECOVERY = f"{_GROUP}Microsoft.RecoveryServices/vaults/{{vaultName}}"
_CONTAINER = "backupFabrics/{fabricName}/protectionContainers/{containerName}"
_MACHINE = f"{_GROUP}{{providerName}}/{{resourceType}}/{{resourceName}}"
PATHS: Mapping[str, str] = {
    "dataprotection:BackupInstance": f"{_BACKUP}/backupInstances/{{backupInstanceName}}",
    "dataprotection:BackupPolicy": f"{_BACKUP}/backupPolicies/{{backupPolicyName}}",
    "dataprotection:BackupVault": _BACKUP,
    "maintenance:ConfigurationAssignment": (
        f"{_MACHINE}/providers/Microsoft.Maintenance/configurationAssignments/{{configurationAssignmentName}}"
    ),
    "maintenance:MaintenanceConfiguration": f"{_GROUP}Microsoft.Maintenance/maintenanceConfigurations/{{resourceName}}",
    "recoveryservices:ProtectedItem": f"{_RECOVERY}/{_CONTAINER}/protectedItems/{{protectedItemName}}",
    "recoveryservices:ProtectionPolicy": f"{_RECOVERY}/backupPolicies/{{policyName}}",
    "recoveryservices:Vault": _RECOVERY,
}
"""By azure-native type."""
