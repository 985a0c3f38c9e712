"""A store."""

from __future__ import annotations

import pytest

from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.room import Room
from infra.components.store import Store
from infra.config import Redundancy, Tiers
from infra.roles import Role
from tests.infra.components.conftest import DOOR, Build


def _store(room: Room, *containers: str, **more: object) -> Store:
    key = KeyVault("keys", room, DOOR).encrypts("data")
    settings: dict[str, object] = {"tiers": Tiers(), "redundancy": Redundancy.LOCAL} | more
    return Store("data", room, DOOR, key, containers=containers, **settings)  # type: ignore[arg-type]


def test_with_defaults_is_undeletable_and_can_be_taken_back(build: Build) -> None:
    world = build(lambda room: _store(room, "project"))
    (service,) = world.of("BlobServiceProperties")
    assert service.inputs["isVersioningEnabled"] is True
    assert service.inputs["deleteRetentionPolicy"] == {"enabled": True, "days": 30, "allowPermanentDelete": False}
    assert service.inputs["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 30}
    assert not world.of("ManagementPolicy")
    assert not world.of("BlobContainerImmutabilityPolicy")


def test_a_store_without_a_container_is_a_mistake(build: Build) -> None:
    with pytest.raises(ValueError, match="no container"):
        build(_store)


def test_grants_name_the_store_or_one_container(build: Build) -> None:
    def inside(room: Room) -> None:
        store = _store(room, "in", "out")
        store.grant_read("a", Principal.service("a"))
        store.grant_read_write("b", Principal.service("b"), container="in")

    world = build(inside)
    whole, part = world.one("RoleAssignment", "data-a-reads"), world.one("RoleAssignment", "data-b-writes")
    assert whole.inputs["scope"].endswith("/StorageAccount/data")
    assert whole.inputs["roleDefinitionId"].endswith(str(Role.BLOB_READER.value))
    assert part.inputs["scope"].endswith("/BlobContainer/data-in")
    assert part.inputs["roleDefinitionId"].endswith(str(Role.BLOB_WRITER.value))


def test_a_grant_that_cannot_act_raises(build: Build) -> None:
    with pytest.raises(ValueError, match="no container nowhere"):
        build(lambda room: _store(room, "in").grant_read("a", Principal.service("a"), container="nowhere"))


def test_what_is_immutable_is_so_in_every_container(build: Build) -> None:
    world = build(lambda room: _store(room, "one", "two", immutable_days=30))
    policies = world.of("BlobContainerImmutabilityPolicy")
    assert [policy.inputs["immutabilityPeriodSinceCreationInDays"] for policy in policies] == [30, 30]
    assert all(policy.protect for policy in policies)
    containers = {one.urn for one in world.of("BlobContainer")}
    assert {policy.deleted_with for policy in policies} == containers, "Azure wants an ETag to delete a policy alone"


def test_loosening_the_network_rules_leaves_its_reason_on_the_store(build: Build) -> None:
    world = build(lambda room: _store(room, "one", trusted_services="because"))
    (account,) = world.of("StorageAccount")
    assert account.inputs["tags"]["trusted-services"] == "because"
    assert account.inputs["networkRuleSet"]["bypass"] == "AzureServices"
    assert account.inputs["networkRuleSet"]["defaultAction"] == "Deny"
