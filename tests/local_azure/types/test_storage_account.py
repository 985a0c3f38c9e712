from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused


def customer_key(world: World, *, granted: bool = True, **vault: Any) -> dict[str, Any]:
    """Return the inputs of an account with a customer-managed key."""
    existing = world.vault(**vault)
    key, identity = world.key(), world.identity()
    if granted:
        world.grant(world.principal(identity), key)
    assert existing
    return {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]},
        "encryption": {
            "keySource": "Microsoft.Keyvault",
            "keyVaultProperties": {"keyName": "k1", "keyVaultUri": "https://kv-one.vault.azure.net/"},
            "encryptionIdentity": {"encryptionUserAssignedIdentity": identity},
        },
    }


def test_account_has_azures_insecure_defaults(world: World) -> None:
    found = world.read(world.account())
    assert found["publicNetworkAccess"] == "Enabled"
    assert found["networkRuleSet"]["defaultAction"] == "Allow"
    assert found["allowSharedKeyAccess"] is True
    assert found["encryption"]["keySource"] == "Microsoft.Storage"
    assert found["primaryEndpoints"]["blob"] == "https://storeone.blob.core.windows.net/"
    assert found["sku"] == {"name": "Standard_LRS", "tier": "Standard"}


def test_account_name_is_global(world: World) -> None:
    world.account()
    world.make("resources:ResourceGroup", group=None, resourceGroupName="other", location="uksouth")
    with refused("StorageAccountAlreadyTaken"):
        world.account(resourceGroupName="other")


def test_sku_fits_kind_and_region(world: World) -> None:
    with refused("InvalidValuesForRequestParameters"):
        world.account(kind="FileStorage")
    with refused("InvalidSkuForLocation"):
        world.account(sku={"name": "Standard_ZRS"}, location="ukwest")
    found = world.read(world.account(sku={"name": "Standard_RAGRS"}))
    assert found["secondaryLocation"] == "ukwest"
    assert found["secondaryEndpoints"]["blob"] == "https://storeone-secondary.blob.core.windows.net/"


def test_access_tier_and_namespace_fit_the_kind(world: World) -> None:
    premium = {"kind": "BlockBlobStorage", "sku": {"name": "Premium_LRS"}}
    with refused("AccountPropertyCannotBeSet"):
        world.account(accessTier="Hot", **premium)
    with refused("AccountPropertyIsRequired"):
        world.account(kind="BlobStorage")
    with refused("AccountPropertyCannotBeSet"):
        world.account(isHnsEnabled=True, kind="FileStorage", sku={"name": "Premium_LRS"})


def test_hierarchical_namespace_excludes_versioning(world: World) -> None:
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


def test_sftp_and_nfs_need_the_hierarchical_namespace(world: World) -> None:
    with refused("InvalidRequestPropertyValue"):
        world.account(isSftpEnabled=True)
    with refused("InvalidRequestPropertyValue"):
        world.account(isHnsEnabled=True, enableNfsV3=True)
    with refused("InvalidRequestPropertyValue"):
        world.account(isHnsEnabled=True, isSftpEnabled=True, isLocalUserEnabled=False)


def test_immutability_policy_cannot_be_created_locked(world: World) -> None:
    policy = {"state": "Locked", "immutabilityPeriodSinceCreationInDays": 7}
    with refused("InvalidStorageAccountImmutabilityPolicy"):
        world.account(immutableStorageWithVersioning={"enabled": True, "immutabilityPolicy": policy})


def test_a_locked_account_policy_takes_longer_periods_only(world: World) -> None:
    def immutable(state: str, days: int, **more: object) -> dict[str, object]:
        policy = {"state": state, "immutabilityPeriodSinceCreationInDays": days, **more}
        return {"enabled": True, "immutabilityPolicy": policy}

    account = world.account(immutableStorageWithVersioning=immutable("Unlocked", 7))
    for days, state in ((5, "Unlocked"), (5, "Locked"), (9, "Locked")):
        world.change(account, immutableStorageWithVersioning=immutable(state, days))
    for change in (immutable("Locked", 8), immutable("Unlocked", 9),
                   immutable("Locked", 9, allowProtectedAppendWrites=True)):  # fmt: skip
        with refused("InvalidStorageAccountImmutabilityPolicy"):
            world.change(account, immutableStorageWithVersioning=change)


def test_an_account_policy_needs_account_immutability(world: World) -> None:
    policy = {"state": "Unlocked", "immutabilityPeriodSinceCreationInDays": 7}
    with refused("InvalidStorageAccountImmutabilityPolicy"):
        world.account(immutableStorageWithVersioning={"enabled": False, "immutabilityPolicy": policy})


def test_update_cannot_change_zone_redundancy(world: World) -> None:
    account = world.account()
    with refused("InvalidAccountSkuConversion"):
        world.change(account, sku={"name": "Standard_ZRS"})
    world.change(account, sku={"name": "Standard_GRS"})


@pytest.mark.parametrize(
    "address", ["10.0.0.4", "172.16.5.0/28", "8.0.0.0/6", "51.0.0.0/31", "51.0.0.1/32", "2001:db8::1", "anywhere"]
)
def test_ip_rule_must_be_a_public_range(world: World, address: str) -> None:
    rules = {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": address}]}
    with refused("NetworkAclsValidationFailure"):
        world.account(networkRuleSet=rules)


def test_ip_rules_take_any_range_that_is_not_of_rfc_1918(world: World) -> None:
    addresses = ("51.0.0.1", "51.0.0.0/30", "192.0.2.16/28", "100.64.0.0/16")
    rules = {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": address} for address in addresses]}
    world.account(networkRuleSet=rules)


def test_old_tls_version_is_refused(world: World) -> None:
    with refused("InvalidRequestPropertyValue"):
        world.account(minimumTlsVersion="TLS1_1")


def test_customer_managed_key_needs_a_role(world: World) -> None:
    settings = customer_key(world, granted=False)
    with refused("KeyVaultAuthenticationFailure"):
        world.account(**settings)


def test_customer_managed_key_with_a_role_is_accepted(world: World) -> None:
    found = world.read(world.account(**customer_key(world)))
    (principal,) = found["identity"]["userAssignedIdentities"].values()
    assert set(principal) == {"clientId", "principalId"}


def test_customer_managed_key_with_an_access_policy_is_accepted(world: World) -> None:
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


def test_customer_managed_key_needs_purge_protection(world: World) -> None:
    settings = customer_key(world, enablePurgeProtection=None)
    with refused("KeyVaultPolicyError"):
        world.account(**settings)


def test_customer_managed_key_must_exist_and_identity_be_attached(world: World) -> None:
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
