"""The blob storage account component."""

from __future__ import annotations

import pytest

from formats.stack_config import Redundancy, Tiers
from infra.components.blob_storage_account import BlobStorageAccount, BlobStorageAccountArgs
from infra.components.grants import Principal
from infra.components.resource_group_scope import ResourceGroupScope
from infra.roles import Role
from tests.infra.components.conftest import Build, key_vault, placement


def _account(scope: ResourceGroupScope, *containers: str, **more: object) -> BlobStorageAccount:
    key = key_vault(scope).encryption_key("data")
    settings: dict[str, object] = {"tiers": Tiers(), "redundancy": Redundancy.LOCAL} | more
    args = BlobStorageAccountArgs(scope=scope, endpoint=placement(), key=key, containers=containers, **settings)  # type: ignore[arg-type]
    return BlobStorageAccount("data", args)


def test_by_default_blobs_have_versions_and_soft_delete(build: Build) -> None:
    stack = build(lambda scope: _account(scope, "project"))
    (service,) = stack.of("BlobServiceProperties")
    assert service.inputs["isVersioningEnabled"] is True
    assert service.inputs["deleteRetentionPolicy"] == {"enabled": True, "days": 30, "allowPermanentDelete": False}
    assert service.inputs["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 30}
    assert not stack.of("ManagementPolicy")
    assert not stack.of("BlobContainerImmutabilityPolicy")


def test_an_account_without_containers_is_refused(build: Build) -> None:
    with pytest.raises(ValueError, match="no container"):
        build(_account)


def test_grants_are_on_the_account_or_one_container(build: Build) -> None:
    def declare(scope: ResourceGroupScope) -> None:
        account = _account(scope, "in", "out")
        account.grant_read("a", Principal.service("a"))
        account.grant_read_write("b", Principal.service("b"), container="in")

    stack = build(declare)
    on_account, on_container = (stack.one("RoleAssignment", name) for name in ("data-a-reads", "data-b-writes"))
    assert on_account.inputs["scope"].endswith("/StorageAccount/data")
    assert on_account.inputs["roleDefinitionId"].endswith(str(Role.BLOB_READER.value))
    assert on_container.inputs["scope"].endswith("/BlobContainer/data-in")
    assert on_container.inputs["roleDefinitionId"].endswith(str(Role.BLOB_WRITER.value))


def test_a_grant_on_an_unknown_container_raises(build: Build) -> None:
    with pytest.raises(ValueError, match="no container nowhere"):
        build(lambda scope: _account(scope, "in").grant_read("a", Principal.service("a"), container="nowhere"))


def test_immutable_days_apply_to_every_container(build: Build) -> None:
    stack = build(lambda scope: _account(scope, "one", "two", immutable_days=30))
    policies = stack.of("BlobContainerImmutabilityPolicy")
    assert [policy.inputs["immutabilityPeriodSinceCreationInDays"] for policy in policies] == [30, 30]
    assert all(policy.protect for policy in policies)
    containers = {one.urn for one in stack.of("BlobContainer")}
    assert {policy.deleted_with for policy in policies} == containers, "Azure needs an ETag to delete a policy alone"


def test_the_reason_for_trusted_services_is_a_tag(build: Build) -> None:
    stack = build(lambda scope: _account(scope, "one", trusted_services_reason="because"))
    (account,) = stack.of("StorageAccount")
    assert account.inputs["tags"]["trusted-services"] == "because"
    assert account.inputs["networkRuleSet"]["bypass"] == "AzureServices"
    assert account.inputs["networkRuleSet"]["defaultAction"] == "Deny"
