"""Property paths are parsed, written and followed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.errors import InputError
from formats.property_paths import PropertyPath, find, get, join, matches, parse

KEYS = st.text(min_size=1).filter(lambda key: not key.endswith("\\"))
"""A key that ends in a backslash has no text of its own in Pulumi's notation: it would escape the closing quote."""
PATHS = st.lists(KEYS | st.integers(0, 99), min_size=1).map(tuple)
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
        ('tags["data-class"]', ("tags", "data-class")),
        ('tags["a\\"b"]', ("tags", 'a"b')),
        ('["with.dot"]["C:\\Temp"].x', ("with.dot", "C:\\Temp", "x")),
        ('["naïve"]["$ref"]', ("naïve", "$ref")),
    ],
)
def test_text_is_parsed_and_written_again(path: str, steps: PropertyPath) -> None:
    assert parse(path) == steps
    assert join(steps) == path


@pytest.mark.parametrize("path", ["a[", "a[x]", 'a["b', "a..b", "a[-1]", 'a"b'])
def test_malformed_path_is_an_input_error(path: str) -> None:
    with pytest.raises(InputError):
        parse(path)


@pytest.mark.parametrize("path", ["tags.data-class", "tags.$ref", 'tags.["data-class"]', 'tags["owner"]'])
def test_other_notations_are_parsed(path: str) -> None:
    head, name = parse(path)
    assert head == "tags"
    assert name in path


@given(PATHS)
def test_parse_reverses_join(path: PropertyPath) -> None:
    assert parse(join(path)) == path


@given(st.text(min_size=1).filter(lambda key: key != "*"), st.booleans())
def test_a_key_is_quoted_as_in_pulumi(key: str, at_the_root: bool) -> None:
    """`PropertyPath.String` of Pulumi's Go SDK quotes all but ASCII letters, digits and _, and escapes quotes alone."""
    quoted = '["' + key.replace('"', '\\"') + '"]'
    bare = key if at_the_root else f".{key}"
    plain = all("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c == "_" for c in key)
    assert join((key,) if at_the_root else ("tags", key)).removeprefix("" if at_the_root else "tags") == (
        bare if plain else quoted
    )


@given(JSON)
def test_each_found_value_is_at_its_path(value: Any) -> None:
    for path, inner in find(value, ("*", "*")):
        assert get(value, path) == inner
        assert matches(("*", "*"), path)


def test_absent_value_is_the_default() -> None:
    assert [get({"a": [1]}, path, "none") for path in (("b",), ("a", 1), ("a", "x"), ("a", 0, "x"))] == ["none"] * 4
    assert list(find({"a": [1]}, ("a", 1))) == []
