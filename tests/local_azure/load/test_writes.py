"""The resources that a write changes besides its own."""

from __future__ import annotations

from typing import Any

import pytest

from local_azure.load.writes import written_by

GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg/providers"
NETWORK = f"{GROUP}/Microsoft.Network/virtualNetworks/Hub"
SUBNET = {"id": f"{NETWORK}/subnets/data"}
ACCOUNT = f"{GROUP}/Microsoft.Storage/storageAccounts/Store"
POLICY = f"{GROUP}/Microsoft.Network/firewallPolicies/afwp"
CONNECTION = {"privateLinkServiceId": ACCOUNT}


@pytest.mark.parametrize(
    ("token", "id_", "properties", "changed"),
    [
        ("network:VirtualNetwork", NETWORK, {}, [NETWORK]),
        ("network:Subnet", f"{NETWORK}/subnets/data", {}, [NETWORK]),
        ("network:VirtualNetworkPeering", f"{NETWORK}/virtualNetworkPeerings/p", {}, [NETWORK]),
        ("network:NetworkInterface", "/nic", {"ipConfigurations": [{"subnet": SUBNET}]}, [NETWORK]),
        ("network:FlowLog", "/log", {"targetResourceId": NETWORK}, [NETWORK]),
        ("network:FlowLog", "/log", {"targetResourceId": SUBNET["id"]}, []),
        ("network:PrivateEndpoint", "/pep",
         {"subnet": SUBNET, "privateLinkServiceConnections": [CONNECTION]}, [NETWORK, ACCOUNT]),
        ("network:PrivateEndpoint", "/pep",
         {"subnet": SUBNET, "manualPrivateLinkServiceConnections": [CONNECTION]}, [NETWORK, ACCOUNT]),
        ("network:BastionHost", "/bas", {"ipConfigurations": [{"subnet": SUBNET}]}, [NETWORK]),
        ("network:AzureFirewall", "/afw",
         {"ipConfigurations": [{"subnet": SUBNET}], "firewallPolicy": {"id": POLICY}}, [NETWORK, POLICY]),
        ("network:VirtualNetworkGateway", "/vgw", {"ipConfigurations": [{"subnet": SUBNET}]}, [NETWORK]),
        ("network:VirtualNetworkGatewayConnection", "/con", {"virtualNetworkGateway1": {"id": "/vgw"}}, ["/vgw"]),
        ("network:FirewallPolicyRuleCollectionGroup", f"{POLICY}/ruleCollectionGroups/g", {}, [POLICY]),
        ("storage:StorageAccount", ACCOUNT, {}, [ACCOUNT]),
        ("storage:BlobServiceProperties", f"{ACCOUNT}/blobServices/default", {}, [ACCOUNT]),
        ("storage:BlobContainerImmutabilityPolicy",
         f"{ACCOUNT}/blobServices/default/containers/c/immutabilityPolicies/default", {}, [ACCOUNT]),
        ("storage:ManagementPolicy", f"{ACCOUNT}/managementPolicies/default", {}, [ACCOUNT]),
        ("security:DefenderForStorage", f"{ACCOUNT}/providers/x/y/current", {"resourceId": ACCOUNT}, [ACCOUNT]),
        ("monitor:DiagnosticSetting", f"{ACCOUNT}/providers/x/y/z", {"resourceUri": ACCOUNT}, []),
    ],
)  # fmt: skip
def test_a_write_changes_its_network_and_account(
    token: str, id_: str, properties: dict[str, Any], changed: list[str]
) -> None:
    found = written_by(f"azure-native:{token}", id_, properties)
    assert [one.id for one in found] == [one.lower() for one in changed]
