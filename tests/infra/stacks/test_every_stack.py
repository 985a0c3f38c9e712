"""Properties of every stack that the program guarantees, apart from any policy."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from formats.desk_operator import PREFIX
from infra.roles import Role
from tests.infra.mock_stack import MockStack, Registration, shown, walk

WITH_DIAGNOSTICS = ("Vault", "StorageAccount", "VirtualNetwork", "NetworkSecurityGroup", "PublicIPAddress",
                    "AzureFirewall", "BastionHost", "Workspace")  # fmt: skip
WITH_DATA = ("Vault", "StorageAccount", "BlobContainer", "BlobContainerImmutabilityPolicy", "Key", "Secret", "Disk",
             "Workspace", "RandomBytes")  # fmt: skip
ESTATE_EGRESS = ("192.0.2.1/32", "203.0.113.16/29")
LOCKED = ("Vault", "StorageAccount", "Workspace", "Disk")


def _at(one: Registration, path: str) -> Any:
    found: Any = one.inputs
    for step in path.split("."):
        found = found[step]
    return found


def test_stores_have_no_public_access_and_our_keys(stack: MockStack) -> None:
    expected = {
        "kind": "StorageV2", "publicNetworkAccess": "Disabled", "networkRuleSet.defaultAction": "Deny",
        "networkRuleSet.ipRules": [], "networkRuleSet.virtualNetworkRules": [], "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False, "allowCrossTenantReplication": False, "allowedCopyScope": "AAD",
        "defaultToOAuthAuthentication": True, "minimumTlsVersion": "TLS1_2", "enableHttpsTrafficOnly": True,
        "isSftpEnabled": False, "isLocalUserEnabled": False, "enableNfsV3": False,
        "encryption.keySource": "Microsoft.Keyvault", "encryption.requireInfrastructureEncryption": True,
        "encryption.services.queue.keyType": "Account", "encryption.services.table.keyType": "Account",
    }  # fmt: skip
    for store in stack.of("StorageAccount"):
        assert {path: _at(store, path) for path in expected} == expected, store.name
        assert "keyVersion" not in store.inputs["encryption"]["keyVaultProperties"], "the key could not rotate"


def test_trusted_services_need_a_written_reason(stack: MockStack) -> None:
    for store in stack.of("StorageAccount"):
        reason = store.inputs["tags"].get("trusted-services")
        assert _at(store, "networkRuleSet.bypass") == ("AzureServices" if reason else "None")


def test_vaults_have_no_public_access_and_no_purge(stack: MockStack) -> None:
    expected = {
        "properties.enableRbacAuthorization": True, "properties.enablePurgeProtection": True,
        "properties.enableSoftDelete": True, "properties.softDeleteRetentionInDays": 90,
        "properties.publicNetworkAccess": "Disabled", "properties.networkAcls.defaultAction": "Deny",
        "properties.enabledForDeployment": False, "properties.enabledForTemplateDeployment": False,
    }  # fmt: skip
    assert stack.of("Vault")
    for vault in stack.of("Vault"):
        assert {path: _at(vault, path) for path in expected} == expected, vault.name


def test_keys_rotate_and_expire_and_secrets_expire(stack: MockStack) -> None:
    for key in stack.of("Key"):
        policy = key.inputs["properties"]["rotationPolicy"]
        assert policy["attributes"]["expiryTime"] == "P1Y"
        assert {"rotate", "notify"} == {action["action"]["type"] for action in policy["lifetimeActions"]}
    for secret in stack.of("Secret"):
        assert _at(secret, "properties.attributes.expires") > 0


def test_every_supported_type_has_a_diagnostic_setting(stack: MockStack) -> None:
    targets = {setting.inputs["resourceUri"] for setting in stack.of("DiagnosticSetting")}
    for kind in WITH_DIAGNOSTICS:
        for one in stack.of(kind):
            identity = f"/subscriptions/{stack.subscription}/{kind}/{one.name}"
            assert identity in targets, f"{kind} {one.name} has no diagnostic setting"
            if kind == "StorageAccount":
                assert identity.replace(kind, "BlobServiceProperties") in targets
    for setting in stack.of("DiagnosticSetting"):
        assert setting.inputs["workspaceId"].endswith("/Workspace/logs")
        assert setting.inputs.get("logs") or setting.inputs.get("metrics")


def test_resources_with_data_are_protected_and_locked(stack: MockStack) -> None:
    for kind in WITH_DATA:
        assert all(one.protect for one in stack.of(kind)), kind
    locked = {lock.inputs["scope"] for lock in stack.of("ManagementLockByScope")}
    for kind in LOCKED:
        for one in stack.of(kind):
            assert f"/subscriptions/{stack.subscription}/{kind}/{one.name}" in locked, f"{kind} {one.name} has no lock"
    levels = {lock.name: lock.inputs["level"] for lock in stack.of("ManagementLockByScope")}
    assert levels.pop("firewall-names", "ReadOnly") == "ReadOnly"
    assert set(levels.values()) == {"CanNotDelete"}


def test_locks_are_deleted_before_their_children(stack: MockStack) -> None:
    """Azure's lock on a store forbids deleting role assignments and settings on it."""
    locks = {lock.inputs["scope"]: lock for lock in stack.of("ManagementLockByScope")}
    inner = [(one, one.inputs["scope"]) for one in stack.of("RoleAssignment")]
    inner += [(one, one.inputs["resourceUri"].removesuffix("/blobServices/default")) for one in
              stack.of("DiagnosticSetting")]  # fmt: skip
    checked = 0
    for one, scope in inner:
        if scope in locks:
            assert one.urn in locks[scope].depends_on, f"{one.name} could not be deleted: {scope} is still locked"
            checked += 1
    assert checked


def test_only_listed_roles_are_assigned(stack: MockStack) -> None:
    known = {str(role.value) for role in Role}
    assert stack.of("RoleAssignment")
    for grant in stack.of("RoleAssignment"):
        role = grant.inputs["roleDefinitionId"].rsplit("/", 1)[1]
        assert role in known or role.startswith(PREFIX)
        assert grant.inputs["principalType"] in ("Group", "ServicePrincipal")
        assert "roleAssignmentName" not in grant.inputs
        assert grant.inputs["scope"].count("/") >= 3, "granted on a whole subscription"


def test_subnets_are_standalone_with_nsg_and_routes(stack: MockStack) -> None:
    assert all("subnets" not in network.inputs for network in stack.of("VirtualNetwork"))
    for subnet in stack.of("Subnet"):
        assert subnet.inputs["defaultOutboundAccess"] is False
        name = subnet.inputs["subnetName"]
        assert ("networkSecurityGroup" in subnet.inputs) is (name != "AzureFirewallSubnet")
        assert ("routeTable" in subnet.inputs) is (name not in ("AzureFirewallSubnet", "AzureBastionSubnet"))


def test_subnets_of_one_network_are_created_one_by_one(stack: MockStack) -> None:
    """Azure refuses two at a time (AnotherOperationInProgress)."""
    by_network: dict[str, list[Registration]] = {}
    for subnet in stack.of("Subnet"):
        by_network.setdefault(subnet.inputs["virtualNetworkName"], []).append(subnet)
    for subnets in by_network.values():
        for before, after in pairwise(subnets):
            assert before.urn in after.depends_on


def test_all_traffic_is_routed_to_the_firewall(stack: MockStack) -> None:
    assert stack.of("RouteTable")
    for table in stack.of("RouteTable"):
        assert table.inputs["disableBgpRoutePropagation"] is True
        (route,) = table.inputs["routes"]
        assert (route["addressPrefix"], route["nextHopType"], route["nextHopIpAddress"]) == (
            "0.0.0.0/0", "VirtualAppliance", "10.64.0.4")  # fmt: skip
    for network in stack.of("VirtualNetwork"):
        if network.name == "hub":
            assert "dhcpOptions" not in network.inputs  # Azure's own DNS, which Bastion needs before the firewall
        else:
            assert network.inputs["dhcpOptions"]["dnsServers"] == ["10.64.0.4"]


def test_nsgs_deny_the_internet_and_all_else_explicitly(stack: MockStack) -> None:
    for group in stack.of("NetworkSecurityGroup"):
        rules = group.inputs["securityRules"]
        denials = {(r["direction"], r["sourceAddressPrefix"], r["destinationAddressPrefix"]) for r in rules
                   if r["access"] == "Deny"}  # fmt: skip
        assert {("Inbound", "*", "*"), ("Outbound", "*", "*")} <= denials
        priorities = [(rule["direction"], rule["priority"]) for rule in rules]
        assert len(priorities) == len(set(priorities))
        if group.name == "hub-bastion":
            continue  # Azure requires that browsers reach Bastion
        assert ("Outbound", "*", "Internet") in denials
        allowed = [rule for rule in rules if rule["access"] == "Allow"]
        ends = [(rule["sourceAddressPrefix"], rule.get("destinationAddressPrefix")) for rule in allowed]
        assert not re.search(r'"(Internet|\*|0\.0\.0\.0/0)"', shown(ends))


def test_private_endpoints_are_in_the_hubs_dns_zones(stack: MockStack) -> None:
    endpoints = {one.inputs["privateEndpointName"] for one in stack.of("PrivateEndpoint")}
    named = {one.inputs["privateEndpointName"] for one in stack.of("PrivateDnsZoneGroup")}
    assert endpoints == named
    targets = {
        connection["privateLinkServiceId"]
        for one in stack.of("PrivateEndpoint")
        for connection in one.inputs["privateLinkServiceConnections"]
    }
    for kind in ("StorageAccount", "Vault"):
        for one in stack.of(kind):
            assert f"/subscriptions/{stack.subscription}/{kind}/{one.name}" in targets
    for group in stack.of("PrivateDnsZoneGroup"):
        configs = group.inputs["privateDnsZoneConfigs"]
        assert 1 <= len(configs) <= 5, "Azure accepts at most five zones in a group"
        assert all("/privateDnsZones/privatelink." in config["privateDnsZoneId"] for config in configs)


def test_private_endpoints_have_addresses_of_the_plan(stack: MockStack) -> None:
    """Except Azure Monitor's, whose members are known only after deployment."""
    for one in stack.of("PrivateEndpoint"):
        (connection,) = one.inputs["privateLinkServiceConnections"]
        (group,) = connection["groupIds"]
        if group == "azuremonitor":
            assert "ipConfigurations" not in one.inputs
            continue
        (config,) = one.inputs["ipConfigurations"]
        assert (config["groupId"], config["memberName"]) == (group, {"blob": "blob", "vault": "default"}[group])
        assert config["privateIPAddress"].startswith(("10.64.", "10.65."))
    addresses = [config["privateIPAddress"] for one in stack.of("PrivateEndpoint")
                 for config in one.inputs.get("ipConfigurations", ())]  # fmt: skip
    assert len(addresses) == len(set(addresses))


def test_https_rules_name_single_addresses(stack: MockStack) -> None:
    for group in stack.of("NetworkSecurityGroup"):
        if group.name == "hub-bastion":
            continue
        for rule in group.inputs["securityRules"]:
            ports = rule.get("destinationPortRanges") or [rule["destinationPortRange"]]
            ends = rule.get("destinationAddressPrefixes") or [rule["destinationAddressPrefix"]]
            if rule["access"] == "Allow" and "443" in ports:
                wide = [end for end in ends if not end.endswith("/32") and end not in ESTATE_EGRESS]
                assert not wide, f"{group.name} {rule['name']}"


def test_keys_are_used_after_the_vaults_private_endpoint(stack: MockStack) -> None:
    for user in [*stack.of("StorageAccount"), *stack.of("DiskEncryptionSet")]:
        endpoints = [urn for urn in user.depends_on if "PrivateDnsZoneGroup" in urn]
        assert endpoints, f"{user.name} could use its key before the vault is ready"


def test_spokes_are_peered_with_the_hub_only(stack: MockStack) -> None:
    for side in stack.of("VirtualNetworkPeering"):
        assert side.inputs["allowGatewayTransit"] is False
        assert side.inputs["useRemoteGateways"] is False
        hub = side.inputs["virtualNetworkName"] == "vnet-wmsde-platform-hub"
        assert hub or side.inputs["remoteVirtualNetwork"]["id"].endswith("/VirtualNetwork/hub")


def test_every_taggable_resource_has_the_stacks_tags(stack: MockStack) -> None:
    for one in stack.registrations:
        if "tags" in one.inputs:
            assert {"project": "sde", "controller": "ics"}.items() <= one.inputs["tags"].items(), one.name
    for kind in ("ResourceGroup", "VirtualNetwork", "Vault", "StorageAccount", "UserAssignedIdentity"):
        assert all("tags" in one.inputs for one in stack.of(kind))


def test_names_are_unique_and_not_empty(stack: MockStack) -> None:
    assert len({one.urn for one in stack.registrations}) == len(stack.registrations)
    assert not [path for one in stack.registrations for path, value in walk(one.inputs) if value == ""]
