"""Template expressions of policy rules."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.arm.template_expressions import Call, ExpressionError, Literal, calls, is_expression, parse
from local_azure.policy.expressions import PURE_FUNCTIONS, EvaluationError, evaluate

names = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="'"), max_size=12)


def value_of(text: str) -> object:
    return evaluate(parse(text), PURE_FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("['plain']", "plain"),
        ("['it''s']", "it's"),
        ("[7]", 7),
        ("[concat('a', 'b', 3)]", "ab3"),
        ("[split('a/b/c', '/')[1]]", "b"),
        ("[last(split('a/b/c', '/'))]", "c"),
        ("[ CONCAT ( 'a' , toUpper('b') ) ]", "aB"),
        ("[length(concat(split('a,b', ','), split('c', ',')))]", 3),
    ],
)
def test_value_of_an_expression(text: str, value: object) -> None:
    assert value_of(text) == value


INVALID = (
    "[]", "[concat('a']", "[concat 'a']", "['a' 'b']", "[f('a' 'b')]", "[f('a',)]", "[f(,'a')]", "[a.b]", "['a",
    "[concat('a'))]", "[@]", "[f()[]]", "[f().]", "[f().'a']", "[bare]", "[" + "f(" * 60 + "1" + ")" * 60 + "]",
)  # fmt: skip
WITHOUT_VALUE = (
    "[first('')]", "[split(7, '/')]", "[split('a', '')]", "[concat(split('a', 'b'), 'c')]", "[split('a', '/')[3]]",
    "['a'.b]", "[length(7)]",
)  # fmt: skip


@pytest.mark.parametrize("text", INVALID)
def test_invalid_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize("text", WITHOUT_VALUE)
def test_expression_without_a_value_fails(text: str) -> None:
    with pytest.raises(EvaluationError):
        value_of(text)


def test_only_a_single_bracket_begins_an_expression() -> None:
    assert is_expression("[a()]")
    assert not any(is_expression(text) for text in ("[[a()]", "a()", "[a()", "", 7, None))


@settings(max_examples=60)
@given(names, st.lists(texts, max_size=4))
def test_call_is_parsed_with_its_arguments(name: str, arguments: list[str]) -> None:
    value_of = ", ".join(f"'{argument}'" for argument in arguments)
    found = parse(f"[{name}({value_of})]")
    assert found == Call(name, tuple(Literal(a) for a in arguments))
    assert [call.name for call in calls(found)] == [name]


@settings(max_examples=100)
@given(st.text(max_size=40))
def test_any_string_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        parse(f"[{text}]")
