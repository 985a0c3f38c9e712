"""Container registries of the local Azure, and their private endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused

PREMIUM = {"sku": {"name": "Premium"}}


def registry(world: World, name: str = "crone", **more: Any) -> str:
    return world.make("containerregistry:Registry", registryName=name, **PREMIUM | more)


def customer_key(world: World, *, granted: bool = True, kty: str = "RSA") -> dict[str, Any]:
    """Return the inputs of a registry with a customer-managed key."""
    world.vault()
    size: dict[str, Any] = {"curveName": "P-256"} if kty == "EC" else {"keySize": 3072}
    properties = {"kty": kty, **size}
    key = world.make("keyvault:Key", vaultName="kv-one", keyName="k1", properties=properties)
    identity = world.identity()
    if granted:
        world.grant(world.principal(identity), key)
    used = {
        "identity": world.read(identity)["clientId"],
        "keyIdentifier": "https://kv-one.vault.azure.net/keys/k1",
    }
    return {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        "encryption": {"status": "enabled", "keyVaultProperties": used},
    }


def test_registry_has_azures_insecure_defaults(world: World) -> None:
    found = world.read(registry(world, "CrOne"))
    assert (found["publicNetworkAccess"], found["networkRuleBypassOptions"]) == ("Enabled", "AzureServices")
    assert found["policies"]["exportPolicy"] == {"status": "enabled"}
    assert found["policies"]["azureADAuthenticationAsArmPolicy"] == {"status": "enabled"}
    assert (found["encryption"], found["loginServer"]) == ({"status": "disabled"}, "crone.azurecr.io")
    world.make("resources:ResourceGroup", group=None, resourceGroupName="other", location="uksouth")
    with refused("AlreadyInUse"):
        registry(world, "crone", resourceGroupName="other")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"sku": {"name": "Classic"}}, "InvalidSku"),
        ({"sku": {"name": "Standard"}, "publicNetworkAccess": "Disabled"}, "SkuNotSupported"),
        ({"sku": {"name": "Basic"}, "anonymousPullEnabled": True}, "SkuNotSupported"),
        ({"policies": {"exportPolicy": {"status": "disabled"}}}, "InvalidExportPolicy"),
        ({"policies": {"softDeletePolicy": {"status": "enabled"}, "retentionPolicy": {"status": "enabled"}}},
         "InvalidSoftDeletePolicy"),
        ({"policies": {"softDeletePolicy": {"status": "enabled", "retentionDays": 91}}}, "InvalidParameter"),
        ({"zoneRedundancy": "Enabled", "location": "ukwest"}, "ZoneRedundancyNotSupported"),
        ({"encryption": {"status": "enabled"}}, "InvalidKeyIdentifier"),
    ],
)  # fmt: skip
def test_what_azure_refuses(world: World, inputs: dict[str, Any], code: str) -> None:
    with refused(code):
        registry(world, **inputs)


def test_customer_managed_key_needs_its_right_first_and_stays(world: World) -> None:
    inputs = customer_key(world, granted=False)
    with refused("KeyVaultAccessDenied"):
        registry(world, **inputs)
    group = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg"
    vault = f"{group}/providers/Microsoft.KeyVault/vaults/kv-one"
    world.grant(world.principal(next(iter(inputs["identity"]["userAssignedIdentities"]))), vault)
    with refused("InvalidTrustPolicy"):
        registry(world, policies={"trustPolicy": {"status": "enabled"}}, **inputs)
    with refused("InvalidIdentity"):
        registry(world, **{**inputs, "identity": {"type": "None"}})
    id_ = registry(world, **inputs)
    with refused("RegistryPropertyCannotBeUpdated"):
        world.change(id_, encryption={"status": "disabled"})
    world.change(id_, sku={"name": "Premium"}, tags={"owner": "ann"})


def test_elliptic_key_is_refused(world: World) -> None:
    inputs = customer_key(world, kty="EC")
    with refused("InvalidKeyType"):
        registry(world, **inputs)


def test_endpoint_has_an_address_for_each_member(world: World) -> None:
    world.vnet()
    subnet, target = world.subnet(), registry(world)

    def endpoint(*members: str) -> str:
        configurations = [
            {"name": f"ip{n}", "groupId": "registry", "memberName": member, "privateIPAddress": f"10.0.1.{n}"}
            for n, member in enumerate(members, 10)
        ]
        connection = {"name": "c", "privateLinkServiceId": target, "groupIds": ["registry"]}
        return world.make(
            "network:PrivateEndpoint", privateEndpointName="pep", subnet={"id": subnet},
            ipConfigurations=configurations, privateLinkServiceConnections=[connection],
        )  # fmt: skip

    for members in (("registry",), ("registry", "registry_data_ukwest"), ("registry", "registry")):
        with refused("PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps"):
            endpoint(*members)
    records = world.read(endpoint("registry_data_uksouth", "registry"))["customDnsConfigs"]
    assert {one["fqdn"]: one["ipAddresses"] for one in records} == {
        "crone.azurecr.io": ["10.0.1.11"],
        "crone.uksouth.data.azurecr.io": ["10.0.1.10"],
    }
