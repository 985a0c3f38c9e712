"""Deletes that Azure refuses because of a lock are refused before anything is done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.errors import Refused
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.locked_deletes import locked_deletes, refuse_locked
from tests.operations.cli.fakes import CliRunner

GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg-one"
STORE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
CONTAINER = f"{STORE}/blobServices/default/containers/c"
AUTHORIZATION = "/providers/Microsoft.Authorization"


def made(type_: str, name: str, operation: Operation, id_: str | None, **more: Any) -> PlannedResource:
    type_ = f"azure-native:{type_}"
    return PlannedResource(f"urn:pulumi:platform::sde::{type_}::{name}", type_, operation, id=id_, **more)


def grant(scope: str, operation: Operation = Operation.REPLACE, **more: Any) -> PlannedResource:
    return made(
        "authorization:RoleAssignment", "stewards", operation, f"{scope}{AUTHORIZATION}/roleAssignments/1", **more
    )


def lock(scope: str, operation: Operation = Operation.SAME, kind: str = "ByScope") -> PlannedResource:
    id_ = None if operation is Operation.CREATE else f"{scope.upper()}{AUTHORIZATION}/locks/keep"
    inputs = {"scope": scope, "lockName": "keep", "level": "CanNotDelete"}
    return made(f"authorization:ManagementLock{kind}", "keep", operation, id_, inputs=inputs)


def plan_of(*resources: PlannedResource, stack: str = "platform") -> Plan:
    return Plan("sde", stack, "local", (made("resources:ResourceGroup", "rg", Operation.SAME, GROUP), *resources))


def locked(*resources: PlannedResource) -> list[str]:
    return [found.resource.name for found in locked_deletes(plan_of(*resources), lambda: [])]


@pytest.mark.parametrize(
    "resources",
    [
        (grant(STORE), lock(STORE)),
        (grant(CONTAINER, Operation.DELETE), lock(STORE)),
        (grant(STORE, Operation.DELETE, pending_delete=True), lock(GROUP, kind="AtResourceGroupLevel")),
        (grant(STORE, Operation.DELETE), lock(STORE, Operation.CREATE)),
        (grant(STORE), lock(STORE, Operation.REPLACE)),
        (made("insights:DiagnosticSetting", "stewards", Operation.DELETE, f"{STORE}/providers/x/y"), lock(STORE)),
        (made("storage:StorageAccount", "stewards", Operation.DELETE, STORE), lock(CONTAINER)),
    ],
)
def test_a_delete_in_or_around_the_scope_of_a_lock_is_found(resources: tuple[PlannedResource, ...]) -> None:
    assert locked(*resources) == ["stewards"]


@pytest.mark.parametrize(
    "resources",
    [
        (grant(STORE, Operation.CREATE), lock(STORE)),
        (grant(STORE), lock(STORE, Operation.DELETE)),
        (grant(GROUP), lock(STORE)),
        (grant(STORE), lock(STORE + "other")),
        (grant(STORE, retain_on_delete=True), lock(STORE)),
    ],
)
def test_other_changes_are_not_found(resources: tuple[PlannedResource, ...]) -> None:
    assert locked(*resources) == []


RULES = f"{GROUP}/providers/Microsoft.Network/firewallPolicies/p/ruleCollectionGroups/names"


def read_only(operation: Operation = Operation.SAME, level: str = "ReadOnly") -> PlannedResource:
    found = lock(RULES, operation)
    return replace(found, inputs={**found.inputs, "level": level})


def rules(operation: Operation = Operation.UPDATE) -> PlannedResource:
    return made("network:FirewallPolicyRuleCollectionGroup", "names", operation, RULES)


def test_a_change_under_a_read_only_lock_is_refused_with_the_commands() -> None:
    found = locked_deletes(plan_of(rules(), read_only()), lambda: [])
    with pytest.raises(Refused, match="Azure refuses to change these while a lock exists") as refusal:
        refuse_locked(found)
    lines = [line.split(" --target")[0].strip() for line in str(refusal.value).splitlines() if line[:11].isspace()]
    assert lines == ["scripts/sde destroy platform", "scripts/sde up platform"]


@pytest.mark.parametrize("resources", [
    (rules(Operation.SAME), read_only()), (rules(), read_only(level="CanNotDelete")),
    (rules(), read_only(Operation.CREATE)), (rules(), read_only(Operation.DELETE)),
])  # fmt: skip
def test_other_changes_under_a_lock_are_not_found(resources: tuple[PlannedResource, ...]) -> None:
    assert locked(*resources) == []


def test_the_lock_of_another_stack_counts() -> None:
    theirs = GROUP.replace("rg-one", "rg-two")
    other = Plan("sde", "other", "local", (lock(theirs),))
    (found,) = locked_deletes(plan_of(grant(f"{theirs}/providers/a/b/c")), lambda: [other])
    with pytest.raises(Refused) as refusal:
        refuse_locked([found])
    said = str(refusal.value)
    assert "role assignment stewards: lock keep of other" in said
    assert [line.split(" --target")[0].strip() for line in said.splitlines() if line.startswith(" " * 11)] == [
        "scripts/sde destroy other", "scripts/sde destroy platform", "scripts/sde up platform", "scripts/sde up other",
    ]  # fmt: skip


@pytest.mark.parametrize("command", [("preview", "platform"), ("up", "platform", "--yes")])
def test_preview_and_up_refuse_before_anything_is_done(sde: CliRunner, command: tuple[str, ...]) -> None:
    sde.engine.plans["platform"] = (
        made("insights:DiagnosticSetting", "logs", Operation.DELETE, f"{STORE}/x/y"),
        lock(STORE),
    )
    assert sde(*command) == 3
    assert "Azure refuses to delete these while a lock exists" in sde.err
    assert ("up", "platform") not in sde.engine.calls
