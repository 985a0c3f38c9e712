"""Template functions in a policy rule: `[concat(subscription().id, '/*')]`.

Source: learn.microsoft.com, "Azure Policy definition structure policy rule", policy functions. The few that stand here
are worked out; any other is refused by name when a definition is written, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*)|([(),.\[\]]))")
DEPTH = 30


class Unevaluated(Exception):  # noqa: N818
    """What stands here is no expression, or one that the local Azure does not work out."""


class Failed(Exception):  # noqa: N818
    """An expression came to nothing for this resource. To Azure that is a refusal ("policy functions": an evaluation
    that fails is an implicit deny)."""


@dataclass(frozen=True)
class Literal:
    value: str | int


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Inside:
    """A property or an entry of another value."""

    of: Expression
    step: str | Expression


Expression = Literal | Call | Inside
Functions = Mapping[str, Callable[..., Any]]


def is_expression(text: object) -> bool:
    """Whether Azure evaluates a text: it stands in brackets, the first of which is not doubled."""
    return isinstance(text, str) and text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def plain(text: str) -> str:
    """A text that is no expression, its doubled bracket taken for one."""
    return text[1:] if text.startswith("[[") else text


@cache
def parse(text: str) -> Expression:
    """The expression in brackets. `Unevaluated` where it is none."""
    reader = _Reader(_tokens(text[1:-1]))
    found = reader.expression(0)
    if reader.left:
        raise Unevaluated(f"'{text}' goes on after its end")
    return found


def calls(expression: Expression) -> Iterator[Call]:
    """Every call in an expression."""
    if isinstance(expression, Call):
        yield expression
        for argument in expression.arguments:
            yield from calls(argument)
    elif isinstance(expression, Inside):
        yield from calls(expression.of)
        if not isinstance(expression.step, str):
            yield from calls(expression.step)


def work_out(expression: Expression, functions: Functions) -> Any:
    """The value of an expression. `Failed` where it has none for this resource."""
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Call):
        arguments = [work_out(argument, functions) for argument in expression.arguments]
        return _called(functions[expression.name.lower()], expression.name, arguments)
    step = expression.step if isinstance(expression.step, str) else work_out(expression.step, functions)
    return _entered(work_out(expression.of, functions), step)


def _called(function: Callable[..., Any], name: str, arguments: Sequence[Any]) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise Failed(f"the function '{name}' has no value here") from error


def _entered(value: Any, step: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(step, str):
        found = {key.lower(): item for key, item in value.items()}
        if step.lower() in found:
            return found[step.lower()]
    elif isinstance(value, (list, tuple)) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    raise Failed(f"there is no '{step}' here")


def _concat(*parts: Any) -> Any:
    if all(isinstance(part, (list, tuple)) for part in parts):
        return [item for part in parts for item in part]
    return "".join(_text(part) for part in parts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value)
    raise TypeError("no text")


def _split(text: str, delimiter: str) -> list[str]:
    if not isinstance(text, str):
        raise TypeError("no text")
    return text.split(delimiter)


PURE: Functions = {
    "concat": _concat,
    "split": _split,
    "first": lambda items: items[0],
    "last": lambda items: items[-1],
    "length": len,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
}
"""Those that need nothing but their arguments, by name in lower case."""
OF_THE_REQUEST = ("field", "parameters", "resourcegroup", "subscription")
"""Those that speak of the resource, its scope and the assignment."""
KNOWN = frozenset({*PURE, *OF_THE_REQUEST})


def _tokens(text: str) -> list[str | int | tuple[str, str]]:
    """Texts as ("text", …), names as ("name", …), numbers and signs as they are."""
    found: list[str | int | tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise Unevaluated(f"'{text[:80]}' is no template expression")
        quoted, number, name, sign = token.groups()
        if quoted is not None:
            found.append(("text", quoted.replace("''", "'")))
        elif number is not None:
            found.append(int(number))
        else:
            found.append(("name", name) if name else sign)
        at = token.end()
    return found


class _Reader:
    def __init__(self, tokens: Sequence[str | int | tuple[str, str]]) -> None:
        self.left = list(tokens)

    def expression(self, depth: int) -> Expression:
        if depth > DEPTH or not self.left:
            raise Unevaluated("the expression nests too deeply, or ends too early")
        found = self._start(self.left.pop(0), depth)
        while self.left and self.left[0] in (".", "["):
            found = self._entry(found, depth)
        return found

    def _start(self, token: str | int | tuple[str, str], depth: int) -> Expression:
        if isinstance(token, int):
            return Literal(token)
        if isinstance(token, tuple) and token[0] == "text":
            return Literal(token[1])
        if not isinstance(token, tuple):
            raise Unevaluated(f"'{token}' stands where a value should")
        self._take("(")
        arguments: list[Expression] = []
        while self.left and self.left[0] != ")":
            if arguments:
                self._take(",")
            arguments.append(self.expression(depth + 1))
        self._take(")")
        return Call(token[1], tuple(arguments))

    def _entry(self, of: Expression, depth: int) -> Expression:
        if self.left.pop(0) == ".":
            token = self.left.pop(0) if self.left else None
            if not isinstance(token, tuple) or token[0] != "name":
                raise Unevaluated("a dot leads to no name")
            return Inside(of, token[1])
        step = self.expression(depth + 1)
        self._take("]")
        return Inside(of, step)

    def _take(self, sign: str) -> None:
        if not self.left or self.left.pop(0) != sign:
            raise Unevaluated(f"a '{sign}' is missing")
