"""Immutable containers: the warning before a destruction, and the refusal to change a policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import Operation, Plan, PlannedResource
from operations.cli.immutable_data import immutable_containers
from tests.operations.cli.fakes import CliRunner

ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/starchive"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/records"
VERSIONS = {"immutableStorageWithVersioning": {"enabled": True}}
POLICY = ("BlobContainerImmutabilityPolicy", f"{CONTAINER}/immutabilityPolicies/default",
          {"immutabilityPeriodSinceCreationInDays": 3650})  # fmt: skip
LOCK_URN = "urn:pulumi:safe-haven::sde::azure-native:authorization:ManagementLockByScope::archive"
LOCK = PlannedResource(
    LOCK_URN, "azure-native:authorization:ManagementLockByScope", Operation.DELETE, inputs={},
    id=f"{ACCOUNT}/providers/Microsoft.Authorization/locks/lock-archive",
)  # fmt: skip
HOLD = ("BlobContainerLegalHold", f"{CONTAINER}/legalHold", {"tags": ["court"]})


def made(
    type_: str, id_: str, inputs: Any = None, operation: Operation = Operation.DELETE, **more: Any
) -> PlannedResource:
    type_ = f"azure-native:storage:{type_}"
    urn = f"urn:pulumi:safe-haven::sde::{type_}::{id_.rpartition('/')[2]}"
    return PlannedResource(urn, type_, operation, id=id_, inputs=inputs or {}, **more)


def found(*resources: PlannedResource) -> list[tuple[str, str]]:
    return [(one.name, one.reason) for one in immutable_containers(Plan("sde", "safe-haven", "azure", resources))]


@pytest.mark.parametrize(("others", "inputs", "reason"), [
    ([POLICY], {}, "immutability policy of 3650 days"),
    ([HOLD], {}, "legal hold"),
    ([], VERSIONS, "version-level immutability"),
    ([("StorageAccount", ACCOUNT.upper(), VERSIONS)], {}, "version-level immutability"),
])  # fmt: skip
def test_a_deleted_container_with_immutable_blobs_is_found(
    others: list[tuple[str, str, dict[str, Any]]], inputs: dict[str, Any], reason: str
) -> None:
    assert found(made("BlobContainer", CONTAINER, inputs), *(made(*other) for other in others)) == [("records", reason)]


def test_a_container_that_stays_or_can_change_is_not_found() -> None:
    policy = made(*POLICY)
    assert found(made("BlobContainer", CONTAINER, operation=Operation.SAME), policy) == []
    assert found(made("BlobContainer", f"{CONTAINER}-two"), policy) == []
    assert found(policy) == []


def test_destroy_says_it_before_anything_is_deleted(sde: CliRunner) -> None:
    sde.engine.has = {"safe-haven": ["a"]}
    sde.engine.plans = {"safe-haven": (made("BlobContainer", CONTAINER), made(*POLICY))}
    assert sde("destroy", "safe-haven") == 2  # there is no terminal to ask on
    assert "blob container records of starchive: immutability policy of 3650 days" in sde.err
    assert "immutability-policy show --account-name starchive --container-name records" in sde.err
    assert not [what for what, _ in sde.engine.calls if what == "destroy"]


@pytest.mark.parametrize(("scope", "named"), [(ACCOUNT, True), (f"{ACCOUNT}two", False)])
def test_destroy_names_the_lock_that_forbids_the_first_step(sde: CliRunner, scope: str, named: bool) -> None:
    lock = replace(LOCK, id=f"{scope}/providers/Microsoft.Authorization/locks/lock-archive")
    sde.engine.has = {"safe-haven": ["a"]}
    sde.engine.plans = {"safe-haven": (made("BlobContainer", CONTAINER), made(*POLICY), lock)}
    assert sde("destroy", "safe-haven") == 2
    assert (f"scripts/sde destroy safe-haven --target {LOCK_URN}" in sde.err) is named


@pytest.mark.parametrize("command", [("preview", "platform"), ("up", "platform", "--yes")])
def test_a_change_of_a_policy_is_refused_with_the_commands(sde: CliRunner, command: tuple[str, ...]) -> None:
    changed = made(*POLICY, Operation.UPDATE, changed=("immutabilityPeriodSinceCreationInDays",))
    sde.engine.plans["platform"] = (changed,)
    assert sde(*command) == 3
    assert "create --account-name starchive --container-name records --period 3650 --if-match ETAG" in sde.err
    assert "scripts/sde refresh platform" in sde.err
    assert ("up", "platform") not in sde.engine.calls


@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.SAME])
def test_a_new_or_unchanged_policy_is_not_refused(sde: CliRunner, operation: Operation) -> None:
    sde.engine.plans["platform"] = (made(*POLICY, operation),)
    assert sde("preview", "platform") == 0
