"""The guardrails as Azure Policy definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infra.estate_types import ESTATE_TYPES
from infra.guardrails import GUARDRAILS, HUB_GUARDRAILS, SPOKE_GUARDRAILS
from infra.policy_rules import PolicyGuardrail
from infra.subscription_guardrails import subscription_guardrails
from local_azure.paths import PATHS
from local_azure.schema import arm_type_of
from tests.infra.mock_stack import MockStack

FILTER = "Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollections[*].FirewallPolicyFilterRuleCollection"
ALIASES = {
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollections[*]",
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollections[*].ruleCollectionType",
    f"{FILTER}.action.type",
    f"{FILTER}.rules[*].ApplicationRule.targetFqdns[*]",
    f"{FILTER}.rules[*].ApplicationRule.fqdnTags[*]",
    f"{FILTER}.rules[*].ApplicationRule.targetUrls[*]",
    f"{FILTER}.rules[*].ApplicationRule.webCategories[*]",
    "Microsoft.Network/azureFirewalls/natRuleCollections[*]",
    "Microsoft.Network/azureFirewalls/firewallPolicy.id",
    "Microsoft.Network/virtualNetworks/subnets/natGateway.id",
    "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules/action.actionType",
    "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules/dnsSecurityRuleState",
    "Microsoft.Compute/virtualMachines/networkProfile.networkInterfaceConfigurations[*].ipConfigurations[*]",
    "Microsoft.Compute/virtualMachines/networkProfile.networkInterfaceConfigurations[*].ipConfigurations[*]"
    ".publicIPAddressConfiguration",
    "Microsoft.Storage/storageAccounts/privateEndpointConnections/privateEndpoint.id",
    "Microsoft.Storage/storageAccounts/privateEndpointConnections/privateLinkServiceConnectionState.status",
    "Microsoft.KeyVault/vaults/privateEndpointConnections/privateEndpoint.id",
    "Microsoft.KeyVault/vaults/privateEndpointConnections/privateLinkServiceConnectionState.status",
    "Microsoft.ContainerRegistry/registries/publicNetworkAccess",
    "Microsoft.ContainerRegistry/registries/networkRuleBypassOptions",
    "Microsoft.ContainerRegistry/registries/adminUserEnabled",
    "Microsoft.ContainerRegistry/registries/anonymousPullEnabled",
    "Microsoft.ContainerRegistry/registries/policies.exportPolicy.status",
    "Microsoft.ContainerRegistry/registries/policies.azureADAuthenticationAsArmPolicy.status",
    "Microsoft.ContainerRegistry/registries/privateEndpointConnections/privateEndpoint.id",
    "Microsoft.ContainerRegistry/registries/privateEndpointConnections/privateLinkServiceConnectionState.status",
    "Microsoft.Network/bastionHosts/disableCopyPaste",
    "Microsoft.Network/bastionHosts/enableFileCopy",
    "Microsoft.Network/bastionHosts/enableTunneling",
    "Microsoft.Network/bastionHosts/enableIpConnect",
    "Microsoft.Network/bastionHosts/enableShareableLink",
    "Microsoft.Network/bastionHosts/enableKerberos",
    "Microsoft.Network/privateEndpoints/privateLinkServiceConnections[*]",
    "Microsoft.Network/privateEndpoints/privateLinkServiceConnections[*].privateLinkServiceId",
    "Microsoft.Network/privateEndpoints/manualPrivateLinkServiceConnections[*]",
    "Microsoft.Network/privateEndpoints/manualPrivateLinkServiceConnections[*].privateLinkServiceId",
    "Microsoft.Network/networkInterfaces/ipconfigurations[*]",
    "Microsoft.Network/networkInterfaces/ipconfigurations[*].publicIpAddress.id",
    "Microsoft.Storage/storageAccounts/publicNetworkAccess",
    "Microsoft.Storage/storageAccounts/allowSharedKeyAccess",
    "Microsoft.Storage/storageAccounts/allowBlobPublicAccess",
    "Microsoft.KeyVault/vaults/publicNetworkAccess",
    "Microsoft.Authorization/roleAssignments/roleDefinitionId",
    "Microsoft.Authorization/roleAssignments/principalType",
    "Microsoft.Authorization/policyAssignments/enforcementMode",
    "Microsoft.Authorization/policyAssignments/notScopes[*]",
    "Microsoft.Insights/diagnosticSettings/storageAccountId",
    "Microsoft.Insights/diagnosticSettings/eventHubAuthorizationRuleId",
    "Microsoft.Insights/diagnosticSettings/serviceBusRuleId",
    "Microsoft.Insights/diagnosticSettings/workspaceId",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions/destination.WebHook.azureActiveDirectoryTenantId",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions/deliveryWithResourceIdentity",
    "Microsoft.Compute/disks/networkAccessPolicy",
    "Microsoft.Compute/disks/publicNetworkAccess",
    "Microsoft.Compute/disks/creationData.createOption",
    "Microsoft.Compute/virtualMachines/storageProfile.dataDisks[*]",
    "Microsoft.Compute/virtualMachines/storageProfile.dataDisks[*].createOption",
    "Microsoft.Compute/virtualMachines/storageProfile.dataDisks[*].managedDisk.id",
    "Microsoft.Compute/virtualMachines/storageProfile.osDisk.createOption",
    "Microsoft.Compute/virtualMachines/storageProfile.osDisk.vhd.uri",
    "Microsoft.Compute/virtualMachines/storageProfile.imageReference.id",
    "Microsoft.Compute/virtualMachines/storageProfile.imageReference.sharedGalleryImageId",
    "Microsoft.Compute/virtualMachines/storageProfile.imageReference.communityGalleryImageId",
    "Microsoft.Compute/virtualMachines/applicationProfile.galleryApplications[*]",
    "Microsoft.Compute/virtualMachines/extensions/publisher",
    "Microsoft.Compute/virtualMachines/extensions/type",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/remoteVirtualNetwork.id",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings[*]",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings[*].remoteVirtualNetwork.id",
    "Microsoft.Network/virtualNetworks/subnets[*].serviceEndpoints[*].service",
    "Microsoft.Network/virtualNetworks/subnets/serviceEndpoints[*].service",
    "Microsoft.Storage/storageAccounts/networkAcls.defaultAction",
    "Microsoft.Storage/storageAccounts/isSftpEnabled",
    "Microsoft.Storage/storageAccounts/isLocalUserEnabled",
    "Microsoft.Storage/storageAccounts/allowCrossTenantReplication",
    "Microsoft.Storage/storageAccounts/allowedCopyScope",
}
"""Aliases that Azure publishes, looked up one by one; Azure refuses any other (InvalidPolicyAlias)."""


def fields(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("field"), str):
            yield value["field"]
        for inner in value.values():
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


OF_SUBSCRIPTION = subscription_guardrails("rg-abcdefgh-")
EVERY = (*GUARDRAILS.values(), *OF_SUBSCRIPTION)


@pytest.mark.parametrize("guard", EVERY, ids=lambda g: g.key)
def test_a_guardrail_uses_only_published_aliases(guard: PolicyGuardrail) -> None:
    assert set(fields(guard.policy_rule)) - {"type", "id"} <= ALIASES


@pytest.mark.parametrize("guard", EVERY, ids=lambda g: g.key)
def test_a_guardrail_denies_and_is_within_azures_limits(guard: PolicyGuardrail) -> None:
    """Microsoft.Authorization/policyDefinitions: a display name of 128 letters, a description of 512."""
    assert guard.policy_rule["then"]["effect"] == ("modify" if guard.values else "deny")
    assert guard.mode == "All"
    assert 0 < len(guard.title) <= 128
    assert 0 < len(guard.description) <= 512
    assert 0 < len(guard.why) <= 512


@pytest.mark.parametrize(
    "guard", [one for one in EVERY if one.key not in ("types-stay", "groups-stay")], ids=lambda g: g.key
)
def test_a_guardrail_names_the_types_it_applies_to(guard: PolicyGuardrail) -> None:
    """A rule without a type would evaluate every resource."""

    def bounded(condition: Any) -> bool:
        if "anyOf" in condition:
            return all(bounded(inner) for inner in condition["anyOf"])
        if "allOf" in condition:
            return any(bounded(inner) for inner in condition["allOf"])
        if "not" in condition:
            return False
        return bool(condition.get("field") == "type" and ("equals" in condition or "in" in condition))

    assert bounded(guard.condition)


def test_every_guardrail_is_assigned() -> None:
    assert {guard.key for guard in (*HUB_GUARDRAILS, *SPOKE_GUARDRAILS)} == set(GUARDRAILS)


def test_every_type_that_a_stack_declares_is_of_the_estate(stack: MockStack) -> None:
    declared = {one.type for one in stack.registrations if one.type.startswith("azure-native:")}
    types = {arm_type_of(PATHS[token]) for token in declared}
    known = {one.lower() for one in ESTATE_TYPES} | {"microsoft.resources/resourcegroups"}
    assert {one.lower() for one in types} <= known
