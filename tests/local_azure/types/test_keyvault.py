from __future__ import annotations

import pytest

from formats.local_cloud import TENANT
from tests.local_azure.types.support import World, refused


def test_vault_has_azures_insecure_defaults(world: World) -> None:
    found = world.read(world.vault(enableRbacAuthorization=None, enablePurgeProtection=None, accessPolicies=[]))
    properties = found["properties"]
    assert properties["publicNetworkAccess"] == "Enabled"
    assert "enablePurgeProtection" not in properties
    assert properties["vaultUri"] == "https://kv-one.vault.azure.net/"
    assert properties["softDeleteRetentionInDays"] == 90


def test_vault_name_is_global_and_reserved_after_deletion(world: World) -> None:
    vault = world.vault()
    world.make("resources:ResourceGroup", group=None, resourceGroupName="other", location="uksouth")
    settings = {"tenantId": TENANT, "sku": {"family": "A", "name": "premium"}, "enableRbacAuthorization": True}
    with refused("VaultAlreadyExists"):
        world.make("keyvault:Vault", group="other", vaultName="kv-one", properties=settings)
    world.remove(vault)
    with refused("ConflictError"):
        world.vault()
    world.vault(createMode="recover")


@pytest.mark.parametrize("days", [6, 91])
def test_retention_is_in_range_and_immutable(world: World, days: int) -> None:
    with refused("BadRequest"):
        world.vault(softDeleteRetentionInDays=days)
    vault = world.vault(softDeleteRetentionInDays=7)
    with refused("BadRequest"):
        world.change(vault, properties={**world.read(vault)["properties"], "softDeleteRetentionInDays": 8})


def test_purge_protection_cannot_be_unset(world: World) -> None:
    vault = world.vault()
    kept = {key: value for key, value in world.read(vault)["properties"].items() if key != "enablePurgeProtection"}
    with refused("BadRequest"):
        world.change(vault, properties=kept)
    with refused("BadRequest"):
        world.vault("kv-two", enablePurgeProtection=False)


def test_soft_delete_cannot_be_disabled(world: World) -> None:
    with refused("BadRequest"):
        world.vault(enableSoftDelete=False)


def test_invalid_vault_settings_are_refused(world: World) -> None:
    with refused("BadRequest"):
        world.vault(enableRbacAuthorization=None)
    with refused("BadRequest"):
        world.vault(tenantId="here")
    with refused("VaultNameNotValid"):
        world.vault("kv--one")
    with refused("BadRequest"):
        world.vault(networkAcls={"bypass": "None", "defaultAction": "Deny", "ipRules": [{"value": "10.0.0.0/8"}]})


def test_key_has_a_type_and_a_valid_size(world: World) -> None:
    world.vault()
    with refused("BadParameter"):
        world.key(keySize=1024)
    with refused("BadParameter"):
        world.key(kty="EC", keySize=2048)
    found = world.read(world.key())
    assert found["keyUri"] == "https://kv-one.vault.azure.net/keys/k1"
    assert found["keyUriWithVersion"].startswith(f"{found['keyUri']}/")
    assert found["kty"] == "RSA"
    assert found["keySize"] == 3072
    assert found["attributes"]["recoveryLevel"] == "Recoverable"


def test_hsm_key_needs_a_premium_vault(world: World) -> None:
    world.vault(sku={"family": "A", "name": "standard"})
    with refused("BadParameter"):
        world.key(kty="RSA-HSM")


def test_key_and_secret_have_at_most_15_tags(world: World) -> None:
    world.vault()
    made = {"vaultName": "kv-one", "tags": {f"tag-{place}": "x" for place in range(16)}}
    with refused("BadParameter"):
        world.make("keyvault:Key", keyName="k1", properties={"kty": "RSA", "keySize": 3072}, **made)
    with refused("BadParameter"):
        world.make("keyvault:Secret", secretName="s1", properties={"value": "v"}, **made)
    made["tags"].pop("tag-0")
    world.make("keyvault:Key", keyName="k1", properties={"kty": "RSA", "keySize": 3072}, **made)


def test_invalid_rotation_policy_is_refused(world: World) -> None:
    world.vault()
    with refused("BadParameter"):
        world.key(rotationPolicy={"attributes": {"expiryTime": "P10D"}})
    rotate = {"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P90D"}}
    with refused("BadParameter"):
        world.key(rotationPolicy={"lifetimeActions": [rotate, rotate]})
    world.key(rotationPolicy={"attributes": {"expiryTime": "P2Y"}, "lifetimeActions": [rotate]})


def test_secret_value_is_not_returned(world: World) -> None:
    world.vault()
    secret = world.make("keyvault:Secret", vaultName="kv-one", secretName="s", properties={"value": "secret"})
    found = world.read(secret)["properties"]
    assert "value" not in found
    assert found["secretUri"] == "https://kv-one.vault.azure.net/secrets/s"
    dates = {"notBefore": 20, "expires": 10}
    with refused("BadParameter"):
        world.make("keyvault:Secret", vaultName="kv-one", secretName="t", properties={"attributes": dates})


def test_key_needs_its_vault(world: World) -> None:
    with refused("ParentResourceNotFound"):
        world.key()
