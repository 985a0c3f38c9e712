"""The key vault component, and the disk encryption set that uses its keys."""

from __future__ import annotations

from datetime import date

import pulumi
import pytest

from infra.components.disk_encryption_set import DiskEncryptionSet, DiskEncryptionSetArgs
from infra.components.grants import Principal
from infra.components.resource_group_scope import ResourceGroupScope
from infra.roles import Role
from tests.infra import samples
from tests.infra.components.conftest import Build, key_vault


def test_only_the_vaults_identity_may_use_its_keys(build: Build) -> None:
    stack = build(lambda scope: key_vault(scope).encryption_key("data"))
    (grant,) = stack.of("RoleAssignment")
    assert grant.inputs["roleDefinitionId"].endswith(str(Role.KEY_ENCRYPTION_USER.value))
    assert grant.inputs["principalId"] == "principal-of-keys-encrypts"


def test_the_private_endpoint_depends_on_the_role_assignment(build: Build) -> None:
    stack = build(key_vault)
    assert stack.of("RoleAssignment")[0].urn in stack.of("PrivateEndpoint")[0].depends_on


def test_keys_are_protected_and_deleted_with_their_vault(build: Build) -> None:
    stack = build(lambda scope: key_vault(scope).encryption_key("data"))
    (key,) = stack.of("Key")
    assert key.protect
    assert key.deleted_with == stack.one("Vault", "keys").urn
    assert (key.inputs["properties"]["kty"], key.inputs["properties"]["keySize"]) == ("RSA", 3072)


def test_keys_of_identifiable_data_are_in_hardware(build: Build) -> None:
    config = samples.junction_zone()
    stack = build(lambda scope: key_vault(scope).encryption_key("data"), config)
    assert stack.of("Key")[0].inputs["properties"]["kty"] == "RSA-HSM"


def test_a_confidential_disk_encryption_set_needs_a_releasable_key(build: Build) -> None:
    def declare(scope: ResourceGroupScope) -> None:
        key = key_vault(scope).encryption_key("disks")
        DiskEncryptionSet("disks", DiskEncryptionSetArgs(scope=scope, key=key, confidential=True))

    with pytest.raises(ValueError, match="not both for confidential virtual machines"):
        build(declare)


def test_a_confidential_disk_key_has_a_release_policy_and_role(build: Build) -> None:
    stack = build(lambda scope: key_vault(scope).confidential_disk_key("system", orchestrator=Principal.service("cvm")))
    properties = stack.of("Key")[0].inputs["properties"]
    assert properties["attributes"]["exportable"] is True
    assert properties["releasePolicy"]["data"]
    assert any(grant.inputs["roleDefinitionId"].endswith(str(Role.KEY_RELEASE_USER.value))
               for grant in stack.of("RoleAssignment"))  # fmt: skip


def test_a_secret_expires_at_the_start_of_its_day(build: Build) -> None:
    def declare(scope: ResourceGroupScope) -> None:
        value = pulumi.Output.from_input("x")
        key_vault(scope).add_secret("s", value, expires=date(2027, 1, 1), content_type="text/plain")

    (secret,) = build(declare).of("Secret")
    assert secret.inputs["properties"]["attributes"] == {"enabled": True, "expires": 1798761600}
    assert secret.protect
