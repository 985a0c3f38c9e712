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


def test_pending_creates_are_kept_and_deletes_left_out() -> None:
    old, gone = store(delete=True), store("again", pendingReplacement=True)
    pending = [{"type": "creating", "resource": store("begun", id="")}, {"type": "deleting", "resource": store("data")}]
    found = read_export(export(old, store(), gone, store("read", external=True), pending_operations=pending))
    assert found
    assert {r.name: r.operation for r in found.resources} == {
        "begun": Operation.SAME, "data": Operation.SAME, "read": Operation.READ,
    }  # fmt: skip


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
