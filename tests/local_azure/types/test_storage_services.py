from __future__ import annotations

from typing import Any

import pytest

from local_azure.model import StoredResource
from tests.local_azure.types.support import SUBSCRIPTION, World, refused


def blobs(world: World, **settings: Any) -> str:
    return world.make("storage:BlobServiceProperties", accountName="storeone", blobServicesName="default", **settings)


def container(world: World, name: str = "data", **settings: Any) -> str:
    return world.make("storage:BlobContainer", accountName="storeone", containerName=name, **settings)


def immutable(world: World, days: int = 30, **settings: Any) -> str:
    return world.make(
        "storage:BlobContainerImmutabilityPolicy", accountName="storeone", containerName="data",
        immutabilityPolicyName="default", immutabilityPeriodSinceCreationInDays=days, **settings,
    )  # fmt: skip


def lifecycle(world: World, *, types: tuple[str, ...] = ("blockBlob",), name: str = "cool", **base: Any) -> str:
    rule = {
        "name": name,
        "type": "Lifecycle",
        "definition": {"filters": {"blobTypes": list(types)}, "actions": {"baseBlob": base}},
    }
    policy = {"rules": [rule]}
    return world.make("storage:ManagementPolicy", accountName="storeone", managementPolicyName="default", policy=policy)


def after(days: int, clock: str = "Modification") -> dict[str, int]:
    return {f"daysAfter{clock}GreaterThan": days}


def test_restore_needs_versioning_change_feed_and_soft_delete(world: World) -> None:
    world.account()
    kept = {"enabled": True, "days": 7}
    with refused("InvalidRequestPropertyValue"):
        blobs(world, restorePolicy={"enabled": True, "days": 6})
    settings = {"isVersioningEnabled": True, "changeFeed": {"enabled": True}, "deleteRetentionPolicy": kept}
    blobs(world, restorePolicy={"enabled": True, "days": 6}, **settings)


@pytest.mark.parametrize("days", [0, 366])
def test_soft_delete_days_out_of_range_are_refused(world: World, days: int) -> None:
    world.account()
    with refused("InvalidRequestPropertyValue"):
        blobs(world, deleteRetentionPolicy={"enabled": True, "days": days})


def test_public_container_needs_the_account_setting(world: World) -> None:
    world.account()
    with refused("PublicAccessNotPermitted"):
        container(world, publicAccess="Blob")
    assert world.read(container(world))["publicAccess"] == "None"


def test_version_immutability_needs_versioning(world: World) -> None:
    world.account()
    with refused("ContainerOperationFailure"):
        container(world, immutableStorageWithVersioning={"enabled": True})
    blobs(world, isVersioningEnabled=True)
    container(world, immutableStorageWithVersioning={"enabled": True})


@pytest.mark.parametrize("days", [0, 146001])
def test_immutability_period_out_of_range_is_refused(world: World, days: int) -> None:
    world.account()
    container(world)
    with refused("InvalidImmutabilityPeriod"):
        immutable(world, days)
    assert world.read(immutable(world))["state"] == "Unlocked"


def upload(world: World, existing: str) -> str:
    """Put a blob into a container, as a person does with the data plane."""
    blob = StoredResource(f"{existing}/blobs/scan.csv", "azure-native:storage:Blob", "scan.csv", {})
    world.store.put(blob, SUBSCRIPTION)
    return blob.id


def test_a_container_under_a_policy_must_be_empty(world: World) -> None:
    account = world.account()
    existing = container(world)
    blob = upload(world, existing)
    immutable(world)
    with refused("ContainerProtectedFromDeletion"):
        world.remove(existing)
    with refused("AccountProtectedFromDeletion"):
        world.remove(account)
    world.store.remove(blob)
    world.remove(existing)
    world.remove(account)


def test_a_container_without_a_policy_goes_with_its_blobs(world: World) -> None:
    world.account()
    existing = container(world)
    upload(world, existing)
    world.remove(existing)


def test_version_level_immutability_needs_empty_containers(world: World) -> None:
    account = world.account(immutableStorageWithVersioning={"enabled": True})
    existing = container(world)
    upload(world, existing)
    with refused("ContainerProtectedFromDeletion"):
        world.remove(existing)
    with refused("AccountProtectedFromDeletion"):
        world.remove(account)


def test_policy_change_and_delete_need_the_etag(world: World) -> None:
    world.account()
    existing = container(world)
    policy = immutable(world)
    world.change(policy)
    with refused("ContainerImmutabilityPolicyFailure"):
        world.change(policy, immutabilityPeriodSinceCreationInDays=60)
    with refused("ContainerImmutabilityPolicyFailure"):
        world.remove(policy)
    world.remove(existing)


def test_archive_tier_needs_a_supported_sku(world: World) -> None:
    world.account(sku={"name": "Standard_ZRS"})
    with refused("InvalidRequestPropertyValue"):
        lifecycle(world, tierToArchive=after(90))
    lifecycle(world, tierToCool=after(30))


def test_lifecycle_action_has_one_time_basis_and_colder_tiers(world: World) -> None:
    world.account()
    with refused("InvalidRequestPropertyValue"):
        lifecycle(world, tierToCool=after(30) | after(30, "Creation"))
    with refused("InvalidRequestPropertyValue"):
        lifecycle(world, tierToCool=after(90), tierToArchive=after(30))
    with refused("InvalidRequestPropertyValue"):
        lifecycle(world, tierToCool=after(30, "LastAccessTime"))
    lifecycle(world, tierToCool=after(30), tierToArchive=after(180), delete=after(3650))


def test_append_blobs_have_no_tiers(world: World) -> None:
    world.account()
    with refused("InvalidRequestPropertyValue"):
        lifecycle(world, types=("appendBlob",), tierToCool=after(30))
    lifecycle(world, types=("appendBlob",), delete=after(30))


def test_premium_account_has_no_tiers(world: World) -> None:
    world.account(kind="BlockBlobStorage", sku={"name": "Premium_LRS"})
    with refused("AccountPropertyCannotBeSet"):
        lifecycle(world, tierToCool=after(30))


def test_share_settings_fit_the_account(world: World) -> None:
    world.account()
    with refused("InvalidRequestPropertyValue"):
        world.make("storage:FileShare", accountName="storeone", shareName="share", enabledProtocols="NFS")
    with refused("InvalidRequestPropertyValue"):
        world.make("storage:FileShare", accountName="storeone", shareName="share", shareQuota=102401)
    with refused("InvalidRequestPropertyValue"):
        world.make("storage:FileShare", accountName="storeone", shareName="share", accessTier="Premium")
    world.make("storage:FileShare", accountName="storeone", shareName="share", shareQuota=100)


def test_container_needs_an_existing_encryption_scope(world: World) -> None:
    world.account()
    with refused("EncryptionScopeNotFound"):
        container(world, defaultEncryptionScope="project")
    world.make("storage:EncryptionScope", accountName="storeone", encryptionScopeName="project")
    container(world, defaultEncryptionScope="project")


def test_key_of_an_encryption_scope_needs_an_identity(world: World) -> None:
    world.account()
    world.vault()
    world.key()
    key = {"keyUri": "https://kv-one.vault.azure.net/keys/k1"}
    with refused("KeyVaultAuthenticationFailure"):
        world.make(
            "storage:EncryptionScope", accountName="storeone", encryptionScopeName="project",
            source="Microsoft.KeyVault", keyVaultProperties=key,
        )  # fmt: skip
