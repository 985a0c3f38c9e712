"""What policies ask of a single property, as data for a scanner that cannot run our rules: Checkov has no checks of its
own for these. The rules stay the measure; a test weakens each of these properties, and both must refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Asks(StrEnum):
    """What is asked of the values at a path. Texts compare without regard to case."""

    MUST = "must"
    """Each is one of those, and there is one."""
    MAY = "may"
    """Each is one of those, where there is one."""
    NONE = "none"
    """There is none, or it is empty."""
    FILLED = "filled"
    """There is one, and it is not empty."""
    LEAST = "least"
    """Each is a number, and no less; and there is one."""


@dataclass(frozen=True)
class Expectation:
    """One property of one type."""

    policy: str
    on: str
    """azure-native's type, or the ARM type where the exporter does not know it."""
    path: str
    """In azure-native's words, or in ARM's beside an ARM type. `[*]`: each of a list."""
    asks: Asks
    values: tuple[Any, ...] = ()
    unless: tuple[str, tuple[str, ...]] | None = None
    """A path, and the values at which nothing is asked. `name`: the resource's own, without its parents'."""


MUST, MAY, NONE, FILLED, LEAST = Asks
AZURES_OWN = ("AzureFirewallSubnet", "AzureFirewallManagementSubnet", "AzureBastionSubnet", "GatewaySubnet")
CONFIDENTIAL = "ConfidentialVmEncryptedWithCustomerKey"
POSTGRES = "Microsoft.DBforPostgreSQL/flexibleServers"
RECOVERY = "Microsoft.RecoveryServices/vaults"
BACKUP = "Microsoft.DataProtection/backupVaults"
DESKTOPS = "Microsoft.DesktopVirtualization/hostPools"

EXPECTATIONS = (
    Expectation("ST3", "storage:StorageAccount", "allowSharedKeyAccess", MUST, (False,)),
    Expectation("ST3", "storage:StorageAccount", "isLocalUserEnabled", MUST, (False,)),
    Expectation("ST3", "storage:StorageAccount", "isSftpEnabled", MUST, (False,)),
    Expectation("ST4", "storage:BlobContainer", "publicAccess", MAY, ("None",)),
    Expectation("ST6", "storage:StorageAccount", "encryption.keySource", MUST, ("Microsoft.Keyvault",)),
    Expectation("ST6", "storage:StorageAccount", "encryption.keyVaultProperties.keyVersion", NONE),
    Expectation("ST7", "storage:StorageAccount", "encryption.requireInfrastructureEncryption", MUST, (True,)),
    Expectation("ST8", "storage:StorageAccount", "allowCrossTenantReplication", MUST, (False,)),
    Expectation("ST8", "storage:StorageAccount", "allowedCopyScope", MUST, ("AAD", "PrivateLink")),
    Expectation("ST10", "storage:BlobServiceProperties", "isVersioningEnabled", MUST, (True,)),
    Expectation("ST10", "storage:BlobServiceProperties", "deleteRetentionPolicy.enabled", MUST, (True,)),
    Expectation("ST10", "storage:BlobServiceProperties", "containerDeleteRetentionPolicy.enabled", MUST, (True,)),
    Expectation("ST15", "storage:StorageAccount", "enableNfsV3", MUST, (False,)),
    Expectation("ST18", "storage:BlobServiceProperties", "cors.corsRules", NONE),
    Expectation("KV2", "keyvault:Vault", "properties.enableRbacAuthorization", MUST, (True,)),
    Expectation("KV7", "keyvault:Vault", "properties.enabledForDeployment", MAY, (False,)),
    Expectation("KV7", "keyvault:Vault", "properties.enabledForTemplateDeployment", MAY, (False,)),
    Expectation("KV4", "keyvault:Key", "properties.rotationPolicy.attributes.expiryTime", FILLED),
    Expectation("KV4", "keyvault:Key", "properties.rotationPolicy.lifetimeActions", FILLED),
    Expectation("VM2", "compute:VirtualMachine", "securityProfile.uefiSettings.secureBootEnabled", MUST, (True,)),
    Expectation("VM2", "compute:VirtualMachine", "securityProfile.uefiSettings.vTpmEnabled", MUST, (True,)),
    Expectation("VM3", "compute:DiskEncryptionSet", "rotationToLatestKeyVersionEnabled", MUST, (True,),
                unless=("encryptionType", (CONFIDENTIAL,))),
    Expectation("VM4", "compute:Disk", "networkAccessPolicy", MUST, ("DenyAll",)),
    Expectation("VM4", "compute:Disk", "publicNetworkAccess", MUST, ("Disabled",)),
    Expectation("VM6", "compute:DiskEncryptionSet", "encryptionType", MUST,
                ("EncryptionAtRestWithPlatformAndCustomerKeys", CONFIDENTIAL)),
    Expectation("NW1", "network:NetworkInterface", "ipConfigurations[*].publicIPAddress", NONE),
    Expectation("NW2", "network:Subnet", "networkSecurityGroup.id", FILLED, unless=("name", AZURES_OWN)),
    Expectation("NW3", "network:RouteTable", "disableBgpRoutePropagation", MUST, (True,)),
    Expectation("NW4", "network:Subnet", "defaultOutboundAccess", MUST, (False,)),
    Expectation("NW7", "network:VirtualNetworkPeering", "allowGatewayTransit", MAY, (False,)),
    Expectation("NW7", "network:VirtualNetworkPeering", "useRemoteGateways", MAY, (False,)),
    Expectation("NW8", "network:FlowLog", "enabled", MUST, (True,)),
    Expectation("NW8", "network:FlowLog", "retentionPolicy.days", LEAST, (90,)),
    Expectation("NW10", "network:NetworkInterface", "enableIPForwarding", MAY, (False,)),
    Expectation("NW19", "network:NetworkInterface", "networkSecurityGroup.id", FILLED),
    Expectation("PE2", "privatedns:VirtualNetworkLink", "registrationEnabled", MAY, (False,)),
    Expectation("PE3", "network:PrivateEndpoint", "manualPrivateLinkServiceConnections", NONE),
    Expectation("FW1", "network:FirewallPolicy", "sku.tier", MUST, ("Premium",)),
    Expectation("FW1", "network:FirewallPolicy", "threatIntelMode", MUST, ("Deny",)),
    Expectation("FW1", "network:AzureFirewall", "firewallPolicy.id", FILLED),
    Expectation("FW2", "network:FirewallPolicy", "intrusionDetection.mode", MUST, ("Deny",)),
    Expectation("FW4", "network:FirewallPolicy", "dnsSettings.enableProxy", MUST, (True,)),
    Expectation("FW9", "network:FirewallPolicy", "explicitProxy.enableExplicitProxy", MAY, (False,)),
    Expectation("BA1", "network:BastionHost", "disableCopyPaste", MUST, (True,)),
    Expectation("BA1", "network:BastionHost", "enableFileCopy", MAY, (False,)),
    Expectation("BA1", "network:BastionHost", "enableTunneling", MAY, (False,)),
    Expectation("BA1", "network:BastionHost", "enableShareableLink", MAY, (False,)),
    Expectation("LG2", "operationalinsights:Workspace", "retentionInDays", LEAST, (365,)),
    Expectation("LG2", "operationalinsights:Workspace", "publicNetworkAccessForIngestion", MUST, ("Disabled",)),
    Expectation("LG2", "operationalinsights:Workspace", "publicNetworkAccessForQuery", MUST, ("Disabled",)),
    Expectation("LG2", "operationalinsights:Workspace", "features.disableLocalAuth", MUST, (True,)),
    Expectation("LG3", "monitor:DiagnosticSetting", "workspaceId", FILLED),
    Expectation("LG3", "monitor:DiagnosticSetting", "eventHubAuthorizationRuleId", NONE),
    Expectation("LG3", "monitor:DiagnosticSetting", "marketplacePartnerId", NONE),
    Expectation("LG4", "monitor:PrivateLinkScope", "accessModeSettings.queryAccessMode", MUST, ("PrivateOnly",)),
    Expectation("LG4", "monitor:PrivateLinkScope", "accessModeSettings.ingestionAccessMode", MUST, ("PrivateOnly",)),
    Expectation("IA1", "authorization:RoleAssignment", "principalType", MUST, ("Group", "ServicePrincipal")),
    Expectation("GV5", "authorization:ManagementLockByScope", "level", MUST, ("CanNotDelete", "ReadOnly")),
    Expectation("PG1", POSTGRES, "properties.network.publicNetworkAccess", MUST, ("Disabled",)),
    Expectation("PG2", POSTGRES, "properties.authConfig.activeDirectoryAuth", MUST, ("Enabled",)),
    Expectation("PG2", POSTGRES, "properties.authConfig.passwordAuth", MUST, ("Disabled",)),
    Expectation("PG2", POSTGRES, "properties.dataEncryption.type", MUST, ("AzureKeyVault",)),
    Expectation("BK1", RECOVERY, "properties.publicNetworkAccess", MUST, ("Disabled",)),
    Expectation("BK1", RECOVERY, "properties.securitySettings.immutabilitySettings.state", MUST, ("Locked",)),
    Expectation("BK1", BACKUP, "properties.securitySettings.immutabilitySettings.state", MUST, ("Locked",)),
    Expectation("BK1", BACKUP, "properties.securitySettings.softDeleteSettings.state", MUST, ("AlwaysOn",)),
    Expectation("AV1", DESKTOPS, "properties.publicNetworkAccess", MUST, ("Disabled",)),
)  # fmt: skip
