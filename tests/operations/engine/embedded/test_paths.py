"""Property paths: parsed, compared, and used to keep the old values at ignored paths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.property_paths import parse
from formats.property_values import secret
from operations.engine.embedded import paths
from operations.engine.embedded.providers import default_diff

JSON = st.recursive(
    st.integers(0, 3) | st.sampled_from("abc"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c d"]), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c d"]), JSON, max_size=3)


ONE, TWO = [{"n": "a", "w": 9}], [{"n": "a", "w": 1}, {"n": "b", "w": 2}]


@pytest.mark.parametrize(
    ("new", "old", "path", "expected"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, "a", {"b": 2}),
        ({"b": 2}, {"a": 1}, "a", {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {}, "a.b", {"a": {"c": 2}}),
        ({"r": [{"n": 1}, {"n": 2}]}, {"r": [{"n": 8}, {"n": 9}]}, "r[*].n", {"r": [{"n": 8}, {"n": 9}]}),
        ({"t": {"o": "ben"}}, {"t": secret({"o": "ann"})}, "t.o", {"t": {"o": secret("ann")}}),
        ({"a": 1}, {"a": 1}, "no.such[3].path", {"a": 1}),
    ],
)
def test_ignored_path_keeps_the_old_value(new: Any, old: Any, path: str, expected: Any) -> None:
    assert paths.ignoring(new, old, [path]) == (expected, [])


@pytest.mark.parametrize(
    ("new", "old", "path", "expected"),
    [
        (ONE, TWO, "r[*].w", [{"n": "a", "w": 1}]),
        (TWO, ONE, "r[*].w", [{"n": "a", "w": 9}, {"n": "b", "w": 2}]),
        (TWO, ONE, "r[1].w", TWO),
        (ONE, TWO, "r[1].w", ONE),
        (TWO, [{"n": "x"}], "r[*]", [{"n": "x"}, {"n": "b", "w": 2}]),
        ({}, {"w": {"x": 1}}, "r.w.x", {}),
        (1, {"w": 1}, "r.w", 1),
    ],
)
def test_parents_of_an_ignored_path_are_unchanged(new: Any, old: Any, path: str, expected: Any) -> None:
    assert paths.ignoring({"r": new}, {"r": old}, [path]) == ({"r": expected}, [path])


def test_ignored_values_are_copied() -> None:
    old = {"a": {"b": 1}}
    new, _ = paths.ignoring({}, old, ["a"])
    new["a"]["b"] = 2
    assert old == {"a": {"b": 1}}


@settings(max_examples=60)
@given(OBJECTS, OBJECTS)
def test_ignoring_everything_returns_the_old_properties(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert paths.ignoring(new, old, ["*"]) == (old, [])


@settings(max_examples=60)
@given(OBJECTS, OBJECTS)
def test_diff_of_equals_is_empty_and_paths_parse(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert default_diff(one, one).changed == ()
    assert bool(default_diff(one, two).changed) == (one != two)
    for path in default_diff(one, two).changed:
        assert parse(path)
