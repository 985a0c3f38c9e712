"""A small estate that passes: a hub with firewall and Bastion, a workspace with a store, and logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from infra.guardrails import HUB_GUARDRAILS
from infra.malware_scanning import CLEAN_BLOBS_ONLY, scanner_id
from infra.policy_rules import PolicyGuardrail
from infra.subscription_guardrails import subscription_guardrails
from policies.model import Resource
from tests.policies.rules.cases import GROUP, World, made

TAGS = {"project": "heart", "request": "DAR-1", "controller": "A trust", "data-class": "identifiable",
        "expiry": "2027-03-31"}  # fmt: skip
SUBSCRIPTION = GROUP.partition("/resourceGroups/")[0]
NET, HUB = f"{GROUP}/providers/Microsoft.Network", "Microsoft.Network/virtualNetworks/vnet-hub"
ROOM = "Microsoft.Network/virtualNetworks/vnet-room"
STORE, VAULT = "Microsoft.Storage/storageAccounts/stheart", "Microsoft.KeyVault/vaults/kv-heart"
RECORDS, LOGS = (
    "Microsoft.Storage/storageAccounts/strecords", "Microsoft.OperationalInsights/workspaces/log-heart"
)  # fmt: skip
ASKED, RELEASED, INTAKE = (f"Microsoft.Storage/storageAccounts/st{noun}" for noun in ("asked", "released", "intake"))
INSIDE = "blobServices/default/containers"
DESK = "Microsoft.Compute/virtualMachines/vm-desk"
WRITER, READER = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
LOOKER, SIGNS_IN = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "fb879df8-f326-4884-b1cf-06f3ad86be52"
TAGGED = {"location": "uksouth", "tags": TAGS}


def below(path: str) -> str:
    """Return the id of a resource in the estate's resource group."""
    return f"{GROUP}/providers/{path}"


def ref(path: str) -> dict[str, str]:
    return {"id": below(path)}


def rule(name: str, direction: str, access: str, priority: int, **more: Any) -> dict[str, Any]:
    every = {"protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
             "destinationPortRange": "*"}  # fmt: skip
    return {**every, "name": name, "direction": direction, "access": access, "priority": priority, **more}


def denials() -> list[dict[str, Any]]:
    return [
        rule("deny-in", "Inbound", "Deny", 4096),
        rule("deny-out", "Outbound", "Deny", 4096),
        rule("deny-dns", "Outbound", "Deny", 4010, destinationAddressPrefix="AzurePlatformDNS"),
    ]


def room_rules() -> list[dict[str, Any]]:
    desks = rule("desks", "Inbound", "Allow", 100, protocol="Tcp", sourceAddressPrefix="10.64.0.128/26",
                 destinationPortRange="22")  # fmt: skip
    stores = rule("stores", "Outbound", "Allow", 100, protocol="Tcp", destinationAddressPrefix="10.65.0.133/32",
                  destinationPortRange="443")  # fmt: skip
    return [desks, stores, *denials()]


def bastion_rules() -> list[dict[str, Any]]:
    tcp = {"protocol": "Tcp", "destinationPortRange": "443"}
    inner = {"sourceAddressPrefix": "VirtualNetwork", "destinationAddressPrefix": "VirtualNetwork"}
    ports: dict[str, Any] = {"destinationPortRange": None, "destinationPortRanges": ["8080", "5701"]}
    return [
        rule("browsers", "Inbound", "Allow", 100, sourceAddressPrefix="Internet", **tcp),
        rule("control", "Inbound", "Allow", 110, sourceAddressPrefix="GatewayManager", **tcp),
        rule("health", "Inbound", "Allow", 120, sourceAddressPrefix="AzureLoadBalancer", **tcp),
        rule("instances", "Inbound", "Allow", 130, **{**inner, **ports}),
        rule("desks", "Outbound", "Allow", 100, destinationAddressPrefix="VirtualNetwork", destinationPortRange=None,
             destinationPortRanges=["22", "3389"]),
        rule("azure", "Outbound", "Allow", 110, destinationAddressPrefix="AzureCloud", **tcp),
        rule("revoked", "Outbound", "Allow", 120, destinationAddressPrefix="Internet", destinationPortRange="80"),
        *denials(),
    ]  # fmt: skip


def subnet(called: str, network: str, prefix: str, **more: Any) -> Resource:
    return made("network:Subnet", called, f"{network}/subnets/{more.get('subnetName', called)}",
                **{"subnetName": called, "addressPrefix": prefix, "defaultOutboundAccess": False, 
                   "serviceEndpoints": [], "privateEndpointNetworkPolicies": "Enabled", **more})  # fmt: skip


def network(called: str, id_: str, prefix: str, **more: Any) -> Resource:
    return made("network:VirtualNetwork", called, id_, **TAGGED, addressSpace={"addressPrefixes": [prefix]}, **more,
                encryption={"enabled": True, "enforcement": "AllowUnencrypted"})  # fmt: skip


def spoke(called: str, id_: str, prefix: str) -> Resource:
    return network(called, id_, prefix, dhcpOptions={"dnsServers": ["10.64.0.4"]})


def record(called: str, id_: str) -> Resource:
    return made("network:FlowLog", called, f"Microsoft.Network/networkWatchers/nw/flowLogs/{called}", **TAGGED,
                enabled=True, targetResourceId=below(id_), storageId=below(RECORDS),
                retentionPolicy={"enabled": True, "days": 365})  # fmt: skip


def peering(called: str, network: str, remote: str, *, forwarded: bool) -> Resource:
    return made("network:VirtualNetworkPeering", called, f"{network}/virtualNetworkPeerings/{called}",
                remoteVirtualNetwork=ref(remote), allowForwardedTraffic=forwarded, allowGatewayTransit=False,
                useRemoteGateways=False)  # fmt: skip


def networks() -> list[Resource]:
    """Return the hub and one workspace network."""
    guard, table = ref("Microsoft.Network/networkSecurityGroups/nsg-room"), ref("Microsoft.Network/routeTables/rt-room")
    return [
        network("hub", HUB, "10.64.0.0/22"),
        spoke("room", ROOM, "10.65.0.0/24"),
        subnet("hub-firewall", HUB, "10.64.0.0/26", subnetName="AzureFirewallSubnet"),
        subnet("hub-bastion", HUB, "10.64.0.128/26", subnetName="AzureBastionSubnet",
               networkSecurityGroup=ref("Microsoft.Network/networkSecurityGroups/nsg-bastion")),
        subnet("desks", ROOM, "10.65.0.128/25", networkSecurityGroup=guard, routeTable=table),
        made("network:NetworkSecurityGroup", "guard", "Microsoft.Network/networkSecurityGroups/nsg-room", **TAGGED,
             securityRules=room_rules()),
        made("network:NetworkSecurityGroup", "bastion-guard", "Microsoft.Network/networkSecurityGroups/nsg-bastion",
             **TAGGED, securityRules=bastion_rules()),
        made("network:NetworkSecurityGroup", "card-guard", "Microsoft.Network/networkSecurityGroups/nsg-card", **TAGGED,
             securityRules=room_rules()),
        made("network:RouteTable", "table", "Microsoft.Network/routeTables/rt-room", **TAGGED,
             disableBgpRoutePropagation=True,
             routes=[{"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance",
                      "nextHopIpAddress": "10.64.0.4"}]),
        peering("to-hub", ROOM, HUB, forwarded=True),
        peering("from-hub", HUB, ROOM, forwarded=False),
        made("network:NetworkInterface", "card", "Microsoft.Network/networkInterfaces/nic", **TAGGED,
             enableIPForwarding=False, networkSecurityGroup=ref("Microsoft.Network/networkSecurityGroups/nsg-card"),
             ipConfigurations=[{"name": "ipc", "subnet": ref(f"{ROOM}/subnets/desks")}]),
        record("hub-record", HUB),
        record("room-record", ROOM),
    ]  # fmt: skip


def doors() -> list[Resource]:
    """Return the firewall, the Bastion, and their addresses."""
    addresses = "Microsoft.Network/publicIPAddresses"
    standard = {"sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"}
    policy = "Microsoft.Network/firewallPolicies/afwp"
    return [
        made("network:PublicIPAddress", "fw-address", f"{addresses}/pip-fw", **TAGGED, **standard),
        made("network:PublicIPAddress", "bastion-address", f"{addresses}/pip-bastion", **TAGGED, **standard),
        made("network:FirewallPolicy", "policy", policy, **TAGGED, sku={"tier": "Premium"}, threatIntelMode="Deny",
             intrusionDetection={"mode": "Deny"}, dnsSettings={"enableProxy": True, "servers": []}),
        made("network:FirewallPolicyRuleCollectionGroup", "rules", f"{policy}/ruleCollectionGroups/rcg", priority=200,
             ruleCollections=[collection("names", name_rule()), collection("zones", zone_rule(), priority=210)]),
        made("network:FirewallPolicyRuleCollectionGroup", "denial", f"{policy}/ruleCollectionGroups/no", priority=100,
             ruleCollections=[collection("nobody", every_name(), priority=100) | {"action": {"type": "Deny"}}]),
        made("authorization:ManagementLockByScope", "denial-lock",
             f"{policy}/ruleCollectionGroups/no/providers/Microsoft.Authorization/locks/keep",
             scope=below(f"{policy}/ruleCollectionGroups/no"), level="ReadOnly"),
        made("network:AzureFirewall", "firewall", "Microsoft.Network/azureFirewalls/afw", **TAGGED,
             sku={"tier": "Premium"}, firewallPolicy=ref(policy),
             ipConfigurations=[{"name": "ipc", "subnet": ref(f"{HUB}/subnets/AzureFirewallSubnet"),
                                "publicIPAddress": ref(f"{addresses}/pip-fw")}]),
        made("network:BastionHost", "bastion", "Microsoft.Network/bastionHosts/bas", **TAGGED, sku={"name": "Standard"},
             disableCopyPaste=True, enableFileCopy=False, enableTunneling=False, enableShareableLink=False,
             enableIpConnect=False,
             ipConfigurations=[{"name": "ipc", "subnet": ref(f"{HUB}/subnets/AzureBastionSubnet"),
                                "publicIPAddress": ref(f"{addresses}/pip-bastion")}]),
    ]  # fmt: skip


def collection(name: str, *rules: dict[str, Any], priority: int = 200) -> dict[str, Any]:
    return {"name": name, "priority": priority, "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "action": {"type": "Allow"}, "rules": list(rules)}  # fmt: skip


def name_rule(**more: Any) -> dict[str, Any]:
    return {"ruleType": "ApplicationRule", "name": "sign-in", "sourceAddresses": ["10.65.0.0/16"],
            "targetFqdns": ["login.microsoftonline.com", "pas.windows.net"],
            "protocols": [{"protocolType": "Https", "port": 443}], **more}  # fmt: skip


def every_name(**more: Any) -> dict[str, Any]:
    protocols = [{"protocolType": "Https", "port": 443}, {"protocolType": "Http", "port": 80}]
    return name_rule(name="every-name", sourceAddresses=["*"], targetFqdns=["*"], protocols=protocols, **more)


def zone_rule(**more: Any) -> dict[str, Any]:
    return {"ruleType": "NetworkRule", "name": "zones", "sourceAddresses": ["10.64.8.0/21"], "ipProtocols": ["TCP"],
            "destinationAddresses": ["10.65.0.134"], "destinationPorts": ["443"], **more}  # fmt: skip


def account(called: str, id_: str) -> Resource:
    rules = {"networkRuleSet": {"resourceAccessRules": [{"resourceId": scanner_id(SUBSCRIPTION.rpartition("/")[2])}]}}
    scans = rules if id_ in (ASKED, INTAKE) else {}
    return replace(made("storage:StorageAccount", called, id_, **TAGGED, **scans), protect=True)


ADDRESSES = {"vault": "10.65.0.132", "store": "10.65.0.133", "records": "10.65.0.134", "asked": "10.65.0.135",
             "released": "10.65.0.136", "intake": "10.65.0.137"}  # fmt: skip


def endpoint(called: str, target: str, part: str, zone: str) -> list[Resource]:
    id_ = f"Microsoft.Network/privateEndpoints/pep-{called}"
    fixed = [{"name": "ipc", "groupId": part, "memberName": part, "privateIPAddress": ADDRESSES[called]}
             ] if called in ADDRESSES else []  # fmt: skip
    zones = "Microsoft.Network/privateDnsZones"
    return [
        made("network:PrivateEndpoint", f"{called}-endpoint", id_, **TAGGED, subnet=ref(f"{ROOM}/subnets/desks"),
             privateLinkServiceConnections=[{"privateLinkServiceId": below(target), "groupIds": [part]}],
             ipConfigurations=fixed),
        made("network:PrivateDnsZoneGroup", f"{called}-names", f"{id_}/privateDnsZoneGroups/default",
             privateDnsZoneConfigs=[{"name": "zone", "privateDnsZoneId": below(f"{zones}/{zone}")}]),
    ]  # fmt: skip


def lock(called: str, target: str) -> Resource:
    return made(
        "authorization:ManagementLockByScope",
        f"{called}-lock",
        f"{target}/providers/Microsoft.Authorization/locks/lock",
        level="CanNotDelete",
        scope=below(target),
    )


def setting(called: str, target: str) -> Resource:
    return made("monitor:DiagnosticSetting", f"{called}-setting",
                f"{target}/providers/Microsoft.Insights/diagnosticSettings/diag", resourceUri=below(target),
                workspaceId=below(LOGS), logs=[{"categoryGroup": "allLogs", "enabled": True}])  # fmt: skip


def stores() -> list[Resource]:
    """Return the store, the key vault and their private endpoints."""
    blob, vault = "privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net"
    names = {"store": STORE, "records": RECORDS, "asked": ASKED, "released": RELEASED, "intake": INTAKE}
    found: list[Resource] = [replace(made("keyvault:Vault", "vault", VAULT, **TAGGED), protect=True)]
    for called, id_ in names.items():
        found += [account(called, id_), *endpoint(called, id_, "blob", blob), lock(called, id_),
                  setting(called, f"{id_}/blobServices/default")]  # fmt: skip
    for zone in (blob, vault):
        id_ = f"Microsoft.Network/privateDnsZones/{zone}"
        found += [
            made("privatedns:PrivateZone", zone, id_, location="global", tags=TAGS, privateZoneName=zone),
            made("privatedns:VirtualNetworkLink", f"{zone}-link", f"{id_}/virtualNetworkLinks/link", location="global",
                 tags=TAGS, registrationEnabled=False, resolutionPolicy="NxDomainRedirect", virtualNetwork=ref(HUB)),
        ]  # fmt: skip
    containers = {
        "north": f"{INTAKE}/{INSIDE}/north",
        "south": f"{INTAKE}/{INSIDE}/south",
        "asked-container": f"{ASKED}/{INSIDE}/asked",
        "released-container": f"{RELEASED}/{INSIDE}/released",
    }
    for called, id_ in containers.items():
        found.append(replace(made("storage:BlobContainer", called, id_), protect=True))
    for called, id_ in {"asked": ASKED, "intake": INTAKE}.items():
        found += scanned(called, id_)
    return [*found, *endpoint("vault", VAULT, "vault", vault), lock("vault", VAULT), setting("vault", VAULT)]


def activity(called: str = "activity", subscription: str = SUBSCRIPTION) -> Resource:
    """Return the setting that sends a subscription's activity log to the workspace."""
    logs = [{"category": name, "enabled": True} for name in ("Administrative", "Security", "Alert", "Policy")]
    id_ = f"{subscription}/providers/Microsoft.Insights/diagnosticSettings/{called}"
    return replace(made("monitor:SubscriptionDiagnosticSetting", called, workspaceId=below(LOGS), logs=logs), id=id_)


def scanned(called: str, target: str) -> list[Resource]:
    """Return the malware scanning of a store, and its diagnostic setting."""
    place = f"{target}/providers/Microsoft.Security/defenderForStorageSettings/current"
    on_upload = {"isEnabled": True, "capGBPerMonth": 5000}
    properties = {"isEnabled": True, "overrideSubscriptionLevelSettings": True,
                  "malwareScanning": {"onUpload": on_upload}}  # fmt: skip
    return [
        made("security:DefenderForStorage", f"{called}-scan", place, resourceId=below(target), properties=properties),
        made("monitor:DiagnosticSetting", f"{called}-scan-setting",
             f"{place}/providers/Microsoft.Insights/diagnosticSettings/diag", resourceUri=below(place),
             workspaceId=below(LOGS), logs=[{"category": "ScanResults", "enabled": True}]),
    ]  # fmt: skip


def watching() -> list[Resource]:
    """Return the log workspace and the diagnostic settings."""
    logged = {"bastion": "Microsoft.Network/bastionHosts/bas", "firewall": "Microsoft.Network/azureFirewalls/afw",
              "guard": "Microsoft.Network/networkSecurityGroups/nsg-room", "hub": HUB, "room": ROOM, "logs": LOGS,
              "bastion-guard": "Microsoft.Network/networkSecurityGroups/nsg-bastion",
              "card-guard": "Microsoft.Network/networkSecurityGroups/nsg-card",
              "fw-address": "Microsoft.Network/publicIPAddresses/pip-fw",
              "bastion-address": "Microsoft.Network/publicIPAddresses/pip-bastion"}  # fmt: skip
    scope = "Microsoft.Insights/privateLinkScopes/ampls"
    zones = "Microsoft.Network/privateDnsZones"
    monitor = ("monitor.azure.com", "oms.opinsights.azure.com", "ods.opinsights.azure.com",
               "agentsvc.azure-automation.net", "blob.core.windows.net")  # fmt: skip
    leads, names = endpoint("scope", scope, "azuremonitor", "")
    configs = [{"name": zone, "privateDnsZoneId": below(f"{zones}/privatelink.{zone}")} for zone in monitor]
    more = [part for zone in monitor[:4] for part in (
        made("privatedns:PrivateZone", zone, f"{zones}/privatelink.{zone}", location="global", tags=TAGS),
        made("privatedns:VirtualNetworkLink", f"{zone}-link", f"{zones}/privatelink.{zone}/virtualNetworkLinks/link",
             location="global", resolutionPolicy="NxDomainRedirect", tags=TAGS, registrationEnabled=False,
             virtualNetwork=ref(HUB)))]  # fmt: skip
    return [
        replace(made("operationalinsights:Workspace", "logs", LOGS, **TAGGED, retentionInDays=365,
                     publicNetworkAccessForIngestion="Disabled", publicNetworkAccessForQuery="Disabled",
                     features={"disableLocalAuth": True, "enableLogAccessUsingOnlyResourcePermissions": False},
                     workspaceCapping={"dailyQuotaGb": -1}), protect=True),
        lock("logs", LOGS),
        made("monitor:PrivateLinkScope", "scope", scope, location="global", tags=TAGS,
             accessModeSettings={"queryAccessMode": "PrivateOnly", "ingestionAccessMode": "PrivateOnly"}),
        made("monitor:PrivateLinkScopedResource", "member", f"{scope}/scopedResources/logs",
             linkedResourceId=below(LOGS)),
        leads,
        replace(names, inputs={"privateDnsZoneConfigs": configs}),
        *more,
        *(setting(called, id_) for called, id_ in logged.items()),
        activity(),
    ]  # fmt: skip


def grant(called: str, role: str, who: str, target: str, kind: str = "Group") -> Resource:
    place = f"{target}/providers/Microsoft.Authorization/roleAssignments/{called}"
    return made(
        "authorization:RoleAssignment",
        called,
        place,
        scope=below(target),
        principalId=who,
        principalType=kind,
        roleDefinitionId=f"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{role}",
    )


def narrowed(resource: Resource) -> Resource:
    """Return a role with a condition for clean blobs only."""
    return replace(resource, inputs={**resource.inputs, "condition": CLEAN_BLOBS_ONLY, "conditionVersion": "2.0"})


def grants() -> list[Resource]:
    """Return the role assignments."""
    whole = replace(grant("engineers", LOOKER, "engineers", ""), id=f"{GROUP}/providers/Microsoft.Authorization/x/y")
    return [
        replace(whole, inputs={**whole.inputs, "scope": GROUP}),
        grant("desk", WRITER, "desk", STORE, "ServicePrincipal"),
        grant("researchers", WRITER, "researchers", STORE),
        grant("signs-in", SIGNS_IN, "analysts", DESK),
        grant("brings", WRITER, "desk", f"{ASKED}/{INSIDE}/asked", "ServicePrincipal"),
        narrowed(grant("checks", READER, "checkers", f"{ASKED}/{INSIDE}/asked")),
        grant("releases", WRITER, "checkers", f"{RELEASED}/{INSIDE}/released"),
        grant("fetches", READER, "outside", f"{RELEASED}/{INSIDE}/released"),
        grant("north-brings", WRITER, "north", f"{INTAKE}/{INSIDE}/north"),
        grant("south-brings", WRITER, "south", f"{INTAKE}/{INSIDE}/south"),
        grant("stewards", WRITER, "stewards", INTAKE),
        grant("mover", WRITER, "mover", INTAKE, "ServicePrincipal"),
        grant("recorder", WRITER, "recorder", RECORDS, "ServicePrincipal"),
    ]


def guards(wanted: Sequence[PolicyGuardrail] = HUB_GUARDRAILS, scope: str = GROUP) -> list[Resource]:
    """Return a definition and an assignment of each guardrail."""
    authorization = f"{GROUP.rpartition('/resourceGroups/')[0]}/providers/Microsoft.Authorization"
    found = []
    for guard in wanted:
        id_ = f"{authorization}/policyDefinitions/{guard.key}"
        identity = {"identity": {"type": "SystemAssigned"}} if guard.values else {}
        rule = made("authorization:PolicyDefinition", f"{guard.key}-rule", mode="All", policyType="Custom",
                    policyRule=guard.policy_rule)  # fmt: skip
        held = made("authorization:PolicyAssignment", guard.key,
                    f"Microsoft.Authorization/policyAssignments/{guard.key}", scope=scope, policyDefinitionId=id_,
                    enforcementMode="Default", location="uksouth", **identity)  # fmt: skip
        found += [replace(rule, id=id_), held]
    return found


def site() -> World:
    """Return all resources by logical name."""
    group = replace(made("resources:ResourceGroup", "group", location="uksouth", tags=TAGS), id=GROUP)
    zone = replace(spoke("zone", "Microsoft.Network/virtualNetworks/vnet-zone", "10.64.8.0/24"), stack="safe-haven")
    record_ = replace(record("zone-record", "Microsoft.Network/virtualNetworks/vnet-zone"), stack="safe-haven")
    logged = replace(setting("zone", "Microsoft.Network/virtualNetworks/vnet-zone"), stack="safe-haven")
    others = [zone, record_, logged]
    every = [group, *networks(), *doors(), *stores(), *watching(), *grants(), *guards(),
             *guards(subscription_guardrails("rg-heart-"), SUBSCRIPTION), *others]  # fmt: skip
    return {resource.name: resource for resource in every}
