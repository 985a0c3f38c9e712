"""The Plan out of the steps that `pulumi preview --json` prints."""

from __future__ import annotations

from typing import Any

import pytest

from formats.errors import Failed
from formats.plan import SECRET, UNKNOWN, Operation, Plan
from formats.property_values import UNKNOWNS
from formats.pulumi_preview import deletion_of, plan_of

SENTINEL = next(iter(UNKNOWNS))
PROVIDER = "urn:pulumi:platform::sde::pulumi:providers:azure-native::default_3_29_0"
GROUP = "azure-native:resources:ResourceGroup"
STORE = "azure-native:storage:StorageAccount"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:platform::sde::{type_}::{name}"


def state(type_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn(type_, name), "type": type_, "custom": True, "provider": f"{PROVIDER}::{SENTINEL}", **more}


def step(op: str, type_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "urn": urn(type_, name), "detailedDiff": None, **more}


def plan(*steps: dict[str, Any]) -> Plan:
    return plan_of(steps, "sde", "platform", "local")


def test_a_preview_becomes_a_plan() -> None:
    group = state(GROUP, "rg", inputs={"location": "uksouth", "tags": {"owner": "old"}}, id="/rg")
    store = state(
        STORE,
        "store",
        inputs={"name": SENTINEL, "key": "[secret]", "size": 3.0},
        dependencies=[urn(GROUP, "rg")],
        propertyDependencies={"resourceGroupName": [urn(GROUP, "rg")], "name": None},
        protect=True,
    )
    changed = {**group, "inputs": {"location": "uksouth", "tags": {"owner": "new"}}}
    gone = state(STORE, "gone", id="/gone", inputs={"name": "gone"})
    found = {
        resource.name: resource
        for resource in plan(
            step("delete", STORE, "gone", oldState=gone),
            step("update", GROUP, "rg", oldState=group, newState=changed, detailedDiff={"tags.owner": {}}),
            step("create", STORE, "store", newState=store),
        ).resources
    }
    update, create, delete = found["rg"], found["store"], found["gone"]
    assert (update.operation, update.changed, update.id) == (Operation.UPDATE, ("tags.owner",), "/rg")
    assert (update.old_inputs or {})["tags"] == {"owner": "old"}
    assert update.provider == PROVIDER
    assert create.inputs == {"name": UNKNOWN, "key": SECRET, "size": 3}
    assert create.property_dependencies == {"resourceGroupName": (urn(GROUP, "rg"),)}
    assert (create.protect, create.id, create.old_inputs) == (True, None, None)
    assert (delete.operation, delete.inputs, delete.id) == (Operation.DELETE, {"name": "gone"}, "/gone")


def test_a_replacement_in_three_steps_is_one_operation() -> None:
    old, new = state(STORE, "s", id="/s", inputs={"kind": "a"}), state(STORE, "s", inputs={"kind": "b"})
    diff = {"kind": {"kind": "update-replace"}, "tags.a": {"kind": "add"}}
    (planned,) = plan(
        step("create-replacement", STORE, "s", oldState=old, newState=new, detailedDiff=diff),
        step("replace", STORE, "s", oldState=old, newState=new, detailedDiff=diff, replaceReasons=["kind"]),
        step("delete-replaced", STORE, "s", oldState=old),
    ).resources
    assert planned.operation is Operation.REPLACE
    assert (planned.changed, planned.replaces) == (("kind", "tags.a"), ("kind",))
    assert (planned.old_inputs, planned.inputs) == ({"kind": "a"}, {"kind": "b"})


def test_what_an_earlier_replacement_left_is_a_delete() -> None:
    now = state(STORE, "s", id="/new", inputs={"kind": "b"})
    left = state(STORE, "s", id="/old", inputs={"kind": "a"}, delete=True)
    found = plan(
        step("same", STORE, "s", oldState=now, newState=now), step("delete-replaced", STORE, "s", oldState=left)
    )
    assert [(r.operation, r.id) for r in found.resources] == [(Operation.SAME, "/new"), (Operation.DELETE, "/old")]


def test_a_step_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(Failed, match="teleport"):
        plan(step("teleport", STORE, "s", newState=state(STORE, "s")))


def test_a_destroy_takes_what_the_state_holds_and_lets_go_what_was_read() -> None:
    read = state("pulumi:pulumi:StackReference", "ref", external=True)
    held = [read, state(GROUP, "rg", id="/rg"), state(STORE, "s", id="/s", protect=True)]
    planned = deletion_of(held, "sde", "platform", "local").resources
    assert [(p.name, p.operation, p.protect) for p in planned] == [
        ("s", Operation.DELETE, True),
        ("rg", Operation.DELETE, False),
    ]
