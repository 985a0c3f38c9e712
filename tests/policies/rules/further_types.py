"""Sample resources of types that the other samples declare in another form: separate rules and routes, inline subnets
and peerings, snapshots, and managed HSMs."""

from __future__ import annotations

from tests.policies.rules.cases import GROUP, World, group, made

NETWORK = "Microsoft.Network"
TAGS = {"data-class": "identifiable"}
ID = f"{GROUP}/providers/{NETWORK}"


def world() -> World:
    """Return the resources, by name."""
    return {
        "group": group("identifiable"),
        "nsg": made("network:NetworkSecurityGroup", "nsg", f"{NETWORK}/networkSecurityGroups/nsg", tags=TAGS,
                    location="uksouth", resourceGroupName="rg-heart", networkSecurityGroupName="nsg"),
        "rule": made("network:SecurityRule", "rule", f"{NETWORK}/networkSecurityGroups/nsg/securityRules/rule",
                     access="Allow", direction="Outbound", priority=100, protocol="Tcp", sourcePortRange="*",
                     sourceAddressPrefix="10.65.0.128/25", destinationAddressPrefix="10.65.0.5",
                     destinationPortRange="443", resourceGroupName="rg-heart", networkSecurityGroupName="nsg",
                     securityRuleName="rule"),
        "table": made("network:RouteTable", "table", f"{NETWORK}/routeTables/table", tags=TAGS, location="uksouth",
                      disableBgpRoutePropagation=True, resourceGroupName="rg-heart", routeTableName="table"),
        "route": made("network:Route", "route", f"{NETWORK}/routeTables/table/routes/route", addressPrefix="0.0.0.0/0",
                      nextHopType="VirtualAppliance", nextHopIpAddress="10.64.0.4", resourceGroupName="rg-heart",
                      routeTableName="table", routeName="route"),
        "net": made("network:VirtualNetwork", "net", f"{NETWORK}/virtualNetworks/net", tags=TAGS, location="uksouth",
                    resourceGroupName="rg-heart", virtualNetworkName="net",
                    addressSpace={"addressPrefixes": ["10.65.0.0/24"]}, dhcpOptions={"dnsServers": ["10.64.0.4"]},
                    encryption={"enabled": True, "enforcement": "AllowUnencrypted"},
                    subnets=[{"name": "desks", "addressPrefix": "10.65.0.128/25", "defaultOutboundAccess": False,
                              "networkSecurityGroup": {"id": f"{ID}/networkSecurityGroups/nsg"},
                              "routeTable": {"id": f"{ID}/routeTables/table"},
                              "privateEndpointNetworkPolicies": "Enabled", "serviceEndpoints": []}],
                    virtualNetworkPeerings=[]),
        "snapshot": made("compute:Snapshot", "snapshot", "Microsoft.Compute/snapshots/snapshot", tags=TAGS,
                         location="uksouth", resourceGroupName="rg-heart", snapshotName="snapshot",
                         creationData={"createOption": "Copy",
                                       "sourceResourceId": f"{GROUP}/providers/Microsoft.Compute/disks/data"},
                         networkAccessPolicy="DenyAll", publicNetworkAccess="Disabled",
                         dataAccessAuthMode="AzureActiveDirectory",
                         encryption={"type": "EncryptionAtRestWithPlatformAndCustomerKeys", "diskEncryptionSetId":
                                     f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/des"}),
        "hsm": made("keyvault:ManagedHsm", "hsm", "Microsoft.KeyVault/managedHSMs/hsm", tags=TAGS, location="uksouth",
                    resourceGroupName="rg-heart", name="hsm", sku={"family": "B", "name": "Standard_B1"},
                    properties={"publicNetworkAccess": "Disabled", "enablePurgeProtection": True,
                                "enableSoftDelete": True, "softDeleteRetentionInDays": 90,
                                "tenantId": "10ca1000-0000-4000-8000-0000000000aa",
                                "networkAcls": {"defaultAction": "Deny", "bypass": "None"}}),
    }  # fmt: skip


def others() -> World:
    """Return a denial, an inbound rule and a route inside the network: each is refused if one of its words changes."""
    common = {"resourceGroupName": "rg-heart", "networkSecurityGroupName": "nsg", "sourcePortRange": "*"}
    parent = f"{NETWORK}/networkSecurityGroups/nsg/securityRules"
    return {
        "nsg": world()["nsg"],
        "table": world()["table"],
        "denial": made("network:SecurityRule", "denial", f"{parent}/denial", access="Deny", direction="Outbound",
                       priority=4000, protocol="*", sourceAddressPrefix="*", destinationAddressPrefix="*",
                       destinationPortRange="*", securityRuleName="denial", **common),
        "inbound": made("network:SecurityRule", "inbound", f"{parent}/inbound", access="Allow", direction="Inbound",
                        priority=200, protocol="Tcp", sourceAddressPrefix="10.64.0.128/26",
                        destinationAddressPrefix="*", destinationPortRange="22", securityRuleName="inbound", **common),
        "route": made("network:Route", "local", f"{NETWORK}/routeTables/table/routes/local", routeName="local",
                      addressPrefix="10.65.0.0/24", nextHopType="VnetLocal", resourceGroupName="rg-heart",
                      routeTableName="table"),
    }  # fmt: skip
