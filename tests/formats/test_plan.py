"""A Plan survives being written and read, and says so when what it reads is not what was written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.plan import Operation, Plan, PlannedResource

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
PLANS = st.builds(
    Plan,
    project=st.just("sde"),
    stack=st.text(max_size=8),
    cloud=st.just("local"),
    resources=st.lists(RESOURCES, max_size=4).map(tuple),
    subscription=st.sampled_from(["", "10ca1000-0000-4000-8000-000000000001"]),
)


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_a_plan_reads_back_as_it_was_written(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@settings(max_examples=30, deadline=None)
@given(PLANS, st.randoms())
def test_the_digest_does_not_depend_on_the_order_of_registration(plan: Plan, random: Any) -> None:
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


def test_a_whole_number_is_the_same_however_the_protocol_carried_it() -> None:
    assert one(inputs={"size": 3.0}).digest == one(inputs={"size": 3}).digest


def test_an_altered_plan_is_refused() -> None:
    written = one(inputs={"size": 3}).to_json()
    written["resources"][0]["inputs"]["size"] = 4
    with pytest.raises(ValueError, match="digest"):
        Plan.from_json(written)


@pytest.mark.parametrize("wrong", [None, [], {}, {"format": 1}, {"format": 2, "project": "sde"}, "plan"])
def test_what_is_no_plan_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="plan"):
        Plan.from_json(wrong)


def test_a_subscription_that_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="subscription"):
        Plan.from_json(replace(one(), subscription="x/resourceGroups/other").to_json())


def test_an_unknown_key_of_a_resource_is_refused() -> None:
    written = one().to_json()
    written["resources"][0]["surprise"] = True
    with pytest.raises(ValueError, match="surprise"):
        Plan.from_json(written)


def test_a_name_holding_the_urn_separator_is_not_cut() -> None:
    urn = "urn:pulumi:s::sde::azure-native:resources:ResourceGroup::a::b"
    assert PlannedResource(urn=urn, type="t", operation=Operation.SAME).name == "a::b"


def test_once_computes_a_result_for_each_plan_object() -> None:
    plan, calls = Plan("p", "s", "local", ()), []

    def result(given: Plan) -> int:
        calls.append(given)
        return len(calls)

    assert [plan.once(result), plan.once(result), replace(plan).once(result)] == [1, 1, 2]
