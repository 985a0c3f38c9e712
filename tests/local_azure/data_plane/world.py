"""A small Azure to send requests to: a hub with a firewall, a spoke with a computer, and a spoke with a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_azure.data_plane.answers import Answer
from local_azure.data_plane.blobs import BlobRequest, Operation, request_blob
from local_azure.data_plane.callers import Caller, person
from local_azure.data_plane.places import Place, subnet_place
from local_azure.model import StoredResource
from local_azure.store import Store
from local_azure.types.network_security import _default_rules

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
NETWORKS = f"{GROUP}/providers/Microsoft.Network"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/store"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/box"
READERS, WRITERS, OWNERS = (f"{n}0000000-0000-4000-8000-000000000000" for n in (1, 2, 3))
READER, WRITER, OWNER = (
    f"/providers/Microsoft.Authorization/roleDefinitions/{guid}"
    for guid in (
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    )
)
NOW = 1_800_000_000.0
DAY = 86_400.0


class World:
    """The store of that Azure, with methods to change it and to send requests."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "azure.db")
        self.now = NOW
        self._networks()
        self._firewall()
        self._account()
        for principal, role in ((READERS, READER), (WRITERS, WRITER), (OWNERS, OWNER)):
            self.assign(principal, role)

    def put(self, id_: str, token: str, **properties: Any) -> str:
        self.store.put(StoredResource(id_, f"azure-native:{token}", id_.rsplit("/", 1)[1], properties), SUBSCRIPTION)
        return id_

    def change(self, id_: str, **properties: Any) -> None:
        found = self.store.get(id_)
        assert found
        self.store.put(StoredResource(found.id, found.token, found.name, {**found.properties, **properties}),
                       SUBSCRIPTION)  # fmt: skip

    def assign(self, principal: str, role: str, scope: str = ACCOUNT, condition: str = "") -> None:
        id_ = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{principal[:8]}{role[-8:]}"
        self.put(id_, "authorization:RoleAssignment", principalId=principal, roleDefinitionId=role, scope=scope,
                 condition=condition)  # fmt: skip

    def group(self, name: str, *rules: dict[str, Any]) -> str:
        """Make a network security group with these rules and the default ones."""
        return self.put(f"{NETWORKS}/networkSecurityGroups/{name}", "network:NetworkSecurityGroup",
                        securityRules=list(rules), defaultSecurityRules=_default_rules())  # fmt: skip

    def subnet(self, network: str, name: str, prefix: str, **properties: Any) -> str:
        given = {"addressPrefix": prefix, "defaultOutboundAccess": False, **properties}
        return self.put(f"{NETWORKS}/virtualNetworks/{network}/subnets/{name}", "network:Subnet", **given)

    def peer(self, one: str, other: str, **properties: Any) -> None:
        given = {"allowVirtualNetworkAccess": True, "allowForwardedTraffic": False, **properties}
        self.put(f"{NETWORKS}/virtualNetworks/{one}/virtualNetworkPeerings/{other}", "network:VirtualNetworkPeering",
                 remoteVirtualNetwork={"id": f"{NETWORKS}/virtualNetworks/{other}"}, **given)  # fmt: skip

    def rules(self, *collections: dict[str, Any], name: str = "rules", priority: int = 100) -> None:
        """Set the rule collections of one group of the firewall's policy."""
        self.put(f"{NETWORKS}/firewallPolicies/policy/ruleCollectionGroups/{name}",
                 "network:FirewallPolicyRuleCollectionGroup", priority=priority,
                 ruleCollections=list(collections))  # fmt: skip

    def ask(self, operation: Operation = Operation.GET, *, who: Caller | None = None, where: Place | None = None,
            blob: str = "a.csv", **options: Any) -> Answer:  # fmt: skip
        """Send a request: by default an owner of the data gets a blob from the desk."""
        request = BlobRequest(operation, "store", "box", "" if operation is Operation.LIST else blob, **options)
        place = where or subnet_place(self.store, "spoke/desks")
        return request_blob(self.store, who or person(OWNERS), place, request, self.now)

    def upload(self, content: bytes, **options: Any) -> dict[str, Any]:
        """Put a blob and return its facts."""
        answer = self.ask(Operation.PUT, content=content, **options)
        assert answer.allowed, answer
        return dict(answer.result)

    def _networks(self) -> None:
        routes = self.put(
            f"{NETWORKS}/routeTables/tunnel",
            "network:RouteTable",
            routes=[{"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}],
        )
        for name, space in (("hub", "10.0.0.0/24"), ("spoke", "10.0.1.0/24"), ("data", "10.0.2.0/24")):
            dns = {} if name == "hub" else {"dhcpOptions": {"dnsServers": ["10.0.0.4"]}}
            self.put(f"{NETWORKS}/virtualNetworks/{name}", "network:VirtualNetwork",
                     addressSpace={"addressPrefixes": [space]}, **dns)  # fmt: skip
        self.subnet("hub", "AzureFirewallSubnet", "10.0.0.0/26")
        self.subnet("spoke", "desks", "10.0.1.0/26", routeTable={"id": routes})
        self.subnet("data", "endpoints", "10.0.2.0/26", privateEndpointNetworkPolicies="Enabled")
        for spoke in ("spoke", "data"):
            self.peer("hub", spoke)
            self.peer(spoke, "hub")

    def _firewall(self) -> None:
        policy = self.put(
            f"{NETWORKS}/firewallPolicies/policy",
            "network:FirewallPolicy",
            dnsSettings={"enableProxy": True},
            snat={"privateRanges": ["255.255.255.255/32"]},
        )
        address = self.put(f"{NETWORKS}/publicIPAddresses/pip", "network:PublicIPAddress", ipAddress="203.0.113.9")
        subnet = f"{NETWORKS}/virtualNetworks/hub/subnets/AzureFirewallSubnet"
        configuration = {"privateIPAddress": "10.0.0.4", "subnet": {"id": subnet}, "publicIPAddress": {"id": address}}
        self.put(f"{NETWORKS}/azureFirewalls/firewall", "network:AzureFirewall", firewallPolicy={"id": policy},
                 ipConfigurations=[configuration])  # fmt: skip
        self.rules(allow(network_rule("store", "10.0.1.0/24", "10.0.2.4"),
                         network_rule("entra", "10.0.1.0/24", "AzureActiveDirectory")))  # fmt: skip

    def _account(self) -> None:
        self.put(ACCOUNT, "storage:StorageAccount", publicNetworkAccess="Disabled", minimumTlsVersion="TLS1_2",
                 enableHttpsTrafficOnly=True, networkRuleSet={"defaultAction": "Deny"})  # fmt: skip
        self.put(f"{ACCOUNT}/blobServices/default", "storage:BlobServiceProperties", isVersioningEnabled=True,
                 deleteRetentionPolicy={"enabled": True, "days": 7})  # fmt: skip
        self.put(CONTAINER, "storage:BlobContainer", publicAccess="None")
        subnet = f"{NETWORKS}/virtualNetworks/data/subnets/endpoints"
        approved = {"status": "Approved"}
        endpoint = self.put(
            f"{NETWORKS}/privateEndpoints/pep", "network:PrivateEndpoint", subnet={"id": subnet},
            customDnsConfigs=[{"fqdn": "store.blob.core.windows.net", "ipAddresses": ["10.0.2.4"]}],
            privateLinkServiceConnections=[{"privateLinkServiceId": ACCOUNT,
                                            "privateLinkServiceConnectionState": approved}],
        )  # fmt: skip
        zone = self.put(f"{NETWORKS}/privateDnsZones/privatelink.blob.core.windows.net", "privatedns:PrivateZone")
        self.put(f"{zone}/virtualNetworkLinks/hub", "privatedns:VirtualNetworkLink", resolutionPolicy="Default",
                 virtualNetwork={"id": f"{NETWORKS}/virtualNetworks/hub"})  # fmt: skip
        records = [{"recordSetName": "store", "ipAddresses": ["10.0.2.4"]}]
        self.put(f"{endpoint}/privateDnsZoneGroups/default", "network:PrivateDnsZoneGroup",
                 privateDnsZoneConfigs=[{"privateDnsZoneId": zone, "recordSets": records}])  # fmt: skip


def nsg_rule(name: str, priority: int, access: str = "Allow", **other: Any) -> dict[str, Any]:
    """Return a rule for all inbound traffic, with what is given in place of the rest."""
    return {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": "Inbound",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
        **other,
    }


def network_rule(name: str, source: str, destination: str, port: str = "443", **other: Any) -> dict[str, Any]:
    return {"ruleType": "NetworkRule", "name": name, "ipProtocols": ["TCP"], "sourceAddresses": [source],
            "destinationAddresses": [destination], "destinationPorts": [port], **other}  # fmt: skip


def allow(*rules: dict[str, Any], priority: int = 100) -> dict[str, Any]:
    return {"priority": priority, "action": {"type": "Allow"}, "rules": list(rules)}


def deny(*rules: dict[str, Any], priority: int = 100) -> dict[str, Any]:
    return {"priority": priority, "action": {"type": "Deny"}, "rules": list(rules)}
