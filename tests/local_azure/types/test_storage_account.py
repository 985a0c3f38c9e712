from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused


def customer_key(world: World, *, granted: bool = True, **vault: Any) -> dict[str, Any]:
    """What an account says to be encrypted with a key of its own."""
    held = world.vault(**vault)
    key, identity = world.key(), world.identity()
    if granted:
        world.grant(world.principal(identity), key)
    assert held
    return {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]},
        "encryption": {
            "keySource": "Microsoft.Keyvault",
            "keyVaultProperties": {"keyName": "k1", "keyVaultUri": "https://kv-one.vault.azure.net/"},
            "encryptionIdentity": {"encryptionUserAssignedIdentity": identity},
        },
    }


def test_an_account_starts_open_as_azures_does(world: World) -> None:
    found = world.read(world.account())
    assert found["publicNetworkAccess"] == "Enabled"
    assert found["networkRuleSet"]["defaultAction"] == "Allow"
    assert found["allowSharedKeyAccess"] is True
    assert found["encryption"]["keySource"] == "Microsoft.Storage"
    assert found["primaryEndpoints"]["blob"] == "https://storeone.blob.core.windows.net/"
    assert found["sku"] == {"name": "Standard_LRS", "tier": "Standard"}


def test_names_are_taken_everywhere(world: World) -> None:
    world.account()
    world.make("resources:ResourceGroup", group=None, resourceGroupName="other", location="uksouth")
    with refused("StorageAccountAlreadyTaken"):
        world.account(resourceGroupName="other")


def test_kinds_skus_and_regions_go_together(world: World) -> None:
    with refused("InvalidValuesForRequestParameters"):
        world.account(kind="FileStorage")
    with refused("InvalidSkuForLocation"):
        world.account(sku={"name": "Standard_ZRS"}, location="ukwest")
    found = world.read(world.account(sku={"name": "Standard_RAGRS"}))
    assert found["secondaryLocation"] == "ukwest"
    assert found["secondaryEndpoints"]["blob"] == "https://storeone-secondary.blob.core.windows.net/"


def test_tiers_fit_the_kind(world: World) -> None:
    premium = {"kind": "BlockBlobStorage", "sku": {"name": "Premium_LRS"}}
    with refused("AccountPropertyCannotBeSet"):
        world.account(accessTier="Hot", **premium)
    with refused("AccountPropertyIsRequired"):
        world.account(kind="BlobStorage")
    with refused("AccountPropertyCannotBeSet"):
        world.account(isHnsEnabled=True, kind="FileStorage", sku={"name": "Premium_LRS"})


def test_the_hierarchy_and_versions_exclude_each_other(world: World) -> None:
    with refused("ConflictFeatureEnabled"):
        world.account(isHnsEnabled=True, immutableStorageWithVersioning={"enabled": True})
    world.account(isHnsEnabled=True)
    with refused("ConflictFeatureEnabled"):
        world.make(
            "storage:BlobServiceProperties",
            accountName="storeone",
            blobServicesName="default",
            isVersioningEnabled=True,
        )


def test_file_protocols_need_the_hierarchy(world: World) -> None:
    with refused("InvalidRequestPropertyValue"):
        world.account(isSftpEnabled=True)
    with refused("InvalidRequestPropertyValue"):
        world.account(isHnsEnabled=True, enableNfsV3=True)
    with refused("InvalidRequestPropertyValue"):
        world.account(isHnsEnabled=True, isSftpEnabled=True, isLocalUserEnabled=False)


def test_immutability_starts_unlocked(world: World) -> None:
    policy = {"state": "Locked", "immutabilityPeriodSinceCreationInDays": 7}
    with refused("InvalidStorageAccountImmutabilityPolicy"):
        world.account(immutableStorageWithVersioning={"enabled": True, "immutabilityPolicy": policy})


def test_redundancy_stays_in_its_family(world: World) -> None:
    account = world.account()
    with refused("InvalidAccountSkuConversion"):
        world.change(account, sku={"name": "Standard_ZRS"})
    world.change(account, sku={"name": "Standard_GRS"})


@pytest.mark.parametrize("address", ["10.0.0.4", "51.0.0.0/31", "anywhere"])
def test_ip_rules_are_public_ranges(world: World, address: str) -> None:
    rules = {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": address}]}
    with refused("NetworkAclsValidationFailure"):
        world.account(networkRuleSet=rules)


def test_old_tls_is_refused(world: World) -> None:
    with refused("InvalidRequestPropertyValue"):
        world.account(minimumTlsVersion="TLS1_1")


def test_a_customers_key_needs_a_grant(world: World) -> None:
    settings = customer_key(world, granted=False)
    with refused("KeyVaultAuthenticationFailure"):
        world.account(**settings)


def test_a_customers_key_with_a_grant_is_taken(world: World) -> None:
    found = world.read(world.account(**customer_key(world)))
    (principal,) = found["identity"]["userAssignedIdentities"].values()
    assert set(principal) == {"clientId", "principalId"}


def test_a_customers_key_by_access_policy_is_taken(world: World) -> None:
    identity = world.identity()
    entry = {"tenantId": "10ca1000-0000-4000-8000-0000000000aa", "objectId": world.principal(identity)}
    policies = [entry | {"permissions": {"keys": ["get", "wrapKey", "unwrapKey"]}}]
    world.vault(enableRbacAuthorization=False, accessPolicies=policies)
    world.key()
    encryption = {
        "keySource": "Microsoft.Keyvault",
        "keyVaultProperties": {"keyName": "k1", "keyVaultUri": "https://kv-one.vault.azure.net"},
        "encryptionIdentity": {"encryptionUserAssignedIdentity": identity},
    }
    attached = {"type": "UserAssigned", "userAssignedIdentities": [identity]}
    world.account(identity=attached, encryption=encryption)


def test_a_customers_key_needs_purge_protection(world: World) -> None:
    settings = customer_key(world, enablePurgeProtection=None)
    with refused("KeyVaultPolicyError"):
        world.account(**settings)


def test_a_customers_key_must_be_there_and_its_identity_attached(world: World) -> None:
    settings = customer_key(world)
    gone = settings["encryption"] | {
        "keyVaultProperties": {"keyName": "k2", "keyVaultUri": "https://kv-one.vault.azure.net/"}
    }
    with refused("KeyNotFound"):
        world.account(**(settings | {"encryption": gone}))
    with refused("UserAssignedIdentityNotAssigned"):
        world.account(**(settings | {"identity": {"type": "SystemAssigned"}}))
    lone = {key: value for key, value in settings["encryption"].items() if key != "encryptionIdentity"}
    with refused("InvalidRequestPropertyValue"):
        world.account(encryption=lone)
