"""Changes of lists are by entry, and together they make the new value from the old."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.plan import SECRET, UNKNOWN, canonical
from formats.property_changes import ABSENT, ChangeKind, Entry, PropertyChange, property_changes
from formats.property_paths import join
from local_azure.diffs import differences


def changed_paths(old: Any, new: Any) -> list[str]:
    """Return the changed paths by position, as an engine gives them."""
    return sorted(join(difference.path) for difference in differences(old, new))


def compare(old: Any, new: Any) -> list[tuple[str, str, Any, Any]]:
    found = property_changes(old, new, changed_paths(old, new))
    return [(change.text, change.kind.value, change.before, change.after) for change in found]


def rule(name: str, priority: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "priority": priority, "access": "Allow", **more}


@pytest.mark.parametrize("key", ["name", "priority", "id"])
def test_an_inserted_entry_is_one_change(key: str) -> None:
    old = {"rules": [{key: "a", "access": "Allow"}, {key: "c", "access": "Deny"}]}
    new = {"rules": [old["rules"][0], {key: "b", "access": "Allow"}, old["rules"][1]]}
    assert len(changed_paths(old, new)) > 1
    assert compare(old, new) == [(f"rules[{key}=b]", "added", ABSENT, {key: "b", "access": "Allow"})]


def test_an_entry_that_moved_shows_its_own_changes_alone() -> None:
    old = {"rules": [rule("a", 1), rule("b", 2), rule("c", 3)]}
    new = {"rules": [rule("b", 2), rule("c", 4)]}
    assert compare(old, new) == [
        ("rules[name=c].priority", "set", 3, 4),
        ("rules[name=a]", "removed", rule("a", 1), ABSENT),
    ]


def test_values_of_a_list_are_matched_by_value() -> None:
    assert compare({"to": ["x", "y"]}, {"to": ["w", "x", "y"]}) == [("to", "added", ABSENT, "w")]
    assert compare({"to": ["x", "y"]}, {"to": ["z", "y"]}) == [("to[0]", "set", "x", "z")]


def test_another_order_is_one_change() -> None:
    old, new = {"rules": [rule("a", 1), rule("b", 2)]}, {"rules": [rule("b", 2), rule("a", 1)]}
    assert compare(old, new) == [("rules", "reordered", ["a", "b"], ["b", "a"])]


def test_a_list_inside_an_entry_is_matched_too() -> None:
    old = {"groups": [{"name": "g", "rules": [rule("a", 1, to=["x"])]}]}
    new = {"groups": [{"name": "f", "rules": []}, {"name": "g", "rules": [rule("a", 1, to=["v", "x"])]}]}
    assert compare(old, new) == [
        ("groups[name=g].rules[name=a].to", "added", ABSENT, "v"),
        ("groups[name=f]", "added", ABSENT, {"name": "f", "rules": []}),
    ]


def test_entries_without_a_key_are_matched_by_value_and_position() -> None:
    old = {"rules": [{"name": "a", "port": 1}, {"name": "a", "port": 2}, {"port": 3}]}
    new = {"rules": [{"name": "a", "port": 2}, {"name": "a", "port": 9}, {"port": 3}]}
    assert compare(old, new) == [
        ("rules", "removed", {"name": "a", "port": 1}, ABSENT),
        ("rules", "added", ABSENT, {"name": "a", "port": 9}),
    ]


def test_a_masked_value_of_an_entry_that_moved_may_have_changed() -> None:
    old = {"keys": [{"name": "a", "key": SECRET}, {"name": "b", "key": UNKNOWN, "size": 1}]}
    new = {"keys": [{"name": "n"}, *old["keys"]]}
    assert [(text, kind) for text, kind, *_ in compare(old, new)] == [
        ("keys[name=a].key", "set"),
        ("keys[name=b].key", "set"),
        ("keys[name=n]", "added"),
    ]


def test_a_masked_name_identifies_nothing() -> None:
    old, new = {"keys": [{"name": SECRET, "size": 1}]}, {"keys": [{"name": SECRET, "size": 2}]}
    assert compare(old, new) == [("keys[0].size", "set", 1, 2)]


def test_a_path_without_values_is_kept() -> None:
    (change,) = property_changes({}, {}, ["provider"])
    assert (change.text, change.before, change.after) == ("provider", ABSENT, ABSENT)
    assert [c.text for c in property_changes({"a": [1]}, {"a": [1]}, ["a[0]", "a[7].x", "a.b"])] == [
        "a[7].x", "a.b", "a[0]",
    ]  # fmt: skip


def test_a_path_of_a_whole_list_shows_its_entries() -> None:
    old, new = {"rules": [rule("a", 1)]}, {"rules": [rule("b", 2), rule("a", 1)]}
    (change,) = property_changes(old, new, ["rules"])
    assert (change.text, change.kind) == ("rules[name=b]", ChangeKind.ADDED)


def test_a_change_that_forces_a_replacement_is_marked() -> None:
    old, new = {"a": 1, "zones": ["1"], "b": 1}, {"a": 2, "zones": ["0", "1"], "b": 2}
    found = property_changes(old, new, changed_paths(old, new), ["zones[1]", "b"])
    assert {(c.text, c.replaces) for c in found} == {("a", False), ("zones", True), ("b", True)}


def test_an_entry_with_an_unusual_key_is_quoted() -> None:
    assert [str(Entry("name", value)) for value in ("a b", "7", 7, 'x"]')] == [
        "[name=a b]", '[name="7"]', "[name=7]", '[name="x\\"]"]',
    ]  # fmt: skip


def test_the_json_of_a_change_has_no_absent_value() -> None:
    change = PropertyChange(("tags", "a"), ChangeKind.SET, ABSENT, None)
    assert change.to_json() == {"path": "tags.a", "change": "set", "after": None, "replaces": False}


SCALARS = st.integers(0, 2) | st.booleans() | st.sampled_from(["", "x", "y"]) | st.none()
ENTRIES = st.fixed_dictionaries(
    {"name": st.sampled_from("abcd")},
    optional={"priority": st.integers(1, 3), "to": st.lists(st.sampled_from("xyz"), max_size=3), "on": SCALARS},
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(ENTRIES, max_size=4)
        | st.lists(ENTRIES, max_size=4, unique_by=lambda entry: entry["name"])
        | st.dictionaries(st.sampled_from(["p", "q r", "id"]), inner, max_size=3)
    ),
    max_leaves=12,
)
INPUTS = st.dictionaries(st.sampled_from(["rules", "tags", "x"]), VALUES, max_size=3)


@given(INPUTS, INPUTS)
def test_the_changes_make_the_new_value_from_the_old(old: dict[str, Any], new: dict[str, Any]) -> None:
    changes = property_changes(old, new, changed_paths(old, new))
    assert canonical(unordered(applied(old, changes))) == canonical(unordered(new))
    if canonical(unordered(old)) == canonical(unordered(new)) and canonical(old) != canonical(new):
        assert any(change.kind is ChangeKind.REORDERED for change in changes)


@given(INPUTS)
def test_equal_values_have_no_changes(value: dict[str, Any]) -> None:
    assert property_changes(value, copy.deepcopy(value), list(value)) == tuple(
        PropertyChange((key,), ChangeKind.SET, value[key], value[key]) for key in sorted(value)
    )


def applied(old: Any, changes: tuple[PropertyChange, ...]) -> Any:
    """Return the old value with the changes made: the values first, then the entries of lists."""
    result = copy.deepcopy(old)
    for change in sorted(changes, key=lambda change: (change.kind is not ChangeKind.SET, -len(change.path))):
        if change.kind is ChangeKind.SET:
            set_value(result, change)
        elif change.kind is not ChangeKind.REORDERED:
            edit_list(result, change)
    return result


def set_value(result: Any, change: PropertyChange) -> None:
    parent, step = step_into(result, change.path[:-1]), change.path[-1]
    if change.after is ABSENT:
        del parent[step]
    else:
        parent[step] = copy.deepcopy(change.after)


def edit_list(result: Any, change: PropertyChange) -> None:
    keyed = change.path and isinstance(change.path[-1], Entry)
    entries = step_into(result, change.path[:-1] if keyed else change.path)
    if change.kind is ChangeKind.ADDED:
        entries.append(copy.deepcopy(change.after))
    else:
        index = next(i for i, entry in enumerate(entries) if canonical(entry) == canonical(change.before))
        del entries[index]


def step_into(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        if isinstance(step, Entry):
            value = next(entry for entry in value if entry[step.key] == step.value)
        else:
            value = value[step]
    return value


def unordered(value: Any) -> Any:
    """Return the canonical form with each list sorted."""
    if isinstance(value, dict):
        return {key: unordered(inner) for key, inner in value.items()}
    return sorted((unordered(inner) for inner in value), key=canonical) if isinstance(value, list) else value
