"""Folded changes are the changes of the plans, each exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, canonical, planned_outputs
from formats.property_changes import ABSENT, property_changes
from formats.property_paths import join
from local_azure.diffs import differences
from operations.diffs.folded_changes import fold

TYPES = ("azure-native:network:NetworkSecurityGroup", "azure-native:storage:StorageAccount")


def resource(stack: str, name: str, operation: Operation, **more: Any) -> PlannedResource:
    type_ = more.pop("type", TYPES[0])
    return PlannedResource(f"urn:pulumi:{stack}::sde::{type_}::{name}", type_, operation, **more)


def updated(stack: str, name: str, old: dict[str, Any], new: dict[str, Any], **more: Any) -> PlannedResource:
    changed = tuple(sorted(join(difference.path) for difference in differences(old, new)))
    return resource(stack, name, Operation.UPDATE, inputs=new, old_inputs=old, changed=changed, **more)


def plan(stack: str, *resources: PlannedResource) -> Plan:
    return Plan("sde", stack, "local", resources)


def test_an_equal_change_is_folded_over_types_and_stacks() -> None:
    tags = {"tags": {"service": "a"}}, {"tags": {"service": "b"}}
    folded = fold(plan(stack, *(updated(stack, t[-5:], *tags, type=t) for t in TYPES)) for stack in ("two", "one"))
    (found,) = folded.properties
    assert (found.change.text, found.change.before, found.change.after) == ("tags.service", "a", "b")
    assert [(stack, len(urns)) for stack, urns in found.resources.items()] == [("one", 2), ("two", 2)]


def test_an_inserted_rule_folds_whatever_its_position() -> None:
    rules = [{"name": name, "priority": index} for index, name in enumerate("abcd")]
    plans = [
        plan(stack, updated(stack, "nsg", {"rules": old}, {"rules": sorted([*old, rules[1]], key=canonical)}))
        for stack, old in (("one", [rules[0], rules[2]]), ("two", [rules[2], rules[3]]))
    ]
    (found,) = fold(plans).properties
    assert (found.change.text, list(found.resources)) == ("rules[name=b]", ["one", "two"])


def test_operations_are_folded_by_type_and_counted_by_stack() -> None:
    new = [resource("one", name, Operation.CREATE) for name in "abc"]
    folded = fold([plan("one", *new), plan("two", resource("two", "a", Operation.CREATE))])
    (found,) = folded.operations
    assert (found.operation, {s: len(urns) for s, urns in found.resources.items()}) == ("create", {"one": 3, "two": 1})
    assert folded.counts == {Operation.CREATE: 4}


def test_replaced_and_deleted_resources_are_single_and_deleted_ones_first() -> None:
    location = {"inputs": {"location": "b"}, "old_inputs": {"location": "a"}}
    replaced = resource("a", "x", Operation.REPLACE, changed=("location",), replaces=("location",), **location)
    deleted = [resource("b", name, Operation.DELETE, protect=True) for name in "xy"]
    folded = fold([plan("a", replaced), plan("b", *deleted)])
    assert [(d.stack, d.resource.name) for d in folded.destroyed] == [("b", "x"), ("b", "y"), ("a", "x")]
    assert folded.operations == ()
    assert [(p.change.text, p.change.replaces) for p in folded.properties] == [("location", True)]


def test_an_update_without_a_changed_property_is_an_operation() -> None:
    folded = fold([plan("one", resource("one", "a", Operation.UPDATE))])
    assert [(o.operation, o.type) for o in folded.operations] == [(Operation.UPDATE, TYPES[0])]


def test_unchanged_stacks_are_counted() -> None:
    operations = {"one": Operation.SAME, "two": Operation.CREATE}
    folded = fold(plan(stack, resource(stack, "a", operation)) for stack, operation in operations.items())
    assert (folded.stacks, folded.changed_stacks) == (("one", "two"), ("two",))
    assert folded.counts == {Operation.SAME: 1, Operation.CREATE: 1}


def test_a_changed_output_is_a_change_of_its_stack() -> None:
    old, new = {"ids": {"a": 1, "b": 1}, "gone": 1}, {"ids": {"a": 2, "b": 1}, "key": SECRET}
    outputs = planned_outputs(old, new)
    folded = fold(Plan("sde", stack, "local", (), outputs=outputs) for stack in ("two", "one"))
    assert [(one.change.text, one.change.after) for one in folded.properties] == [
        ("outputs.gone", ABSENT), ("outputs.ids.a", 2), ("outputs.key", SECRET),
    ]  # fmt: skip
    assert folded.changed_stacks == ("one", "two")
    assert folded.properties[0].resources["one"] == ("urn:pulumi:one::sde::pulumi:pulumi:Stack::sde-one",)


VALUES = st.sampled_from([1, "1", True, "x", SECRET, UNKNOWN])
RULES = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abc")}, optional={"to": st.lists(VALUES, max_size=2)}), max_size=3
)
INPUTS = st.fixed_dictionaries({}, optional={"tags": st.dictionaries(st.sampled_from("pq"), VALUES), "rules": RULES})
OPERATIONS = st.sampled_from(list(Operation))


@st.composite
def plans(draw: st.DrawFn) -> list[Plan]:
    made = []
    for stack in draw(st.lists(st.sampled_from(["one", "two", "three"]), unique=True)):
        names = draw(st.lists(st.sampled_from("abc"), unique=True))
        made.append(plan(stack, *(draw(changes(stack, name)) for name in names)))
    return made


@st.composite
def changes(draw: st.DrawFn, stack: str, name: str) -> PlannedResource:
    operation, old, new, type_ = draw(OPERATIONS), draw(INPUTS), draw(INPUTS), draw(st.sampled_from(TYPES))
    if operation not in (Operation.UPDATE, Operation.REPLACE, Operation.IMPORT):
        return resource(stack, name, operation, type=type_, inputs=new)
    paths = sorted(join(difference.path) for difference in differences(old, new))
    forced = tuple(draw(st.lists(st.sampled_from(paths), unique=True))) if paths else ()
    inputs = {"inputs": new, "old_inputs": old}
    return resource(stack, name, operation, type=type_, changed=tuple(paths), replaces=forced, **inputs)


@given(plans())
def test_unfolding_gives_the_changes_of_the_plans(made: Sequence[Plan]) -> None:
    found = fold(made).to_json()
    assert operations_of(found) == Counter(
        (plan.stack, r.urn, r.operation.value) for plan in made for r in plan.changes
    )
    assert properties_of(found) == Counter(
        (plan.stack, r.urn, canonical(change.to_json()))
        for plan in made
        for r in plan.changes
        if r.operation is not Operation.CREATE
        for change in property_changes(r.old_inputs, r.inputs, r.changed, r.replaces)
    )


def operations_of(found: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    """Return each changed resource with its operation. One that is listed by its properties alone is updated."""
    listed = Counter((d["stack"], d["urn"], d["operation"]) for d in found["destroyed"])
    for operation in found["operations"]:
        listed.update((*member, operation["operation"]) for member in members(operation))
    others = {(stack, urn) for stack, urn, _ in listed}
    updates = {member for change in found["properties"] for member in members(change)} - others
    return listed + Counter((stack, urn, "update") for stack, urn in updates)


def properties_of(found: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    return Counter(
        (*member, canonical({key: value for key, value in change.items() if key != "resources"}))
        for change in found["properties"]
        for member in members(change)
    )


def members(folded: dict[str, Any]) -> list[tuple[str, str]]:
    return [(stack, urn) for stack, urns in folded["resources"].items() for urn in urns]


@given(plans(), st.randoms())
def test_the_order_of_stacks_does_not_matter(made: list[Plan], random: Any) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(made)
    assert canonical(fold(shuffled).to_json()) == canonical(fold(made).to_json())
