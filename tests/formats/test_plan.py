"""A Plan survives being written and read, and says so when what it reads is not what was written."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.plan import (
    SECRET,
    UNKNOWN,
    Operation,
    Plan,
    PlannedOutput,
    PlannedResource,
    canonical,
    planned_outputs,
    whole_numbers,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.lists(st.text(max_size=8), max_size=3).map(tuple)
RESOURCES = st.builds(
    PlannedResource,
    urn=st.text(min_size=1, max_size=20),
    type=st.sampled_from(["azure-native:storage:StorageAccount", "pulumi:pulumi:Stack"]),
    operation=st.sampled_from(Operation),
    id=st.none() | st.text(max_size=5),
    inputs=st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    old_inputs=st.none() | st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    changed=WORDS,
    dependencies=WORDS,
    property_dependencies=st.dictionaries(st.text(max_size=5), WORDS, max_size=2),
    protect=st.booleans(),
)
OUTPUTS = st.builds(
    planned_outputs,
    before=st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    after=st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
)
PLANS = st.builds(
    Plan,
    project=st.just("sde"),
    stack=st.text(max_size=8),
    cloud=st.just("local"),
    resources=st.lists(RESOURCES, max_size=4).map(tuple),
    subscription=st.sampled_from(["", "10ca1000-0000-4000-8000-000000000001"]),
    outputs=OUTPUTS,
)


@settings(max_examples=60)
@given(PLANS)
def test_a_written_plan_is_read_back_equal(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@settings(max_examples=30)
@given(PLANS, st.randoms())
def test_the_digest_ignores_the_order_of_registration(plan: Plan, random: Any) -> None:
    unique = {(r.urn, r.operation): r for r in plan.resources}
    shuffled = list(unique.values())
    random.shuffle(shuffled)
    assert (
        Plan(plan.project, plan.stack, plan.cloud, tuple(shuffled)).digest
        == Plan(plan.project, plan.stack, plan.cloud, tuple(unique.values())).digest
    )


def one(**kwargs: Any) -> Plan:
    resource = PlannedResource(urn="urn:pulumi:s::sde::t::n", type="t", operation=Operation.CREATE, **kwargs)
    return Plan("sde", "s", "local", (resource,))


def test_whole_numbers_equal_whole_floats_in_the_digest() -> None:
    assert one(inputs={"size": 3.0}).digest == one(inputs={"size": 3}).digest


NUMBERS = st.one_of(st.integers(), st.floats(), st.floats(min_value=1e15, max_value=1e30), st.integers().map(float))
WITH_FLOATS = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(), st.sampled_from(["10.0.0.0/8", "a:1.0", "[1.0", ",1e+20"])),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.lists(inner).map(tuple),
                            st.dictionaries(st.text(), inner).map(MappingProxyType)),
)  # fmt: skip


@given(WITH_FLOATS)
def test_canonical_json_has_no_whole_float_anywhere(value: Any) -> None:
    converted = json.dumps(whole_numbers(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == converted


def test_an_altered_plan_is_refused() -> None:
    written = one(inputs={"size": 3}).to_json()
    written["resources"][0]["inputs"]["size"] = 4
    with pytest.raises(ValueError, match="digest"):
        Plan.from_json(written)


@pytest.mark.parametrize("wrong", [None, [], {}, {"format": 2}, {"format": 3, "project": "sde"}, "plan"])
def test_a_malformed_plan_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="plan"):
        Plan.from_json(wrong)


def test_an_invalid_subscription_id_is_refused() -> None:
    with pytest.raises(ValueError, match="subscription"):
        Plan.from_json(replace(one(), subscription="x/resourceGroups/other").to_json())


def test_an_unknown_key_of_a_resource_is_refused() -> None:
    written = one().to_json()
    written["resources"][0]["surprise"] = True
    with pytest.raises(ValueError, match="surprise"):
        Plan.from_json(written)


def test_a_name_with_the_urn_separator_stays_whole() -> None:
    urn = "urn:pulumi:s::sde::azure-native:resources:ResourceGroup::a::b"
    assert PlannedResource(urn=urn, type="t", operation=Operation.SAME).name == "a::b"


def test_once_computes_a_result_for_each_plan_object() -> None:
    plan, calls = Plan("p", "s", "local", ()), []

    def result(given: Plan) -> int:
        calls.append(given)
        return len(calls)

    assert [plan.once(result), plan.once(result), replace(plan).once(result)] == [1, 1, 2]


def outputs(before: dict[str, Any], after: dict[str, Any], *changed: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {o.name: (o.operation.value, o.changed) for o in planned_outputs(before, after, changed)}


def test_outputs_are_added_removed_changed_or_the_same() -> None:
    found = planned_outputs({"b": 1, "c": "x", "d": "y"}, {"d": "z", "a": UNKNOWN, "b": 1.0})
    assert found == (
        PlannedOutput("a", Operation.CREATE, after=UNKNOWN),
        PlannedOutput("b", Operation.SAME, 1, 1.0),
        PlannedOutput("c", Operation.DELETE, before="x"),
        PlannedOutput("d", Operation.UPDATE, "y", "z"),
    )


def test_a_null_output_counts_as_absent() -> None:
    assert outputs({"a": None, "b": 1}, {"b": None, "c": None}) == {"b": ("delete", ("b",))}


def test_true_is_not_the_number_one() -> None:
    assert outputs({"a": 1}, {"a": True}) == {"a": ("update", ("a",))}


def test_changed_outputs_name_the_paths_that_differ() -> None:
    before = {"zones": {"landing": {"id": 1, "gone": 2}, "my zone": [1, 2]}, "ids": [1, 2], "kind": {"a": 1}}
    after = {"zones": {"landing": {"id": 2}, "my zone": [1, 3]}, "ids": [1], "kind": "text"}
    assert outputs(before, after) == {
        "zones": ("update", ("zones.landing.gone", "zones.landing.id", 'zones["my zone"][1]')),
        "ids": ("update", ("ids",)),
        "kind": ("update", ("kind",)),
    }


def test_a_changed_secret_output_is_a_change() -> None:
    assert outputs({"key": SECRET, "old": SECRET}, {"key": SECRET, "old": SECRET}, "key") == {
        "key": ("update", ("key",)),
        "old": ("same", ()),
    }


def test_outputs_are_part_of_the_digest() -> None:
    plan = one()
    with_outputs = replace(plan, outputs=planned_outputs({"a": 1}, {"a": 1}))
    changed = replace(plan, outputs=planned_outputs({"a": 1}, {"a": 2}))
    assert len({plan.digest, with_outputs.digest, changed.digest}) == 3
    assert with_outputs.output_changes == ()
    assert [o.name for o in changed.output_changes] == ["a"]


A = {"name": "a", "operation": "same", "before": 1, "after": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        [{**A, "operation": "replace"}],
        [{**A, "after": 2}],
        [{**A, "operation": "create"}],
        [{**A, "operation": "delete"}],
        [{**A, "operation": "update", "after": None}],
        [{**A, "operation": "create", "before": None, "after": None}],
        [{**A, "surprise": True}],
        [{**A, "name": 1}],
        [{"name": "a", "operation": "same"}],
        [A, A],
        [{**A, "name": "b"}, A],
        {"a": 1},
        None,
    ],
)
def test_contradictory_outputs_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="plan"):
        Plan.from_json({**one().to_json(), "outputs": wrong})
