"""A run executes only planned steps: it stops if the program's second execution differs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi import Output, ResourceOptions

from formats.errors import Failed, Refused
from formats.plan import SECRET, UNKNOWN, Operation, Plan
from operations.engine.embedded.update_plan_check import UpdatePlanCheck, _values
from tests.operations.engine.embedded.fake_cloud import Group, Lab, Slot, Thing
from tests.operations.engine.embedded.test_resume import Killed
from tests.policies import shipped

Program = Callable[[], Any]


def thing(name: str = "t", **props: Any) -> Program:
    return lambda: Thing(name, **({"name": name} | props)) and None


def refused(lab: Lab, planned: Program, done: Program, **options: Any) -> str:
    """Return the refusal of a run whose program differs from the planned one."""
    plan = lab.preview(planned, **options)
    with pytest.raises(Refused) as error:
        lab.up(done, plan=plan, **options)
    said = str(error.value)
    assert "scripts/sde preview dev" in said
    return said


def test_planned_steps_are_allowed(lab: Lab) -> None:
    """Unknown to known values, generated names, both kinds of replacement, a component, a delete and no change."""

    def program(owner: str, fixed: str, last: bool) -> Program:
        def run() -> None:
            group = Group("g")
            first = Thing("first", fixed=fixed, tags={"owner": owner}, opts=ResourceOptions(parent=group))
            slot = Slot("slot", name="slot", fixed=fixed)
            Slot("on-slot", name="on-slot", fixed=slot.address)
            Thing("second", link=first.address, secret=Output.secret("hunter2-hunter2"))
            if last:
                Thing("last")
            pulumi.export("address", first.address)

        return run

    for arguments in (("ann", "a", True), ("ben", "a", True), ("ben", "b", False), ("ben", "b", False)):
        one = program(*arguments)
        plan = lab.preview(one)
        counts = {k.value: v for k, v in plan.counts.items()}
        assert lab.up(one, plan=plan).counts.items() >= {k: v for k, v in counts.items() if k != "delete"}.items()
        assert not lab.preview(one).changes


@pytest.mark.parametrize(
    ("done", "what"),
    [
        (thing(tags={"owner": "ben"}), "tags.owner would be another"),
        (thing(tags={"owner": "ann", "more": "x"}), "tags.more would be another"),
        (thing(), "tags would be another"),
        (thing(tags={"owner": "ann"}, size=3), "size would be another"),
        (thing(tags={"owner": "ann"}, opts=ResourceOptions(protect=True)), "protect would be another"),
        (thing(tags={"owner": "ann"}, opts=ResourceOptions(ignore_changes=["tags"])), "ignore_changes would be"),
        (thing("other", tags={"owner": "ann"}), "not in the plan"),
        (lambda: None, "no longer registers it"),
    ],
)
def test_different_step_is_refused_before_the_provider_call(lab: Lab, done: Program, what: str) -> None:
    planned = thing(tags={"owner": "ann"})
    assert what in refused(lab, planned, done)
    assert lab.cloud.changes() == []
    assert lab.up(planned, plan=lab.preview(planned)).counts == {"create": 1}


def test_run_stops_at_the_difference_and_a_new_run_continues(lab: Lab) -> None:
    def two(tag: str) -> Program:
        def run() -> None:
            Thing("one", name="one", tags={"owner": "ann"})
            Thing("two", name="two", tags={"owner": tag})

        return run

    said = refused(lab, two("ann"), two("ben"))
    assert "two (cloud:index:Thing): tags.owner" in said
    assert lab.cloud.changes() == ["create /things/one"]
    plan = lab.preview(two("ben"))
    assert {r.name: r.operation for r in plan.resources if "Thing" in r.type} == {"one": "same", "two": "create"}
    assert lab.up(two("ben"), plan=plan).counts == {"same": 1, "create": 1}
    assert "pending_operations" not in json.dumps(lab.engine(None).export_state("dev"))


def test_refusal_holds_no_values(lab: Lab) -> None:
    def hidden() -> None:
        Thing("t", name="t", tags={"a": Output.secret("hunter2-one")})

    said = refused(lab, hidden, thing(tags={"a": "hunter2-two"}))
    assert "tags.a" in said
    assert "hunter2" not in said + str(lab.events)


def test_unknown_value_may_differ_but_not_its_sources(lab: Lab) -> None:
    def linked(to: str) -> Program:
        def run() -> None:
            things = {name: Thing(name, name=name) for name in ("a", "b")}
            Thing("user", name="user", link=things[to].address)

        return run

    said = refused(lab, linked("a"), linked("b"))
    assert "what link comes from" in said
    assert lab.up(linked("a"), plan=lab.preview(linked("a"))).counts["create"] == 1


def test_unknown_value_that_proves_equal_changes_nothing(lab: Lab) -> None:
    def program(fixed: str) -> Program:
        def run() -> None:
            first = Thing("first", name=f"first-{fixed}", fixed=fixed)
            Thing("user", name="user", link=first.address.apply(lambda _: "the same"))

        return run

    lab.up(program("a"))
    plan = lab.preview(program("b"))
    assert {r.name: r.operation for r in plan.changes} == {"first": "replace", "user": "update"}
    assert lab.up(program("b"), plan=plan).counts == {"replace": 1, "same": 1, "delete": 1}


def test_state_changed_since_the_plan_is_refused(lab: Lab) -> None:
    lab.up(thing(tags={"owner": "ann"}))
    plan = lab.preview(thing(tags={"owner": "ann"}))
    lab.up(thing(tags={"owner": "ben"}))
    with pytest.raises(Refused, match="the plan has same, but the step is update"):
        lab.up(thing(tags={"owner": "ann"}), plan=plan)
    assert lab.resource("t")["inputs"]["tags"] == {"owner": "ben"}


def test_recreated_resource_is_not_the_planned_delete(lab: Lab) -> None:
    lab.up(lambda: Thing("t", name="x") and None)
    plan = lab.preview(lambda: None)
    lab.up(lambda: Thing("t", name="y") and None)
    with pytest.raises(Refused, match="another resource has the same name now"):
        lab.up(lambda: None, plan=plan)
    assert "/things/y" in lab.cloud.things


def test_unplanned_delete_and_replacement_are_refused(lab: Lab) -> None:
    def program(*names: str, fixed: str = "a") -> Program:
        return lambda: [Slot(name, name=name, fixed=fixed) for name in names] and None

    lab.up(program("one", "two"))
    before = lab.cloud.changes()
    assert "no longer registers it" in refused(lab, program("one", "two"), program("one"))
    assert "the step is replace" in refused(lab, program("one", "two"), program("one", "two", fixed="b"))
    assert "not in the plan" in refused(lab, program("one"), program("one", "two"))
    assert lab.cloud.changes() == before


def test_dependants_are_deleted_only_if_planned(lab: Lab) -> None:
    """A replacement that deletes first deletes its dependants before they are registered."""

    def program(fixed: str) -> Program:
        def run() -> None:
            slot = Slot("slot", name="slot", fixed=fixed)
            Slot("user", name="user", fixed=slot.address)

        return run

    lab.up(program("a"))
    before, plan = lab.cloud.changes(), lab.preview(program("b"))
    kept = tuple(replace(r, operation=Operation.UPDATE) if r.name == "user" else r for r in plan.resources)
    with pytest.raises(Refused, match=r"user \(cloud:index:Slot\): it would be replaced"):
        lab.up(program("b"), plan=replace(plan, resources=kept))
    assert lab.cloud.changes() == before
    assert lab.up(program("b"), plan=plan).counts == {"replace": 2}


def test_resources_outside_the_targets_stay_as_planned(lab: Lab) -> None:
    def program(size: int) -> Program:
        return lambda: [Thing(name, name=name, size=size) for name in ("one", "two")] and None

    lab.up(program(1))
    target = [f"urn:pulumi:dev::lab::cloud:index:Thing::{name}" for name in ("one", "two")]
    plan = lab.preview(program(2), targets=target[:1])
    assert lab.up(program(2), plan=plan, targets=target[:1]).counts == {"update": 1, "same": 1}
    plan = lab.preview(program(3), targets=target[:1])
    with pytest.raises(Refused, match=r"two .*the plan has same, but the step is update"):
        lab.up(program(3), plan=plan, targets=target)


def test_with_protection_a_difference_is_refused_before_any_change(lab: Lab) -> None:
    def program(tag: str) -> Program:
        def run() -> None:
            Thing("one", name="one", tags={"owner": tag})
            Thing("two", name="two", tags={"owner": tag}, opts=ResourceOptions(protect=True))

        return run

    lab.up(program("ann"))
    plan, before = lab.preview(program("ben")), lab.cloud.changes()
    wrong = tuple(replace(r, inputs={**r.inputs, "size": 1}) if r.name == "two" else r for r in plan.resources)
    with pytest.raises(Refused, match="size"):
        lab.up(program("ben"), plan=replace(plan, resources=wrong))
    assert lab.cloud.changes() == before


def test_killed_run_continues_under_a_new_plan(lab: Lab) -> None:
    def dies(point: str) -> None:
        if point == "after create /things/one":
            raise Killed

    def program() -> None:
        Thing("one", name="one")
        Thing("two", name="two")

    lab.cloud.fault = dies
    with pytest.raises(Killed):
        lab.up(program, plan=lab.preview(program))
    lab.cloud.fault = lambda _: None
    plan = lab.preview(program)
    assert lab.up(program, plan=plan).resources == 2


def test_history_and_journal_have_the_plan_digest(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    journals: list[str] = []
    folder = lab.folder / "state/.pulumi"
    lab.cloud.fault = lambda _: journals.extend(f.read_text() for f in (folder / "sde-journal").rglob("*.jsonl"))
    plan = lab.preview(thing())
    lab.up(thing(), plan=plan)
    (entry,) = [json.loads(f.read_text()) for f in (folder / "history").rglob("*.history.json")]
    assert entry["environment"] == {"sde.plan": plan.digest}
    assert plan.digest in journals[0].splitlines()[0]


# Comparison of values


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_second_plans_of_shipped_stacks_equal_the_first(stack: str) -> None:
    """Every id derived for policies in place of an unknown one equals the cloud's id."""
    held = UpdatePlanCheck(shipped.before(stack), shipped.before(stack).subscription)
    for resource in shipped.after(stack).resources:
        if resource.operation is Operation.SAME:
            held.step(resource)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES)
def test_value_equals_itself_and_unknown_matches_any(value: Any) -> None:
    assert list(_values(value, value, None, "p")) == []
    assert list(_values(UNKNOWN, value, None, "p")) == []


@given(held=VALUES, found=VALUES)
def test_values_without_differences_are_equal(held: Any, found: Any) -> None:
    def bare(value: Any) -> Any:
        """Map a missing value to None, and distinguish booleans from numbers."""
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if bare(v) is not None}
        if isinstance(value, list):
            return [bare(v) for v in value]
        return value if value is None else (type(value).__name__, value)

    paths = list(_values(held, found, None, ""))
    assert bool(paths) == (json.dumps(bare(held), sort_keys=True) != json.dumps(bare(found), sort_keys=True))


def test_derived_id_is_compared_case_insensitively() -> None:
    assert list(_values(UNKNOWN, "/Subscriptions/A", "/subscriptions/a", "p")) == []
    assert list(_values(UNKNOWN, "/subscriptions/b", "/subscriptions/a", "p")) == ["p"]
    assert list(_values({"a": [UNKNOWN]}, {"a": ["/b"]}, {"a": ["/a"]}, "")) == ["a[0]"]
    assert list(_values(UNKNOWN, UNKNOWN, "/subscriptions/a", "p")) == []


def test_empty_plan_allows_nothing(lab: Lab) -> None:
    with pytest.raises(Refused, match="not in the plan"):
        lab.up(thing(), plan=Plan("lab", "dev", "local", ()))
    assert lab.cloud.changes() == []


def test_leftover_of_a_killed_run_is_deleted_only_if_planned(lab: Lab) -> None:
    def dies(point: str) -> None:
        if point == "after create /things/t":
            raise Killed

    lab.cloud.fault = dies
    with pytest.raises(Killed):
        lab.up(thing(), plan=lab.preview(thing()))
    lab.cloud.fault = lambda _: None
    with pytest.raises(Refused, match="would be deleted, which is not in the plan"):
        lab.up(lambda: None, plan=lab.preview(lambda: None))
    plan = lab.preview(lambda: None)
    assert [r.operation for r in plan.changes] == [Operation.DELETE]
    lab.up(lambda: None, plan=plan)
    assert lab.cloud.things == {}


def test_pending_deletes_of_one_resource_are_planned_and_run(lab: Lab) -> None:
    """Two replacements whose old resources could not be deleted, then a third one."""

    def stored(fixed: str) -> Program:
        return lambda: Thing("t", fixed=fixed) and None

    for fixed in ("a", "b", "c"):
        lab.cloud.fails = {f"delete {id_}": "locked" for id_ in lab.cloud.things}
        with contextlib.suppress(Failed):
            lab.up(stored(fixed))
    assert [r["delete"] for r in lab.resources() if r.get("delete")] == [True, True]
    plan = lab.preview(stored("d"))
    assert sorted((r.operation.value, r.pending_delete) for r in plan.changes) == [
        ("delete", True), ("delete", True), ("replace", False),
    ]  # fmt: skip
    lab.cloud.fails = {}
    lab.up(stored("d"), plan=plan)
    assert [t["fixed"] for t in lab.cloud.things.values()] == ["d"]
