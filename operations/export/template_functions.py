"""Template functions whose result depends on their arguments alone.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
A function without an entry, and a call that ARM would refuse, has an unknown result. So has a comparison of texts that
differ in case only: ARM's functions differ in how they compare.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MAX_TEXT = 131_072
"""Characters of a text, as in ARM."""
MAX_RANGE = 10_000
"""Numbers of a `range`, as in ARM."""
MAX_INTEGER = 2**63 - 1
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}|[{}]")
_INTEGER = re.compile(r"-?\d{1,18}")


class NotEvaluatedError(Exception):
    """A call without a result that is certain."""


def text_of(value: Any) -> str:
    """Return a value as ARM writes it into a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int):
        return str(value)
    raise NotEvaluatedError


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise NotEvaluatedError
    return value


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotEvaluatedError
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise NotEvaluatedError
    return value


def _limited(length: int) -> None:
    """Refuse a result that is too long before it is made."""
    if length > MAX_TEXT:
        raise NotEvaluatedError


def _concat(*parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    return "".join(map(text_of, parts))


def _format(pattern: str, *arguments: Any) -> str:
    """Return a text with `{0}` replaced. A format after a colon, as in `{0:D2}`, is not evaluated."""

    def part(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if match[1] is None:
            raise NotEvaluatedError
        return text_of(arguments[int(match[1])])

    longest = max((len(text_of(argument)) for argument in arguments), default=0)
    _limited(len(pattern) + pattern.count("{") * longest)
    return _PLACEHOLDER.sub(part, pattern)


def _replace(text: str, old: str, new: str) -> str:
    if not _text(old):
        raise NotEvaluatedError
    _limited(len(text) + text.count(old) * len(_text(new)))
    return _text(text).replace(old, new)


def _split(text: str, delimiters: Any) -> list[str]:
    by = delimiters if isinstance(delimiters, list) else [delimiters]
    if not by or not all(isinstance(one, str) and one for one in by):
        raise NotEvaluatedError
    return re.split("|".join(map(re.escape, by)), _text(text))


def _join(items: list[Any], delimiter: str) -> str:
    _limited(len(items) * len(_text(delimiter)))
    return delimiter.join(map(text_of, items))


def _substring(text: str, start: int, length: int | None = None) -> str:
    end = len(text) if length is None else _number(start) + _number(length)
    if not 0 <= _number(start) <= end <= len(_text(text)):
        raise NotEvaluatedError
    return text[start:end]


def _pad_left(text: Any, length: int, pad: str = " ") -> str:
    _limited(_number(length))
    return text_of(text).rjust(length, pad)


def _first(items: str | list[Any]) -> Any:
    return _sequence(items)[0]


def _last(items: str | list[Any]) -> Any:
    return _sequence(items)[-1]


def _take(items: str | list[Any], count: int) -> Any:
    return _sequence(items)[: max(0, _number(count))]


def _skip(items: str | list[Any], count: int) -> Any:
    return _sequence(items)[max(0, _number(count)) :]


def _sequence(items: Any) -> Any:
    if not isinstance(items, str | list):
        raise NotEvaluatedError
    return items


def _length(value: Any) -> int:
    if not isinstance(value, str | list | Mapping):
        raise NotEvaluatedError
    return len(value)


def _empty(value: Any) -> bool:
    return value is None or _length(value) == 0


def equal(one: Any, other: Any) -> bool:
    """Return True for equal values of one type."""
    if type(one) is not type(other):
        if None in (one, other):
            return False
        raise NotEvaluatedError
    if one != other and json.dumps(one, sort_keys=True).lower() == json.dumps(other, sort_keys=True).lower():
        raise NotEvaluatedError
    return bool(one == other)


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, Mapping):
        return _text(item).lower() in (key.lower() for key in container)
    if isinstance(container, list):
        return any(type(one) is type(item) and equal(one, item) for one in container)
    return _same_in_any_case(lambda text, part: part in text, _text(container), text_of(item))


def _same_in_any_case(test: Callable[[str, str], bool], text: str, part: str) -> bool:
    found = test(text, part)
    if found != test(text.lower(), part.lower()):
        raise NotEvaluatedError
    return found


def _starts_with(text: str, part: str) -> bool:
    return _same_in_any_case(str.startswith, _text(text), _text(part))


def _ends_with(text: str, part: str) -> bool:
    return _same_in_any_case(str.endswith, _text(text), _text(part))


def _int(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return _number(value)


def _to_bool(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value != 0 if isinstance(value, int) else _bool(value)


def _divide(one: int, other: int) -> int:
    """Return the quotient without its fraction, rounded towards zero."""
    quotient = abs(_number(one)) // abs(_number(other))
    return quotient if (one < 0) == (other < 0) else -quotient


def _range(start: int, count: int) -> list[int]:
    if not 0 <= _number(count) <= MAX_RANGE:
        raise NotEvaluatedError
    return list(range(_number(start), start + count))


def _extreme(choose: Callable[[list[int]], int]) -> Callable[..., int]:
    def chosen(*values: Any) -> int:
        numbers = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        return choose([_number(value) for value in numbers])

    return chosen


def _ordered(test: Callable[[int, int], bool]) -> Callable[[int, int], bool]:
    return lambda one, other: test(_number(one), _number(other))


def _union(*values: Any) -> Any:
    """Return the merged objects, of which the last has precedence, or the items of lists without duplicates."""
    if all(isinstance(value, Mapping) for value in values):
        merged: Any = {}
        for value in values:
            merged = _merged(merged, value)
        return merged
    if all(isinstance(value, list) and all(isinstance(item, str | int) for item in value) for value in values):
        return list(dict.fromkeys(item for value in values for item in value))
    raise NotEvaluatedError


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    spelling = {key.lower(): key for key in one}
    merged = dict(one)
    for name, value in other.items():
        key = spelling.get(name.lower(), name)
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both and isinstance(old, Mapping) else value
    return merged


def _object(*parts: Any) -> dict[str, Any]:
    if len(parts) % 2:
        raise NotEvaluatedError
    return {_text(key): value for key, value in zip(parts[::2], parts[1::2], strict=True)}


def _json(text: str) -> Any:
    return json.loads(_text(text), parse_constant=_refuse_constant, parse_float=_refuse_constant)


def _refuse_constant(_: str) -> Any:
    raise NotEvaluatedError


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _base64(text: str) -> str:
    return base64.b64encode(_text(text).encode()).decode()


Function = Callable[..., Any]
TEXT_FUNCTIONS: Mapping[str, Function] = {
    "base64": _base64,
    "concat": _concat,
    "format": _format,
    "join": _join,
    "padleft": _pad_left,
    "replace": _replace,
    "string": text_of,
    "substring": _substring,
    "take": _take,
    "skip": _skip,
    "tolower": lambda text: _text(text).lower(),
    "toupper": lambda text: _text(text).upper(),
    "trim": lambda text: _text(text).strip(),
}
"""Functions that return a text of their arguments, so that the result of a secret is a secret."""
FUNCTIONS: Mapping[str, Function] = {
    **TEXT_FUNCTIONS,
    "add": lambda one, other: _number(one) + _number(other),
    "array": lambda value: value if isinstance(value, list) else [value],
    "bool": _to_bool,
    "coalesce": _coalesce,
    "contains": _contains,
    "createarray": lambda *items: list(items),
    "createobject": _object,
    "div": _divide,
    "empty": _empty,
    "endswith": _ends_with,
    "equals": equal,
    "false": lambda: False,
    "first": _first,
    "greater": _ordered(lambda one, other: one > other),
    "greaterorequals": _ordered(lambda one, other: one >= other),
    "int": _int,
    "json": _json,
    "last": _last,
    "length": _length,
    "less": _ordered(lambda one, other: one < other),
    "lessorequals": _ordered(lambda one, other: one <= other),
    "max": _extreme(max),
    "min": _extreme(min),
    "mul": lambda one, other: _number(one) * _number(other),
    "not": lambda value: not _bool(value),
    "null": lambda: None,
    "range": _range,
    "split": _split,
    "startswith": _starts_with,
    "sub": lambda one, other: _number(one) - _number(other),
    "true": lambda: True,
    "union": _union,
}
"""The functions by their names in lower case."""


def call(name: str, arguments: Sequence[Any]) -> Any:
    """Return the result of a function. Raises `NotEvaluatedError` if it is not certain."""
    try:
        result = FUNCTIONS[name](*arguments)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise NotEvaluatedError from error
    if isinstance(result, int) and abs(result) > MAX_INTEGER:
        raise NotEvaluatedError
    return result
