"""The Plan out of the steps that `pulumi preview --json` prints."""

from __future__ import annotations

from typing import Any

import pytest

from formats.errors import Failed
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedOutput
from formats.property_values import SECRET_SIGNATURE, SIGNATURE, UNKNOWNS
from formats.pulumi_preview import after_refresh, deletion_of, plan_of

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


def test_the_steps_of_a_replacement_are_one_operation() -> None:
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


def test_a_pending_delete_of_a_replacement_is_a_delete() -> None:
    now = state(STORE, "s", id="/new", inputs={"kind": "b"})
    left = state(STORE, "s", id="/old", inputs={"kind": "a"}, delete=True)
    found = plan(
        step("same", STORE, "s", oldState=now, newState=now), step("delete-replaced", STORE, "s", oldState=left)
    )
    assert [(r.operation, r.id) for r in found.resources] == [(Operation.SAME, "/new"), (Operation.DELETE, "/old")]


def test_each_pending_delete_of_one_urn_is_an_entry() -> None:
    one, two, now = (state(STORE, "s", id=f"/{n}", inputs={"kind": n}) for n in ("one", "two", "now"))
    new = state(STORE, "s", inputs={"kind": "new"})
    found = plan(
        step("create-replacement", STORE, "s", oldState=now, newState=new),
        step("replace", STORE, "s", oldState=now, newState=new, replaceReasons=["kind"]),
        *(step("delete-replaced", STORE, "s", oldState=old) for old in (now, two, one)),
    )
    assert [(r.operation, r.id, r.pending_delete) for r in found.resources] == [
        (Operation.REPLACE, "/now", False), (Operation.DELETE, "/two", True), (Operation.DELETE, "/one", True),
    ]  # fmt: skip


def test_a_step_with_an_unknown_operation_is_refused() -> None:
    with pytest.raises(Failed, match="teleport"):
        plan(step("teleport", STORE, "s", newState=state(STORE, "s")))


def test_a_destroy_discards_read_resources() -> None:
    read = state("pulumi:pulumi:StackReference", "ref", external=True)
    held = [read, state(GROUP, "rg", id="/rg"), state(STORE, "s", id="/s", protect=True)]
    planned = deletion_of(held, "sde", "platform", "local", outputs={}).resources
    assert [(p.name, p.operation, p.protect) for p in planned] == [
        ("s", Operation.DELETE, True),
        ("rg", Operation.DELETE, False),
    ]


ROOT = "pulumi:pulumi:Stack"
SEALED = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "v1:x"}


def test_outputs_come_from_the_old_state_and_the_update_plan() -> None:
    old = state(ROOT, "root", outputs={"id": "/old", "key": "[secret]", "gone": 1, "kept": {"a": "[secret]"}})
    root = step("same", ROOT, "root", oldState=old, newState=old)
    new = {"id": SENTINEL, "key": SEALED, "kept": {"a": SEALED}, "new": True}
    difference = {"adds": {"new": True}, "updates": {"id": SENTINEL, "key": SEALED}, "deletes": ["gone"]}
    update_plan = {"resourcePlans": {root["urn"]: {"goal": {"outputDiff": difference}, "state": new}}}
    assert plan_of([root], "sde", "platform", "local", update_plan=update_plan).outputs == (
        PlannedOutput("gone", Operation.DELETE, before=1),
        PlannedOutput("id", Operation.UPDATE, "/old", UNKNOWN),
        PlannedOutput("kept", Operation.SAME, {"a": SECRET}, {"a": SECRET}),
        PlannedOutput("key", Operation.UPDATE, SECRET, SECRET),
        PlannedOutput("new", Operation.CREATE, after=True),
    )


def test_a_preview_without_an_update_plan_has_no_outputs() -> None:
    old = state(ROOT, "root", outputs={"id": "/old"})
    assert plan(step("same", ROOT, "root", oldState=old, newState=old)).outputs == ()


@pytest.mark.parametrize(("whole", "operation"), [(True, "delete"), (False, "same")])
def test_a_destroy_removes_the_outputs_with_the_root(whole: bool, operation: str) -> None:
    resources = [state(ROOT, "root")] if whole else [state(GROUP, "rg", id="/rg")]
    (found,) = deletion_of(resources, "sde", "platform", "local", outputs={"a": 1}).outputs
    assert (found.name, found.operation.value) == ("a", operation)


def test_the_steps_of_a_refresh_before_the_program_are_not_the_plan() -> None:
    root = {"urn": urn("pulumi:pulumi:Stack", "sde-platform"), "type": "pulumi:pulumi:Stack"}
    group = state(GROUP, "rg", id="/rg", inputs={"tags": {}})
    program = [
        {"op": "same", "urn": root["urn"], "oldState": root, "newState": root},
        step("create", GROUP, "rg", newState=group),
    ]
    refresh = [
        step("refresh", GROUP, "rg", oldState=group),
        {"op": "refresh", "urn": root["urn"], "oldState": root, "newState": root},
    ]
    assert after_refresh([*refresh, *program]) == program
    assert after_refresh(program) == program
    assert after_refresh([]) == []


def test_what_becomes_secret_is_masked_as_it_was() -> None:
    old, new = (state(STORE, "a", id="/a", inputs={"key": key, "size": 1}) for key in ("hunter2-hunter2", "[secret]"))
    (found,) = plan(step("update", STORE, "a", oldState=old, newState=new, detailedDiff={"key": {}})).resources
    assert found.old_inputs == {"key": SECRET, "size": 1}
