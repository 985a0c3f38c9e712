"""The Plan from what one Plan leaves to what another leaves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, planned_outputs
from formats.plan_comparison import compare, empty, state_after, state_before

GONE = (Operation.DELETE, Operation.READ)
values = st.recursive(
    st.sampled_from(["a", "b", SECRET, 1, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("kv"), inner, max_size=2),
    max_leaves=5,
)
inputs = st.dictionaries(st.sampled_from(["tags", "rules", 'a"b']), values, max_size=3)


def resource(name: str, held: dict[str, Any], operation: Operation = Operation.SAME, **more: Any) -> PlannedResource:
    return PlannedResource(f"urn:pulumi:s::sde::azure-native:x:Y::{name}", "azure-native:x:Y", operation, inputs=held,
                           **more)  # fmt: skip


def plan(*resources: PlannedResource, outputs: dict[str, Any] | None = None) -> Plan:
    return Plan("sde", "s", "local", resources, outputs=planned_outputs({}, outputs or {}))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = draw(st.lists(st.sampled_from("abcd"), unique=True))
    operations = st.sampled_from(Operation)
    return plan(*(resource(n, draw(inputs), draw(operations)) for n in names), outputs=draw(inputs))


def left(found: Plan) -> dict[str, Any]:
    return {r.urn: r.inputs for r in found.resources if r.operation not in GONE}


@given(plans())
def test_a_plan_compared_with_itself_changes_nothing_but_what_it_replaces(one: Plan) -> None:
    found = compare(one, one)
    assert {r.operation for r in found.changes} <= {Operation.REPLACE}
    assert found.output_changes == ()


@given(plans(), plans())
def test_it_leaves_what_the_second_leaves_and_starts_from_the_first(before: Plan, after: Plan) -> None:
    found = compare(before, after)
    assert left(found) == left(after)
    started = {r.urn: r.inputs if r.old_inputs is None else r.old_inputs for r in found.resources
               if r.operation is not Operation.CREATE}  # fmt: skip
    assert started == left(before)
    assert Plan.from_json(found.to_json()) == found
    for one in found.resources:
        if one.operation is Operation.UPDATE:
            assert one.changed


@given(plans())
def test_from_nothing_everything_is_new(one: Plan) -> None:
    assert {r.operation for r in compare(empty(one), one).resources} <= {Operation.CREATE}


def test_what_was_unknown_before_is_no_change() -> None:
    before, after = plan(resource("a", {"id": UNKNOWN, "x": 1})), plan(resource("a", {"id": "/i", "x": 2}))
    (changed,) = compare(before, after).changes
    assert changed.changed == ("x",)


def test_an_output_that_was_unknown_before_is_no_change() -> None:
    before = plan(outputs={"zone": {"id": UNKNOWN}, "name": "a", "gone": {"id": UNKNOWN}})
    after = plan(outputs={"zone": {"id": "/i"}, "name": "b"})
    found = {one.name: one.operation for one in compare(before, after).outputs}
    assert found == {"gone": Operation.DELETE, "name": Operation.UPDATE, "zone": Operation.SAME}


def test_the_state_that_a_plan_was_made_on_and_what_it_leaves() -> None:
    made = plan(
        resource("new", {"x": 1}, Operation.CREATE), resource("a", {"x": 2}, Operation.UPDATE, old_inputs={"x": 1}),
        resource("gone", {}, Operation.DELETE), resource("left", {}, Operation.DELETE, pending_delete=True),
    )  # fmt: skip
    before, after = state_before(made), state_after(made)
    assert [(r.name, dict(r.inputs)) for r in before.resources] == [("a", {"x": 1}), ("gone", {}), ("left", {})]
    assert [r.name for r in before.resources if r.operation is Operation.DELETE] == ["left"]
    assert [(r.name, dict(r.inputs)) for r in after.resources] == [("new", {"x": 1}), ("a", {"x": 2})]
    assert not after.changes


def test_another_id_is_another_resource() -> None:
    before, after = (plan(resource("a", {"x": 1}, id=id_)) for id_ in ("/one", "/two"))
    assert [r.operation for r in compare(before, after).changes] == [Operation.REPLACE]


def test_plans_of_different_stacks_are_refused() -> None:
    with pytest.raises(ValueError, match="different stacks"):
        compare(plan(), Plan("sde", "t", "local", ()))
