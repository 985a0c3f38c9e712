"""The container registry component."""

from __future__ import annotations

import pytest

from infra.components.container_registry import ContainerRegistry, ContainerRegistryArgs
from infra.components.grants import Principal
from infra.components.resource_group_scope import ResourceGroupScope
from infra.roles import Role
from tests.infra.components.conftest import Build, key_vault, placement


def _registry(scope: ResourceGroupScope, *addresses: str) -> ContainerRegistry:
    key = key_vault(scope).encryption_key("registry")
    return ContainerRegistry("registry", ContainerRegistryArgs(scope=scope, endpoint=placement(*addresses), key=key))


def test_registry_is_private_with_a_customer_managed_key_and_entra_alone(build: Build) -> None:
    stack = build(lambda scope: _registry(scope, "10.0.0.10", "10.0.0.11").grant_push("desk", Principal.service("d")))
    (registry,) = stack.of("Registry")
    found = registry.inputs
    assert registry.protect
    assert found["zoneRedundancy"] == "Enabled"
    assert found["sku"] == {"name": "Premium"}
    assert (found["publicNetworkAccess"], found["networkRuleBypassOptions"]) == ("Disabled", "None")
    assert not any(found[key] for key in ("adminUserEnabled", "anonymousPullEnabled"))
    statuses = {policy: settings["status"] for policy, settings in found["policies"].items()}
    assert set(statuses.values()) == {"disabled"}
    (identity,) = found["identity"]["userAssignedIdentities"]
    assert identity.endswith("/userAssignedIdentities/id-wmsde-tre-hcm-keys-encrypts")
    key = found["encryption"]["keyVaultProperties"]
    assert key["keyIdentifier"].endswith(".vault.azure.net/keys/key-registry")
    assert key["identity"] == "client-of-keys-encrypts"
    grant = stack.one("RoleAssignment", "registry-desk-pushes")
    assert grant.inputs["scope"].endswith("/Registry/registry")
    assert grant.inputs["roleDefinitionId"].endswith(str(Role.ACR_PUSH.value))


def test_endpoint_has_two_addresses_and_no_dns_records(build: Build) -> None:
    stack = build(lambda scope: _registry(scope, "10.0.0.10", "10.0.0.11"))
    endpoint = stack.one("PrivateEndpoint", "registry")
    members = {one["memberName"]: one["privateIPAddress"] for one in endpoint.inputs["ipConfigurations"]}
    assert members == {"registry": "10.0.0.10", "registry_data_uksouth": "10.0.0.11"}
    assert [group.name for group in stack.of("PrivateDnsZoneGroup")] == ["keys"]
    lock = stack.one("ManagementLockByScope", "registry")
    assert endpoint.urn in lock.depends_on


def test_one_address_is_refused(build: Build) -> None:
    with pytest.raises(ValueError, match="2 addresses of the plan"):
        build(lambda scope: _registry(scope, "10.0.0.10"))
