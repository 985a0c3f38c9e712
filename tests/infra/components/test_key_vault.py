"""A room's key vault."""

from __future__ import annotations

from datetime import date

import pulumi
import pytest

from infra.components.disk_keys import DiskKeys
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.room import Room
from infra.roles import Role
from tests.infra import samples
from tests.infra.components.conftest import DOOR, Build


def test_only_its_own_identity_may_use_its_keys(build: Build) -> None:
    world = build(lambda room: KeyVault("keys", room, DOOR).encrypts("data"))
    (grant,) = world.of("RoleAssignment")
    assert grant.inputs["roleDefinitionId"].endswith(str(Role.ENCRYPTS.value))
    assert grant.inputs["principalId"] == "principal-of-keys-encrypts"


def test_its_door_opens_after_the_grant(build: Build) -> None:
    world = build(lambda room: KeyVault("keys", room, DOOR))
    assert world.of("RoleAssignment")[0].urn in world.of("PrivateEndpoint")[0].depends_on


def test_keys_go_with_the_vault(build: Build) -> None:
    world = build(lambda room: KeyVault("keys", room, DOOR).encrypts("data"))
    (key,) = world.of("Key")
    assert key.protect
    assert key.deleted_with == world.one("Vault", "keys").urn
    assert (key.inputs["properties"]["kty"], key.inputs["properties"]["keySize"]) == ("RSA", 3072)


def test_keys_to_identifiable_data_stay_in_hardware(build: Build) -> None:
    config = samples.tenancy(data_class="identifiable")
    world = build(lambda room: KeyVault("keys", room, DOOR).encrypts("data"), config)
    assert world.of("Key")[0].inputs["properties"]["kty"] == "RSA-HSM"


def test_a_disk_encryption_set_and_its_key_are_of_one_kind(build: Build) -> None:
    def inside(room: Room) -> None:
        DiskKeys("disks", room, KeyVault("keys", room, DOOR).encrypts("disks"), confidential=True)

    with pytest.raises(ValueError, match="not both for confidential computers"):
        build(inside)


def test_a_released_key_is_for_confidential_computers(build: Build) -> None:
    def inside(room: Room) -> None:
        KeyVault("keys", room, DOOR).encrypts_confidential_disks("system", orchestrator=Principal.service("cvm"))

    world = build(inside)
    properties = world.of("Key")[0].inputs["properties"]
    assert properties["attributes"]["exportable"] is True
    assert properties["releasePolicy"]["data"]
    assert any(grant.inputs["roleDefinitionId"].endswith(str(Role.RELEASES_KEYS.value))
               for grant in world.of("RoleAssignment"))  # fmt: skip


def test_a_secret_expires_at_the_start_of_its_day(build: Build) -> None:
    def inside(room: Room) -> None:
        vault = KeyVault("keys", room, DOOR)
        vault.keep_secret("s", pulumi.Output.from_input("x"), expires=date(2027, 1, 1), content_type="text/plain")

    (secret,) = build(inside).of("Secret")
    assert secret.inputs["properties"]["attributes"] == {"enabled": True, "expires": 1798761600}
    assert secret.protect
