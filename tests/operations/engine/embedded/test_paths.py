"""Property paths: read, compared, and used to put old values back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import BadInput
from operations.engine.embedded import paths
from operations.engine.embedded.providers import own_diff

JSON = st.recursive(
    st.integers(0, 3) | st.sampled_from("abc"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c d"]), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c d"]), JSON, max_size=3)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("tags.owner", ("tags", "owner")),
        ("rules[0].name", ("rules", 0, "name")),
        ("rules[*]", ("rules", "*")),
        ('tags["cost centre"].x', ("tags", "cost centre", "x")),
    ],
)
def test_a_path_is_read(path: str, steps: tuple[Any, ...]) -> None:
    assert paths.parsed(path) == steps


@pytest.mark.parametrize("path", ["a[", "a[x]", 'a["b'])
def test_what_is_no_path_is_bad_input(path: str) -> None:
    with pytest.raises(BadInput):
        paths.parsed(path)


def test_a_pattern_names_what_lies_below_it() -> None:
    assert paths.contains("rules[*].name", "rules[3].name")
    assert paths.contains("tags", "tags.owner")
    assert not paths.contains("tags.owner", "tags")


def test_what_the_old_lacks_is_ignored_away() -> None:
    assert paths.ignoring({"a": 1, "b": 2}, {"b": 3}, ["a"]) == {"b": 2}
    assert paths.ignoring({"r": [{"n": 1}, {"n": 2}]}, {"r": [{"n": 8}, {"n": 9}]}, ["r[*].n"]) == {
        "r": [{"n": 8}, {"n": 9}]
    }


@settings(max_examples=60, deadline=None)
@given(OBJECTS, OBJECTS)
def test_ignoring_everything_is_the_old(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert paths.ignoring(new, old, ["*"]) == old


@settings(max_examples=60, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_difference_is_empty_for_equals_and_its_paths_can_be_read(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert own_diff(one, one).changed == ()
    assert bool(own_diff(one, two).changed) == (one != two)
    for path in own_diff(one, two).changed:
        assert paths.parsed(path)
