"""Bodies against what the azure-mgmt models know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from formats.arm.routes import route
from operations.export.arm import template
from operations.export.arm_property_path import arm_path
from operations.export.request_models import Kind, Model, Shape, model, normalised
from tests.operations.export.plans import group, made, plan_of

GROUP = {"resourceGroupName": "rg-hub"}
ID = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg-hub/providers/Microsoft.Network/x/y"

TYPICAL: dict[str, dict[str, Any]] = {
    "network:VirtualNetwork": {
        "virtualNetworkName": "v", "location": "uksouth", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
        "encryption": {"enabled": True, "enforcement": "AllowUnencrypted"},
    },
    "network:Subnet": {
        "virtualNetworkName": "v", "subnetName": "s", "addressPrefix": "10.0.1.0/24", "defaultOutboundAccess": False,
        "networkSecurityGroup": {"id": ID}, "routeTable": {"id": ID}, "privateEndpointNetworkPolicies": "Enabled",
        "delegations": [{"name": "d", "serviceName": "Microsoft.Web/serverFarms"}],
    },
    "network:NetworkSecurityGroup": {
        "networkSecurityGroupName": "n", "location": "uksouth",
        "securityRules": [{"name": "deny", "priority": 4096, "access": "Deny", "direction": "Inbound", "protocol": "*",
                           "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
                           "destinationPortRange": "*"}],
    },
    "network:RouteTable": {
        "routeTableName": "r", "location": "uksouth", "disableBgpRoutePropagation": True,
        "routes": [{"name": "out", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance",
                    "nextHopIpAddress": "10.0.0.4"}],
    },
    "network:PublicIPAddress": {
        "publicIpAddressName": "p", "location": "uksouth", "publicIPAllocationMethod": "Static",
        "publicIPAddressVersion": "IPv4", "sku": {"name": "Standard"}, "zones": ["1", "2", "3"],
    },
    "network:AzureFirewall": {
        "azureFirewallName": "f", "location": "uksouth", "firewallPolicy": {"id": ID}, "zones": ["1"],
        "sku": {"name": "AZFW_VNet", "tier": "Premium"},
        "ipConfigurations": [{"name": "i", "subnet": {"id": ID}, "publicIPAddress": {"id": ID}}],
    },
    "network:FirewallPolicy": {
        "firewallPolicyName": "f", "location": "uksouth", "threatIntelMode": "Deny", "sku": {"tier": "Premium"},
        "dnsSettings": {"enableProxy": True, "servers": []},
        "intrusionDetection": {"mode": "Deny"},
    },
    "network:PrivateEndpoint": {
        "privateEndpointName": "p", "location": "uksouth", "subnet": {"id": ID}, "customNetworkInterfaceName": "nic",
        "privateLinkServiceConnections": [{"name": "c", "groupIds": ["blob"], "privateLinkServiceId": ID}],
    },
    "network:PrivateDnsZoneGroup": {
        "privateEndpointName": "p", "privateDnsZoneGroupName": "default",
        "privateDnsZoneConfigs": [{"name": "blob", "privateDnsZoneId": ID}],
    },
    "network:NetworkInterface": {
        "networkInterfaceName": "n", "location": "uksouth", "enableIPForwarding": False,
        "ipConfigurations": [{"name": "i", "privateIPAllocationMethod": "Dynamic", "subnet": {"id": ID}}],
    },
    "network:FlowLog": {
        "networkWatcherName": "w", "flowLogName": "f", "location": "uksouth", "enabled": True, "storageId": ID,
        "targetResourceId": ID, "retentionPolicy": {"days": 90, "enabled": True},
        "format": {"type": "JSON", "version": 2},
    },
    "storage:StorageAccount": {
        "accountName": "a", "location": "uksouth", "kind": "StorageV2", "sku": {"name": "Standard_GRS"},
        "allowSharedKeyAccess": False, "enableHttpsTrafficOnly": True, "publicNetworkAccess": "Disabled",
        "networkRuleSet": {"defaultAction": "Deny", "bypass": "None",
                           "virtualNetworkRules": [{"virtualNetworkResourceId": ID}],
                           "ipRules": [{"iPAddressOrRange": "192.0.2.1"}]},
        "encryption": {"keySource": "Microsoft.Keyvault", "requireInfrastructureEncryption": True,
                       "identity": {"encryptionUserAssignedIdentity": ID},
                       "keyVaultProperties": {"keyName": "k", "keyVaultUri": "https://kv.vault.azure.net"},
                       "services": {"blob": {"enabled": True, "keyType": "Account"}}},
    },
    "storage:ManagementPolicy": {
        "accountName": "a", "managementPolicyName": "default",
        "policy": {"rules": [{"name": "cool", "type": "Lifecycle", "enabled": True, "definition": {
            "filters": {"blobTypes": ["blockBlob"]},
            "actions": {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 30}}}}}]},
    },
    "storage:BlobContainer": {"accountName": "a", "containerName": "c", "publicAccess": "None"},
    "storage:BlobContainerImmutabilityPolicy": {
        "accountName": "a", "containerName": "c", "immutabilityPolicyName": "default",
        "immutabilityPeriodSinceCreationInDays": 365,
    },
    "keyvault:Key": {
        "vaultName": "k", "keyName": "store",
        "properties": {"kty": "RSA-HSM", "keySize": 3072, "keyOps": ["wrapKey", "unwrapKey"], "rotationPolicy": {
            "attributes": {"expiryTime": "P2Y"},
            "lifetimeActions": [{"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P1Y"}}]}},
    },
    "operationalinsights:Workspace": {
        "workspaceName": "l", "location": "uksouth", "retentionInDays": 365, "sku": {"name": "PerGB2018"},
        "features": {"disableLocalAuth": True}, "publicNetworkAccessForIngestion": "Disabled",
    },
    "privatedns:VirtualNetworkLink": {
        "privateZoneName": "privatelink.blob.core.windows.net", "virtualNetworkLinkName": "hub", "location": "Global",
        "registrationEnabled": False, "virtualNetwork": {"id": ID},
    },
    "compute:VirtualMachine": {
        "vmName": "vm", "location": "uksouth", "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "securityProfile": {"encryptionAtHost": True, "securityType": "TrustedLaunch",
                            "uefiSettings": {"vTpmEnabled": True, "secureBootEnabled": True}},
        "networkProfile": {"networkInterfaces": [{"id": ID, "primary": True}]},
        "osProfile": {"computerName": "vm", "adminUsername": "sde", "linuxConfiguration": {
            "disablePasswordAuthentication": True, "ssh": {"publicKeys": [{"path": "/home/sde", "keyData": "k"}]}}},
        "storageProfile": {"osDisk": {"createOption": "FromImage", "managedDisk": {"diskEncryptionSet": {"id": ID}}},
                           "dataDisks": [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": ID}}]},
    },
    "compute:VirtualMachineExtension": {
        "vmName": "vm", "vmExtensionName": "AADSSHLoginForLinux", "location": "uksouth",
        "publisher": "Microsoft.Azure.ActiveDirectory", "type": "AADSSHLoginForLinux", "typeHandlerVersion": "1.0",
    },
    "compute:Disk": {
        "diskName": "d", "location": "uksouth", "diskSizeGB": 128, "creationData": {"createOption": "Empty"},
        "networkAccessPolicy": "DenyAll", "encryption": {"type": "EncryptionAtRestWithCustomerKey",
                                                         "diskEncryptionSetId": ID},
    },
    "compute:DiskEncryptionSet": {
        "diskEncryptionSetName": "d", "location": "uksouth", "rotationToLatestKeyVersionEnabled": True,
        "activeKey": {"keyUrl": "https://kv.vault.azure.net/keys/disks"},
        "encryptionType": "EncryptionAtRestWithCustomerKey",
    },
    "monitor:DataCollectionRule": {
        "dataCollectionRuleName": "d", "location": "uksouth", "kind": "Linux",
        "dataSources": {"syslog": [{"name": "s", "streams": ["Microsoft-Syslog"], "facilityNames": ["auth"],
                                    "logLevels": ["Info"]}]},
        "destinations": {"logAnalytics": [{"name": "l", "workspaceResourceId": ID}]},
        "dataFlows": [{"streams": ["Microsoft-Syslog"], "destinations": ["l"]}],
    },
    "monitor:DiagnosticSetting": {
        "name": "d", "resourceUri": ID, "workspaceId": ID, "logs": [{"categoryGroup": "allLogs", "enabled": True}],
    },
    "authorization:ManagementLockByScope": {"lockName": "l", "scope": ID, "level": "CanNotDelete", "notes": "data"},
    "eventgrid:SystemTopic": {
        "systemTopicName": "t", "location": "uksouth", "source": ID, "topicType": "Microsoft.Storage.StorageAccounts",
    },
    "eventgrid:SystemTopicEventSubscription": {
        "systemTopicName": "t", "eventSubscriptionName": "s",
        "deliveryWithResourceIdentity": {
            "identity": {"type": "SystemAssigned"},
            "destination": {"endpointType": "StorageQueue", "resourceId": ID, "queueName": "q"}},
        "filter": {"includedEventTypes": ["Microsoft.Storage.BlobCreated"],
                   "advancedFilters": [{"operatorType": "StringIn", "key": "data.api", "values": ["PutBlob"]}]},
    },
    "consumption:Budget": {
        "budgetName": "b", "scope": "/subscriptions/10ca1000-0000-4000-8000-000000000001", "amount": 100,
        "category": "Cost", "timeGrain": "Monthly", "timePeriod": {"startDate": "2026-01-01T00:00:00Z"},
    },
}  # fmt: skip


def with_group(type_: str) -> dict[str, Any]:
    inputs = TYPICAL[type_]
    return inputs if {"scope", "resourceUri"} & inputs.keys() else {**GROUP, **inputs}


def body_of(type_: str) -> dict[str, Any]:
    """Return the template's resource of a type, without the keys that every resource has."""
    resource = made(type_, "it", with_group(type_))
    (found,) = [r for r in template(plan_of(group(), resource))["resources"] if r["metadata"]["urn"] == resource.urn]
    return {k: v for k, v in found.items() if k not in ("type", "apiVersion", "name", "scope", "dependsOn", "metadata")}


def faults(value: Any, kind: Kind, where: str) -> Iterator[str]:
    """Every way in which a body is not what its model says: unknown or read-only names, required ones missing."""
    if kind.shape is Shape.LIST and kind.of:
        for i, item in enumerate(value):
            yield from faults(item, kind.of, f"{where}[{i}]")
    elif kind.shape is Shape.MAP and kind.of:
        for key, item in value.items():
            yield from faults(item, kind.of, f"{where}.{key}")
    elif kind.shape is Shape.MODEL and kind.model:
        yield from object_faults(value, kind.model.narrowed(value), where)


def object_faults(value: Mapping[str, Any], body: Model, where: str) -> Iterator[str]:
    flat = {field.path: field for field in body.fields}
    yield from (
        f"{where}.{'.'.join(path)} is missing" for path, f in flat.items() if f.required and not reach(value, path)
    )
    for path, item in leaves(value, flat):
        field = flat.get(path)
        if field is None or field.read_only:
            yield f"{where}.{'.'.join(path)} is {'read-only' if field else 'unknown'}"
        else:
            yield from faults(item, field.kind, f"{where}.{'.'.join(path)}")


def leaves(value: Mapping[str, Any], flat: Mapping[tuple[str, ...], Any], path: tuple[str, ...] = ()) -> Iterator[Any]:
    """The paths of a body that its model names; models of the older generation name them several deep."""
    for key, item in value.items():
        here = (*path, key)
        deeper = here not in flat and any(known[: len(here)] == here for known in flat)
        yield from leaves(item, flat, here) if deeper else [(here, item)]


def reach(value: Any, path: tuple[str, ...]) -> bool:
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


@pytest.mark.parametrize("type_", TYPICAL)
def test_a_body_is_what_azures_own_model_says(type_: str) -> None:
    way = route(f"azure-native:{type_}")
    assert list(object_faults(body_of(type_), model(way.package, way.model), way.model)) == []


@pytest.mark.parametrize("type_", TYPICAL)
def test_every_value_that_went_in_comes_out(type_: str) -> None:
    elsewhere = {normalised(a) for a in route(f"azure-native:{type_}").arguments} | {"immutabilitypolicyname"}
    given = {k: v for k, v in TYPICAL[type_].items() if normalised(k) not in elsewhere}
    assert sorted(map(repr, scalars(given))) == sorted(map(repr, scalars(body_of(type_))))


def scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    else:
        yield value


def test_the_path_of_a_tag_is_its_name_in_a_template() -> None:
    assert arm_path("azure-native:network:RouteTable", "tags.propagated") == ["tags", "propagated"]
    assert arm_path("azure-native:network:RouteTable", "disableBgpRoutePropagation") == [
        "properties", "disableBgpRoutePropagation"
    ]  # fmt: skip
