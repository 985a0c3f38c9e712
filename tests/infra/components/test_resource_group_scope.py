"""The resource group scope: the resource group, its locks and its tags."""

from __future__ import annotations

from datetime import date

import pulumi
import pytest
from pulumi_azure_native import storage

from infra.components.grants import Principal
from infra.components.resource_group_scope import PRIORITY_TAGS, ResourceGroupScope, ResourceGroupScopeArgs
from infra.roles import Role
from tests.infra import samples
from tests.infra.components.conftest import Build, key_vault
from tests.infra.mock_stack import run


def test_the_group_has_the_stacks_name_location_and_tags(build: Build) -> None:
    (group,) = build(lambda scope: None).of("ResourceGroup")
    assert group.inputs == {"resourceGroupName": "rg-wmsde-tre-hcm-project", "location": "uksouth",
                            "tags": {"project": "sde", "controller": "ics"}}  # fmt: skip


def test_a_lock_depends_on_its_resource_and_the_children(build: Build) -> None:
    def declare(scope: ResourceGroupScope) -> None:
        account = storage.StorageAccount("a", kind="StorageV2", resource_group_name="g", sku={"name": "Standard_LRS"})
        scope.lock_at_exit("a", account)
        container = storage.BlobContainer("c", account_name=account.name, resource_group_name="g")
        scope.add_locked_child(account, container)

    stack = build(declare)
    (lock,) = stack.of("ManagementLockByScope")
    assert lock.inputs["level"] == "CanNotDelete"
    assert {stack.one("StorageAccount", "a").urn, stack.one("BlobContainer", "c").urn} <= lock.depends_on


def test_grant_reader_assigns_the_role_on_the_group(build: Build) -> None:
    stack = build(lambda scope: scope.grant_reader("team", Principal.service("p")))
    (grant,) = stack.of("RoleAssignment")
    assert grant.inputs["scope"].endswith("/ResourceGroup/project")
    assert grant.inputs["roleDefinitionId"].endswith(str(Role.READER.value))


def test_a_scope_without_a_log_workspace_raises() -> None:
    def program() -> None:
        args = ResourceGroupScopeArgs(config=samples.platform(), purpose="hub")
        with ResourceGroupScope("hub", args) as scope, pytest.raises(LookupError, match="no log workspace yet"):
            _ = scope.log_workspace_id

    run(program)


def test_limited_tags_keep_the_priority_tags(build: Build) -> None:
    """Azure accepts 15 on secrets and DNS zones."""
    tags = {f"a-{index:02}": "more" for index in range(30)} | dict.fromkeys(PRIORITY_TAGS, "kept")
    config = samples.tenancy(tags=tags)
    ends = date(2028, 1, 1)
    stack = build(lambda scope: key_vault(scope).add_secret("data", pulumi.Output.secret("x"), expires=ends,
                                                            content_type="text/plain"), config)  # fmt: skip
    assert stack.one("Vault", "keys").inputs["tags"] == tags
    limited = stack.one("Secret", "keys-data").inputs["tags"]
    assert len(limited) == 15
    assert set(PRIORITY_TAGS) < limited.keys()
