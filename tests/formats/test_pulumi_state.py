"""Exported states as Plans: equal to the Plan of an unchanged stack; damaged states are refused."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedOutput
from formats.property_values import SECRET_SIGNATURE, SIGNATURE
from formats.pulumi_state import is_export, read_export
from policies.model import Resource
from policies.plan_resources import resources_of
from tests.policies import shipped

STORE = "azure-native:storage:StorageAccount"


def urn(name: str, stack: str = "platform") -> str:
    return f"urn:pulumi:{stack}::sde::{STORE}::{name}"


def store(name: str = "data", **more: Any) -> dict[str, Any]:
    return {"urn": urn(name), "type": STORE, "custom": True, "id": f"/{name}", "inputs": {"kind": "StorageV2"}, **more}


def export(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"version": 3, "deployment": {"manifest": {}, "resources": list(resources), **more}}


def _seen(plan: Plan) -> dict[str, Resource]:
    """Return the fields that policies read; the order of dependencies is that of registration, and ignored."""
    return {
        r.urn: replace(
            r,
            dependencies=tuple(sorted(r.dependencies)),
            property_dependencies={key: tuple(sorted(urns)) for key, urns in r.property_dependencies.items()},
        )
        for r in resources_of(plan)
    }


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_an_export_equals_the_plan_of_an_unchanged_stack(stack: str) -> None:
    plan, standing = shipped.after(stack), read_export(shipped.state(stack), cloud="local")
    assert standing
    assert standing.stack == stack
    assert not standing.changes
    assert _seen(standing) == _seen(plan)


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_the_current_state_of_the_engine_equals_its_export(stack: str) -> None:
    exported = read_export(shipped.state(stack), cloud="local")
    assert exported
    assert exported.digest == shipped.deployed(stack).digest


def test_a_stack_without_resources_has_no_plan() -> None:
    assert read_export({"version": 3, "deployment": {"manifest": {}}}) is None
    assert read_export({"version": 3, "deployment": None}) is None
    assert read_export(export()) is None


def test_encrypted_and_plain_secrets_are_masked() -> None:
    hidden = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "v1:abc"}
    bare = {SIGNATURE: SECRET_SIGNATURE, "plaintext": '"hunter2"'}
    strange = {SIGNATURE: "a mark that is new", "value": "hunter2"}
    found = read_export(export(store(inputs={"key": hidden, "bare": bare, "strange": strange})))
    assert found
    assert found.resources[0].inputs == {"key": SECRET, "bare": SECRET, "strange": UNKNOWN}


def test_pending_creates_and_deletes_exist_and_pending_replacements_do_not() -> None:
    old, gone = store(id="/old", delete=True), store("again", pendingReplacement=True)
    forgotten = store("forgotten", external=True, delete=True)
    pending = [{"type": "creating", "resource": store("begun", id="")}, {"type": "deleting", "resource": store("data")}]
    read = store("read", external=True)
    found = read_export(export(old, store(), gone, read, forgotten, pending_operations=pending))
    assert found
    assert [(r.name, r.operation, r.pending_delete) for r in found.resources] == [
        ("begun", Operation.SAME, False), ("data", Operation.SAME, False), ("read", Operation.READ, False),
        ("data", Operation.DELETE, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"version": 2, "deployment": {}}, "not supported"),
        ({"version": True, "deployment": {}}, "not supported"),
        ({"version": "3", "deployment": {}}, "not supported"),
        ({"version": 5, "deployment": {}}, "newer"),
        ({"version": 4, "features": ["x"], "deployment": {}}, "newer"),
        ({"version": 3, "deployment": []}, "damaged"),
        (export("a"), "damaged"),
        (export({"urn": urn("a")}), "damaged"),
        (export(store(inputs=[])), "damaged"),
        (export(store(protect="no")), "damaged"),
        (export(store(dependencies=[1])), "damaged"),
        (export(store(propertyDependencies={"a": "b"})), "damaged"),
        (export({**store(), "urn": "data"}), "not a URN"),
        (export(store(), store()), "duplicate"),
        (export(store(), {**store(), "urn": urn("b", "tre-heart")}), "several stacks"),
    ],
)
def test_a_damaged_state_is_refused(content: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_export(content, file="x.json")


def test_an_export_is_detected_by_its_two_keys() -> None:
    assert is_export(export())
    assert not any(map(is_export, [None, [], {}, {"version": 3}, {"deployment": {}}]))


PLACES = st.sampled_from(["urn", "type", "custom", "id", "inputs", "parent", "provider", "protect", "dependencies"])
WRONG = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2), st.booleans())


@settings(max_examples=60)
@given(place=PLACES, value=WRONG)
def test_any_value_of_a_field_is_read_or_refused(place: str, value: Any) -> None:
    content = copy.deepcopy(export(store()))
    content["deployment"]["resources"][0][place] = value
    try:
        found = read_export(content)
    except InputError:
        return
    assert found


def test_an_export_has_the_stacks_outputs_unchanged() -> None:
    sealed = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "v1:x"}
    root = {"urn": "urn:pulumi:platform::sde::pulumi:pulumi:Stack::sde-platform", "type": "pulumi:pulumi:Stack",
            "outputs": {"key": sealed, "ids": [1.0]}}  # fmt: skip
    plan = read_export(export(root, store(outputs={"other": 1})))
    assert plan
    assert plan.outputs == (
        PlannedOutput("ids", Operation.SAME, [1], [1]),
        PlannedOutput("key", Operation.SAME, SECRET, SECRET),
    )


ASSIGNMENT = "azure-native:authorization:RoleAssignment"
SUBSCRIPTION = "/subscriptions/10ca1000-0000-4000-8000-000000000001"


def grant(number: int, **more: Any) -> dict[str, Any]:
    id_ = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{number}"
    urn_ = f"urn:pulumi:platform::sde::{ASSIGNMENT}::stewards"
    inputs = {"principalId": str(number), "scope": SUBSCRIPTION}
    return {"urn": urn_, "type": ASSIGNMENT, "custom": True, "id": id_, "inputs": inputs, **more}


def test_resources_that_wait_for_deletion_are_judged() -> None:
    found = read_export(export(grant(1, delete=True), grant(2, delete=True), grant(3)))
    assert found
    judged = resources_of(found)
    assert sorted(r.at("principalId") for r in judged) == ["1", "2", "3"]
    assert len({r.urn for r in judged}) == len({r.name for r in judged}) == 3
    assert [r.name for r in judged if r.at("principalId") == "3"] == ["stewards"]
    assert [r.at("principalId") for r in resources_of(found.with_deletes_done())] == ["3"]


def test_one_id_in_two_entries_of_a_state_is_one_resource() -> None:
    twice = grant(3, delete=True) | {"id": grant(3)["id"].upper()}
    found = read_export(export(grant(1, delete=True), grant(1, delete=True), twice, grant(3)))
    assert found
    assert sorted(r.at("principalId") for r in resources_of(found)) == ["1", "3"]


def test_ids_of_other_providers_are_not_part_of_a_name() -> None:
    """The id of random bytes is their value."""
    type_ = "random:index/randomBytes:RandomBytes"
    key = {"urn": f"urn:pulumi:platform::sde::{type_}::key", "type": type_, "custom": True, "id": "c2VjcmV0"}
    found = read_export(export(key | {"delete": True}, key | {"delete": True, "id": "b3RoZXI="}, key))
    assert found
    waiting = [r for r in resources_of(found) if "waits for deletion" in r.name]
    assert len({r.urn for r in waiting}) == 2
    assert not any("c2VjcmV0" in f"{r.urn} {r.id}" for r in waiting)
