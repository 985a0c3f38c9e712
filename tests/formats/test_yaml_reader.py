"""YAML is read as YAML 1.2 does, or refused with the line. The oracle is ruamel.yaml, another reader of YAML 1.2."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML, YAMLError

from formats.errors import InputError
from formats.yaml_reader import parse_mapping, read_mapping
from formats.yaml_scalars import CoreDumper


def by_oracle(text: str) -> Any:
    """Return what YAML 1.2 makes of a text. ruamel.yaml also makes days of text, as YAML 1.1 does."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {plain(key): plain(one) for key, one in value.items()}
        if isinstance(value, list):
            return [plain(one) for one in value]
        return value.isoformat() if type(value) is date else value

    return plain(YAML(typ="safe", pure=True).load(text))


def same(one: Any, other: Any) -> bool:
    """True for equal values of the same types: in Python, 1 == True == 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


NUMBERS = st.from_regex(r"[-+]?[0-9_.:]{1,5}([eEbox:-][-+0-9a-f_.:]{0,4})?", fullmatch=True)
TIMES = st.from_regex(r"[Tt ][0-2]?[0-9]:[0-5][0-9]:[0-5][0-9](Z|\.5)?", fullmatch=True)
DAYS = st.from_regex(r"[0-9]{4}-[01]?[0-9]-[0-3]?[0-9]", fullmatch=True)
AMBIGUOUS = ("yes", "No", "on", "OFF", "y", "N", "=", "<<", ".inf", "-.INF", ".nan")
WORDS = st.sampled_from((*AMBIGUOUS, "true", "FALSE", "True", "null", "~", "Null", "abc", "a:b", "a#b", "#c"))
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = NUMBERS | DAYS | st.tuples(DAYS, TIMES).map("".join) | WORDS | TEXT
WRITTEN = (
    SCALARS
    | SCALARS.map(lambda text: f"'{text}'")
    | SCALARS.map(lambda text: f'"{text}"')
    | SCALARS.map(lambda text: f"!!int {text}")
    | SCALARS.map(lambda text: f"&a {text}")
    | st.just("*a")
)
NODES = st.recursive(
    WRITTEN,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(WRITTEN, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
        | inner.map(lambda value: f"\n  b: {value}\n  c: {value}")
        | inner.map(lambda value: f"\n  - {value}\n  - {value}")
        | inner.map(lambda value: f"|\n  {value}\n  d")
        | inner.map(lambda value: f">-\n  {value}\n\n  d")
    ),
    max_leaves=4,
)


@given(st.sampled_from(["", "%YAML 1.1\n---\n", "---\n"]), st.lists(NODES, max_size=3))
def test_no_document_is_read_otherwise_than_by_yaml_1_2(start: str, nodes: list[str]) -> None:
    text = start + "".join(f"key{i}: {node}\n" for i, node in enumerate(nodes))
    with suppress(InputError, YAMLError, ValueError):  # what either refuses is not read otherwise
        ours = parse_mapping(text, "f")
        assert same(ours, by_oracle(text)), text


OTHERS = ("0365", "02720", "00", "0b1", "0o17", "-0x1F", "1_000", "17:04", "1e3", "1.5E3", "2028-09-30T10:00:00Z",
          "!!int 5", "! a", "1" * 5000)  # fmt: skip


@pytest.mark.parametrize("text", [*AMBIGUOUS, *OTHERS])
def test_what_versions_of_yaml_read_differently_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_mapping(f"a:\n  - b: x\n    c: {text}\n", "f")
    assert "line 3" in str(caught.value.found) or caught.value.key == "a[0].c"
    assert caught.value.allowed or caught.value.fix
    assert parse_mapping(yaml.dump({"a": text}, Dumper=CoreDumper), "f") == {"a": text}


SLIPS = [
    ("indented too far", "a:\n    b: 1\n  c: 2\n  d: 3\n", "line 2", "Line 2 is probably wrong"),
    ("one line indented too far", "a:\n  b: 1\n   c: 2\n  d: 3\n", "line 3", "Line 3 is probably wrong"),
    ("an item's key to the left", "a:\n  - b: 1\n    c: 2\n  d: 3\n    e: 4\n", "line 4", "Line 4 is probably wrong"),
    ("a tab", "a:\n\tb: 1\n", "line 2: it begins with a tab", "Use spaces"),
    ("another space", "a:\n \u00a0b: 1\n c: 2\n", "line 2: U+00A0", "Type the line again"),
    ("a merge conflict", "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
     "line 2: the marks of a merge conflict, up to line 6", "Keep what is right"),
    ("an apostrophe in quotes", "a: 1\nb: 'St Mary's'\nc: 1\n", "line 2: a quote closes before", 'double quotes'),
    ("an open quote", 'a: 1\nb: "abc\nc: 1\n', "line 2: the quote that opens here", "Close it"),
    ("a quote closed by the next one", 'a: "abc\nb: 1\nc: "d"\ne: 1\n',
     "line 1: the quote that opens here", "Close it"),
    ("a text of two lines before", 'a: "b\n  c"\nd: "e"\nf:\n  - g: 1\n    h: 2\n  i: "3"\n    j: 4\n',
     "line 7", "Line 7 is probably wrong"),
    ("an open brace", "a: 1\nb: {c: 1\n", "line 2: the { that opens here", "Close it"),
    ("an open bracket", "a:\n  - b: [c, d\n    e: f\n", "line 2: the [ that opens here", "Close it"),
    ("a private key", "a: -----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\nb: 1\n",
     "line 1: text that is not shown: it may be a private key", "treat it as lost"),
    ("a hyphen left out", "a:\n  - b: 1\n    b: 2\n", "line 3: b again", "a hyphen before the first"),
    ("a colon in text", "a: 1\nb: AI: a study\n", "line 2: text with a colon", "in quotes"),
    ("no space after the colon", "a: 1\nb:2\nc: 3\n", "line 2: no space after the colon", "key: value"),
    ("another space after the colon", "a: 1\nb:\u00a02\nc: 3\n", "line 2: U+00A0", "Type the line again"),
    ("text that begins with @", "a: 1\nb: @x\n", "line 2: text that begins with @", "in quotes"),
    ("an unknown alias", "a: 1\nb: *x\n", "line 2: text that begins with *", "in quotes"),
    ("an invisible line break", "a: 1\nb: c\u2028d\n", "line 2: the invisible character U+2028", "Remove it"),
    ("a control character", "a: 1\nb: c\x07\n", "line 2: the control character U+0007", "Remove it"),
    ("a second document", "a: 1\n---\nb: 1\n", "line 2: a second document", "line ---"),
    ("a directive", "%YAML 1.1\n---\na: 0365\n", "line 1: a directive", "Remove the line"),
    ("a key that is no text", "a:\n  1: x\n", "line 2: 1, which is no text", "in quotes"),
    ("a key twice", "a: 1\nb: 1\na: 2\n", "line 3: a again", "Remove one"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found", "fix"), [pytest.param(*one, id=name) for name, *one in SLIPS])
def test_a_slip_is_told_with_its_line_and_what_to_do(text: str, found: str, fix: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_mapping(text, "f")
    assert str(caught.value.found).startswith(found)
    assert fix in str(caught.value.fix)


@pytest.mark.parametrize(("content", "found"), [
    ("a: b\n".encode("utf-16"), "UTF-16"), ("a: b\n".encode("utf-16-le"), "UTF-16"),
    ("a: b\n".encode("utf-32"), "UTF-32"),
    ("a: b\nc: \u00e9\n".encode("latin-1"), "line 2: a character in another encoding"),
])  # fmt: skip
def test_another_encoding_is_told(tmp_path: Path, content: bytes, found: str) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_mapping(file)
    assert (str(caught.value.found).startswith(found), caught.value.allowed) == (True, "UTF-8")
    file.write_text("a: \u0174\r\n", encoding="utf-8-sig")
    assert read_mapping(file) == {"a": "\u0174"}


def test_every_error_of_a_file_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_mapping("a: 0365\nb: {c: yes, c: 17:04}\na: 1\n", "f")
    assert [one.key for one in caught.value.each] == ["a", "b.c", "b.c", "a"]
