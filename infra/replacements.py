"""The properties that Azure never changes, for each resource type of the program.

azure-native requests a replacement for few properties and updates the others, which Azure then refuses, or ignores in
silence (docs/azure-facts.md#fixed-properties). The program therefore says itself which changes are replacements, so
that a preview shows them, and refuses them for protected resources.
"""

from __future__ import annotations

import pulumi

FIXED: dict[str, tuple[str, ...]] = {
    "authorization:PolicyAssignment": ("location",),
    "authorization:RoleAssignment": ("roleDefinitionId", "principalType", "delegatedManagedIdentityResourceId"),
    "compute:Disk": ("location", "zones", "creationData", "securityProfile", "hyperVGeneration"),
    "compute:DiskEncryptionSet": ("location", "encryptionType"),
    "compute:VirtualMachine": (
        "location",
        "zones",
        "availabilitySet",
        "priority",
        "plan",
        "platformFaultDomain",
        "osProfile.adminUsername",
        "osProfile.adminPassword",
        "osProfile.computerName",
        "osProfile.customData",
        "osProfile.linuxConfiguration.disablePasswordAuthentication",
        "osProfile.linuxConfiguration.ssh",
        "storageProfile.imageReference",
        "storageProfile.osDisk.name",
        "storageProfile.osDisk.osType",
        "storageProfile.osDisk.createOption",
        "storageProfile.osDisk.managedDisk",
        "securityProfile.securityType",
    ),
    "compute:VirtualMachineExtension": ("publisher", "type"),
    "containerregistry:Registry": ("location", "encryption.status", "zoneRedundancy"),
    "consumption:Budget": ("timeGrain", "category"),
    "dnsresolver:DnsResolverDomainList": ("location",),
    "dnsresolver:DnsResolverPolicy": ("location",),
    "dnsresolver:DnsResolverPolicyVirtualNetworkLink": ("location", "virtualNetwork"),
    "dnsresolver:DnsSecurityRule": ("location",),
    "keyvault:Key": (
        "properties.kty",
        "properties.keySize",
        "properties.curveName",
        "properties.keyOps",
        "properties.attributes",
        "properties.rotationPolicy",
        "properties.releasePolicy",
    ),
    "keyvault:Vault": ("location", "properties.softDeleteRetentionInDays"),
    "managedidentity:UserAssignedIdentity": ("location",),
    "monitor:PrivateLinkScope": ("location",),
    "monitor:PrivateLinkScopedResource": ("linkedResourceId",),
    "network:AzureFirewall": ("location", "zones", "sku.name", "managementIpConfiguration",
                              "ipConfigurations[*].subnet"),
    "network:BastionHost": ("location", "zones", "ipConfigurations", "virtualNetwork"),
    "network:FirewallPolicy": ("location", "sku.tier"),
    "network:FlowLog": ("location", "targetResourceId"),
    "network:LocalNetworkGateway": ("location",),
    "network:NetworkInterface": ("location",),
    "network:NetworkSecurityGroup": ("location",),
    "network:PrivateEndpoint": ("location", "subnet", "customNetworkInterfaceName", "privateLinkServiceConnections",
                                "manualPrivateLinkServiceConnections", "ipConfigurations"),
    "network:VirtualNetworkGateway": ("location", "gatewayType", "vpnType", "vpnGatewayGeneration",
                                      "ipConfigurations[*].subnet"),
    "network:VirtualNetworkGatewayConnection": ("location", "connectionType", "connectionProtocol",
                                                "virtualNetworkGateway1", "localNetworkGateway2", "peer"),
    "network:PublicIPAddress": ("location", "zones", "sku", "publicIPAddressVersion", "publicIPPrefix", "ipTags"),
    "network:RouteTable": ("location",),
    "network:VirtualNetwork": ("location",),
    "network:VirtualNetworkPeering": ("remoteVirtualNetwork", "enableOnlyIPv6Peering", "peerCompleteVnets"),
    "operationalinsights:Workspace": ("location",),
    "privatedns:PrivateZone": ("location",),
    "privatedns:VirtualNetworkLink": ("location", "virtualNetwork"),
    "resources:ResourceGroup": ("location", "managedBy"),
    "storage:BlobContainer": ("defaultEncryptionScope", "denyEncryptionScopeOverride"),
    "storage:StorageAccount": (
        "location",
        "kind",
        "isHnsEnabled",
        "enableNfsV3",
        "dnsEndpointType",
        "encryption.requireInfrastructureEncryption",
        "encryption.services.queue.keyType",
        "encryption.services.table.keyType",
        "immutableStorageWithVersioning.enabled",
    ),
}  # fmt: skip
"""Property paths by type. A change at a path or below it replaces the resource."""

_GENERATED_NAMES = ("authorization:RoleAssignment",)
"""Types whose names are generated: the new resource is created before the old one is deleted."""


def replace_what_is_fixed(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """Add the replacement rules of a resource's type to its options."""
    type_ = args.type_.removeprefix("azure-native:")
    if type_ not in FIXED:
        return None
    # The name is taken until the old resource is deleted.
    first = None if type_ in _GENERATED_NAMES else True
    rules = pulumi.ResourceOptions(replace_on_changes=list(FIXED[type_]), delete_before_replace=first)
    return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, rules))
