"""The guardrails as Azure Policy definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infra.guardrails import GUARDRAILS, HUB_GUARDRAILS, SPOKE_GUARDRAILS
from infra.policy_rules import PolicyGuardrail

ALIASES = {
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollections[*]",
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollections[*].ruleCollectionType",
    "Microsoft.Network/azureFirewalls/natRuleCollections[*]",
    "Microsoft.Network/azureFirewalls/firewallPolicy.id",
    "Microsoft.Network/virtualNetworks/subnets/natGateway.id",
    "Microsoft.Compute/virtualMachines/networkProfile.networkInterfaceConfigurations[*].ipConfigurations[*]",
    "Microsoft.Compute/virtualMachines/networkProfile.networkInterfaceConfigurations[*].ipConfigurations[*]"
    ".publicIPAddressConfiguration",
    "Microsoft.Storage/storageAccounts/privateEndpointConnections/privateEndpoint.id",
    "Microsoft.Storage/storageAccounts/privateEndpointConnections/privateLinkServiceConnectionState.status",
    "Microsoft.KeyVault/vaults/privateEndpointConnections/privateEndpoint.id",
    "Microsoft.KeyVault/vaults/privateEndpointConnections/privateLinkServiceConnectionState.status",
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


@pytest.mark.parametrize("guard", GUARDRAILS.values(), ids=lambda g: g.key)
def test_a_guardrail_uses_only_published_aliases(guard: PolicyGuardrail) -> None:
    assert set(fields(guard.policy_rule)) - {"type"} <= ALIASES


@pytest.mark.parametrize("guard", GUARDRAILS.values(), ids=lambda g: g.key)
def test_a_guardrail_denies_and_is_within_azures_limits(guard: PolicyGuardrail) -> None:
    """Microsoft.Authorization/policyDefinitions: a display name of 128 letters, a description of 512."""
    assert guard.policy_rule["then"] == {"effect": "deny"}
    assert guard.mode == "All"
    assert 0 < len(guard.title) <= 128
    assert 0 < len(guard.description) <= 512
    assert 0 < len(guard.why) <= 512


@pytest.mark.parametrize("guard", GUARDRAILS.values(), ids=lambda g: g.key)
def test_a_guardrail_names_the_types_it_applies_to(guard: PolicyGuardrail) -> None:
    """A rule without a type would evaluate every resource."""

    def bounded(condition: Any) -> bool:
        if "anyOf" in condition:
            return all(bounded(inner) for inner in condition["anyOf"])
        if "allOf" in condition:
            return any(bounded(inner) for inner in condition["allOf"])
        return bool(condition.get("field") == "type" and ("equals" in condition or "in" in condition))

    assert bounded(guard.condition)


def test_every_guardrail_is_assigned() -> None:
    assert {guard.key for guard in (*HUB_GUARDRAILS, *SPOKE_GUARDRAILS)} == set(GUARDRAILS)
