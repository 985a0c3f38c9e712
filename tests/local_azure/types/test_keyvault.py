from __future__ import annotations

import pytest

from local_azure.types.common import TENANT
from tests.local_azure.types.support import World, refused


def test_a_vault_starts_open_as_azures_does(world: World) -> None:
    found = world.read(world.vault(enableRbacAuthorization=None, enablePurgeProtection=None, accessPolicies=[]))
    properties = found["properties"]
    assert properties["publicNetworkAccess"] == "Enabled"
    assert "enablePurgeProtection" not in properties
    assert properties["vaultUri"] == "https://kv-one.vault.azure.net/"
    assert properties["softDeleteRetentionInDays"] == 90


def test_names_are_global_and_held_after_deletion(world: World) -> None:
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
def test_retention_is_in_range_and_frozen(world: World, days: int) -> None:
    with refused("BadRequest"):
        world.vault(softDeleteRetentionInDays=days)
    vault = world.vault(softDeleteRetentionInDays=7)
    with refused("BadRequest"):
        world.change(vault, properties={**world.read(vault)["properties"], "softDeleteRetentionInDays": 8})


def test_purge_protection_is_for_good(world: World) -> None:
    vault = world.vault()
    kept = {key: value for key, value in world.read(vault)["properties"].items() if key != "enablePurgeProtection"}
    with refused("BadRequest"):
        world.change(vault, properties=kept)
    with refused("BadRequest"):
        world.vault("kv-two", enablePurgeProtection=False)


def test_soft_delete_stays_on(world: World) -> None:
    with refused("BadRequest"):
        world.vault(enableSoftDelete=False)


def test_a_vault_has_roles_or_policies_and_a_tenant(world: World) -> None:
    with refused("BadRequest"):
        world.vault(enableRbacAuthorization=None)
    with refused("BadRequest"):
        world.vault(tenantId="here")
    with refused("VaultNameNotValid"):
        world.vault("kv--one")
    with refused("BadRequest"):
        world.vault(networkAcls={"bypass": "None", "defaultAction": "Deny", "ipRules": [{"value": "10.0.0.0/8"}]})


def test_keys_have_a_type_and_a_legal_size(world: World) -> None:
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


def test_hardware_keys_need_a_premium_vault(world: World) -> None:
    world.vault(sku={"family": "A", "name": "standard"})
    with refused("BadParameter"):
        world.key(kty="RSA-HSM")


def test_keys_and_secrets_have_few_tags(world: World) -> None:
    world.vault()
    made = {"vaultName": "kv-one", "tags": {f"tag-{place}": "x" for place in range(16)}}
    with refused("BadParameter"):
        world.make("keyvault:Key", keyName="k1", properties={"kty": "RSA", "keySize": 3072}, **made)
    with refused("BadParameter"):
        world.make("keyvault:Secret", secretName="s1", properties={"value": "v"}, **made)
    made["tags"].pop("tag-0")
    world.make("keyvault:Key", keyName="k1", properties={"kty": "RSA", "keySize": 3072}, **made)


def test_rotation_is_sound(world: World) -> None:
    world.vault()
    with refused("BadParameter"):
        world.key(rotationPolicy={"attributes": {"expiryTime": "P10D"}})
    rotate = {"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P90D"}}
    with refused("BadParameter"):
        world.key(rotationPolicy={"lifetimeActions": [rotate, rotate]})
    world.key(rotationPolicy={"attributes": {"expiryTime": "P2Y"}, "lifetimeActions": [rotate]})


def test_a_secret_is_never_given_back(world: World) -> None:
    world.vault()
    secret = world.make("keyvault:Secret", vaultName="kv-one", secretName="s", properties={"value": "hush"})
    found = world.read(secret)["properties"]
    assert "value" not in found
    assert found["secretUri"] == "https://kv-one.vault.azure.net/secrets/s"
    dates = {"notBefore": 20, "expires": 10}
    with refused("BadParameter"):
        world.make("keyvault:Secret", vaultName="kv-one", secretName="t", properties={"attributes": dates})


def test_a_key_needs_its_vault(world: World) -> None:
    with refused("ParentResourceNotFound"):
        world.key()
