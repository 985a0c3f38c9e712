"""Property paths are parsed, written and followed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.errors import InputError
from formats.property_paths import PropertyPath, find, get, join, matches, parse

PATHS = st.lists(st.text(min_size=1) | st.integers(0, 99), min_size=1).map(tuple)
JSON = st.recursive(
    st.integers(0, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("tags.owner", ("tags", "owner")),
        ("rules[0].name", ("rules", 0, "name")),
        ("rules[*]", ("rules", "*")),
        ('tags["cost centre"].x', ("tags", "cost centre", "x")),
        ("tags.data-class", ("tags", "data-class")),
        ('tags["a\\"b\\\\"]', ("tags", 'a"b\\')),
    ],
)
def test_text_is_parsed_and_written_again(path: str, steps: PropertyPath) -> None:
    assert parse(path) == steps
    assert join(steps) == path


@pytest.mark.parametrize("path", ["a[", "a[x]", 'a["b', "a..b", "a[-1]", 'a"b'])
def test_malformed_path_is_an_input_error(path: str) -> None:
    with pytest.raises(InputError):
        parse(path)


@given(PATHS)
def test_parse_reverses_join(path: PropertyPath) -> None:
    assert parse(join(path)) == path


@given(JSON)
def test_each_found_value_is_at_its_path(value: Any) -> None:
    for path, inner in find(value, ("*", "*")):
        assert get(value, path) == inner
        assert matches(("*", "*"), path)


def test_absent_value_is_the_default() -> None:
    assert [get({"a": [1]}, path, "none") for path in (("b",), ("a", 1), ("a", "x"), ("a", 0, "x"))] == ["none"] * 4
    assert list(find({"a": [1]}, ("a", 1))) == []
