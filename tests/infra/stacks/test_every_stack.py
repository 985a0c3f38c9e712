"""What holds in every stack: each rule is the program's own promise, before any policy looks at it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from infra.roles import Role
from tests.infra.world import Asked, World, shown, walk

REPORTING = ("Vault", "StorageAccount", "VirtualNetwork", "NetworkSecurityGroup", "PublicIPAddress", "AzureFirewall",
             "BastionHost", "Workspace")  # fmt: skip
HOLDING = ("Vault", "StorageAccount", "BlobContainer", "BlobContainerImmutabilityPolicy", "Key", "Secret", "Disk",
           "Workspace", "RandomBytes")  # fmt: skip
ESTATES_OWN = ("AzureActiveDirectory", "203.0.113.16/29")
LOCKED = ("Vault", "StorageAccount", "Workspace", "Disk")


def _at(one: Asked, path: str) -> Any:
    found: Any = one.inputs
    for step in path.split("."):
        found = found[step]
    return found


def test_stores_are_closed_and_encrypted_with_a_key_of_ours(stack: World) -> None:
    wanted = {
        "kind": "StorageV2", "publicNetworkAccess": "Disabled", "networkRuleSet.defaultAction": "Deny",
        "networkRuleSet.ipRules": [], "networkRuleSet.virtualNetworkRules": [], "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False, "allowCrossTenantReplication": False, "allowedCopyScope": "AAD",
        "defaultToOAuthAuthentication": True, "minimumTlsVersion": "TLS1_2", "enableHttpsTrafficOnly": True,
        "isSftpEnabled": False, "isLocalUserEnabled": False, "enableNfsV3": False,
        "encryption.keySource": "Microsoft.Keyvault", "encryption.requireInfrastructureEncryption": True,
        "encryption.services.queue.keyType": "Account", "encryption.services.table.keyType": "Account",
    }  # fmt: skip
    for store in stack.of("StorageAccount"):
        assert {path: _at(store, path) for path in wanted} == wanted, store.name
        assert "keyVersion" not in store.inputs["encryption"]["keyVaultProperties"], "the key could not rotate"


def test_azures_own_services_pass_only_where_a_reason_is_written(stack: World) -> None:
    for store in stack.of("StorageAccount"):
        reason = store.inputs["tags"].get("trusted-services")
        assert _at(store, "networkRuleSet.bypass") == ("AzureServices" if reason else "None")


def test_vaults_are_closed_and_cannot_be_purged(stack: World) -> None:
    wanted = {
        "properties.enableRbacAuthorization": True, "properties.enablePurgeProtection": True,
        "properties.enableSoftDelete": True, "properties.softDeleteRetentionInDays": 90,
        "properties.publicNetworkAccess": "Disabled", "properties.networkAcls.defaultAction": "Deny",
        "properties.enabledForDeployment": False, "properties.enabledForTemplateDeployment": False,
    }  # fmt: skip
    assert stack.of("Vault")
    for vault in stack.of("Vault"):
        assert {path: _at(vault, path) for path in wanted} == wanted, vault.name


def test_keys_rotate_and_expire_and_secrets_expire(stack: World) -> None:
    for key in stack.of("Key"):
        policy = key.inputs["properties"]["rotationPolicy"]
        assert policy["attributes"]["expiryTime"] == "P1Y"
        assert {"rotate", "notify"} == {action["action"]["type"] for action in policy["lifetimeActions"]}
    for secret in stack.of("Secret"):
        assert _at(secret, "properties.attributes.expires") > 0


def test_what_can_report_does(stack: World) -> None:
    targets = {setting.inputs["resourceUri"] for setting in stack.of("DiagnosticSetting")}
    for kind in REPORTING:
        for one in stack.of(kind):
            identity = f"/subscriptions/{stack.subscription}/{kind}/{one.name}"
            assert identity in targets, f"{kind} {one.name} reports nowhere"
            if kind == "StorageAccount":
                assert identity.replace(kind, "BlobServiceProperties") in targets
    for setting in stack.of("DiagnosticSetting"):
        assert setting.inputs["workspaceId"].endswith("/Workspace/logs")
        assert setting.inputs.get("logs") or setting.inputs.get("metrics")


def test_what_holds_data_is_protected_and_locked(stack: World) -> None:
    for kind in HOLDING:
        assert all(one.protect for one in stack.of(kind)), kind
    locked = {lock.inputs["scope"] for lock in stack.of("ManagementLockByScope")}
    for kind in LOCKED:
        for one in stack.of(kind):
            assert f"/subscriptions/{stack.subscription}/{kind}/{one.name}" in locked, f"{kind} {one.name} has no lock"
    assert all(lock.inputs["level"] == "CanNotDelete" for lock in stack.of("ManagementLockByScope"))


def test_locks_go_before_what_lies_inside_them(stack: World) -> None:
    """Azure's lock on a store forbids deleting the grants and settings on it, so those must outlive the lock."""
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


def test_nobody_is_granted_more_than_a_role_of_the_list(stack: World) -> None:
    known = {str(role.value) for role in Role}
    assert stack.of("RoleAssignment")
    for grant in stack.of("RoleAssignment"):
        assert grant.inputs["roleDefinitionId"].rsplit("/", 1)[1] in known
        assert grant.inputs["principalType"] in ("Group", "ServicePrincipal")
        assert "roleAssignmentName" not in grant.inputs
        assert grant.inputs["scope"].count("/") >= 3, "granted on a whole subscription"


def test_subnets_are_closed_and_stand_alone(stack: World) -> None:
    assert all("subnets" not in network.inputs for network in stack.of("VirtualNetwork"))
    for subnet in stack.of("Subnet"):
        assert subnet.inputs["defaultOutboundAccess"] is False
        name = subnet.inputs["subnetName"]
        assert ("networkSecurityGroup" in subnet.inputs) is (name != "AzureFirewallSubnet")
        assert ("routeTable" in subnet.inputs) is (name not in ("AzureFirewallSubnet", "AzureBastionSubnet"))


def test_writes_to_one_network_wait_for_each_other(stack: World) -> None:
    """Azure refuses two at a time (AnotherOperationInProgress)."""
    by_network: dict[str, list[Asked]] = {}
    for subnet in stack.of("Subnet"):
        by_network.setdefault(subnet.inputs["virtualNetworkName"], []).append(subnet)
    for subnets in by_network.values():
        for before, after in pairwise(subnets):
            assert before.urn in after.depends_on


def test_everything_goes_to_the_firewall(stack: World) -> None:
    assert stack.of("RouteTable")
    for table in stack.of("RouteTable"):
        assert table.inputs["disableBgpRoutePropagation"] is True
        (route,) = table.inputs["routes"]
        assert (route["addressPrefix"], route["nextHopType"], route["nextHopIpAddress"]) == (
            "0.0.0.0/0", "VirtualAppliance", "10.64.0.4")  # fmt: skip
    for network in stack.of("VirtualNetwork"):
        assert network.inputs["dhcpOptions"]["dnsServers"] == ["10.64.0.4"]


def test_rules_deny_the_internet_and_all_else_in_so_many_words(stack: World) -> None:
    for group in stack.of("NetworkSecurityGroup"):
        rules = group.inputs["securityRules"]
        denials = {(r["direction"], r["sourceAddressPrefix"], r["destinationAddressPrefix"]) for r in rules
                   if r["access"] == "Deny"}  # fmt: skip
        assert {("Inbound", "*", "*"), ("Outbound", "*", "*")} <= denials
        places = [(rule["direction"], rule["priority"]) for rule in rules]
        assert len(places) == len(set(places))
        if group.name == "hub-bastion":
            continue  # Azure refuses a Bastion that browsers cannot reach
        assert ("Outbound", "*", "Internet") in denials
        allowed = [rule for rule in rules if rule["access"] == "Allow"]
        ends = [(rule["sourceAddressPrefix"], rule.get("destinationAddressPrefix")) for rule in allowed]
        assert not re.search(r'"(Internet|\*|0\.0\.0\.0/0)"', shown(ends))


def test_private_endpoints_have_their_name_in_the_hubs_zones(stack: World) -> None:
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
        assert 1 <= len(configs) <= 5, "Azure takes five zones a group at most"
        assert all(config["privateDnsZoneId"].startswith("/zones/privatelink.") for config in configs)


def test_private_endpoints_have_an_address_of_the_plan(stack: World) -> None:
    """But for Azure Monitor's, whose members are told by the deployment alone."""
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


def test_rules_inside_name_single_addresses_where_https_is_open(stack: World) -> None:
    for group in stack.of("NetworkSecurityGroup"):
        if group.name == "hub-bastion":
            continue
        for rule in group.inputs["securityRules"]:
            ports = rule.get("destinationPortRanges") or [rule["destinationPortRange"]]
            ends = rule.get("destinationAddressPrefixes") or [rule["destinationAddressPrefix"]]
            if rule["access"] == "Allow" and "443" in ports:
                wide = [end for end in ends if not end.endswith("/32") and end not in ESTATES_OWN]
                assert not wide, f"{group.name} {rule['name']}"


def test_keys_are_used_only_after_the_vault_has_its_grant_and_its_door(stack: World) -> None:
    for user in [*stack.of("StorageAccount"), *stack.of("DiskEncryptionSet")]:
        waited = [urn for urn in user.depends_on if "PrivateDnsZoneGroup" in urn]
        assert waited, f"{user.name} could ask for its key before Azure knows that it may"


def test_spokes_join_the_hub_both_ways_and_nothing_else(stack: World) -> None:
    for side in stack.of("VirtualNetworkPeering"):
        assert side.inputs["allowGatewayTransit"] is False
        assert side.inputs["useRemoteGateways"] is False
        hub = side.inputs["virtualNetworkName"] == "vnet-wmsde-platform-hub"
        assert hub or side.inputs["remoteVirtualNetwork"]["id"].endswith("/VirtualNetwork/hub")


def test_everything_that_takes_tags_has_the_stacks_own(stack: World) -> None:
    for one in stack.asked:
        if "tags" in one.inputs:
            assert {"project": "sde", "controller": "ics"}.items() <= one.inputs["tags"].items(), one.name
    for kind in ("ResourceGroup", "VirtualNetwork", "Vault", "StorageAccount", "UserAssignedIdentity"):
        assert all("tags" in one.inputs for one in stack.of(kind))


def test_names_come_from_the_convention_and_are_each_their_own(stack: World) -> None:
    assert len({one.urn for one in stack.asked}) == len(stack.asked)
    assert all(f"wmsde-{one}" for one in stack.of("ResourceGroup"))
    assert not [path for one in stack.asked for path, value in walk(one.inputs) if value == ""]
