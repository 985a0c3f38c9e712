"""Parse and evaluate template expressions of policy rules, such as `[concat(subscription().id, '/*')]`.

Source: docs/azure-facts.md#policy-functions. A definition with an unsupported function is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*)|([(),.\[\]]))")
MAX_DEPTH = 30


class ExpressionError(Exception):
    """A string that is not a valid template expression."""


class EvaluationError(Exception):
    """An expression that has no value for a resource. Azure then denies the request
    (docs/azure-facts.md#policy-functions)."""


@dataclass(frozen=True)
class Literal:
    value: str | int


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Access:
    """Access to a property or an item of another value."""

    of: Expression
    step: str | Expression


Expression = Literal | Call | Access
Functions = Mapping[str, Callable[..., Any]]


def is_expression(text: object) -> bool:
    """Return True for a string in brackets that does not begin with an escaped bracket, `[[`."""
    return isinstance(text, str) and text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def literal_text(text: str) -> str:
    """Return a string that is not an expression, with an escaped bracket unescaped."""
    return text[1:] if text.startswith("[[") else text


@cache
def parse(text: str) -> Expression:
    """Parse an expression in brackets. Raises `ExpressionError`."""
    parser = _Parser(_tokens(text[1:-1]))
    found = parser.expression(0)
    if parser.tokens:
        raise ExpressionError(f"'{text}' has text after its end")
    return found


def calls(expression: Expression) -> Iterator[Call]:
    """Yield every function call in an expression."""
    if isinstance(expression, Call):
        yield expression
        for argument in expression.arguments:
            yield from calls(argument)
    elif isinstance(expression, Access):
        yield from calls(expression.of)
        if not isinstance(expression.step, str):
            yield from calls(expression.step)


def evaluate(expression: Expression, functions: Functions) -> Any:
    """Return the value of an expression. Raises `EvaluationError`."""
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Call):
        arguments = [evaluate(argument, functions) for argument in expression.arguments]
        return _call(functions[expression.name.lower()], expression.name, arguments)
    step = expression.step if isinstance(expression.step, str) else evaluate(expression.step, functions)
    return _access(evaluate(expression.of, functions), step)


def _call(function: Callable[..., Any], name: str, arguments: Sequence[Any]) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise EvaluationError(f"the function '{name}' has no value here") from error


def _access(value: Any, step: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(step, str):
        found = {key.lower(): item for key, item in value.items()}
        if step.lower() in found:
            return found[step.lower()]
    elif isinstance(value, (list, tuple)) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    raise EvaluationError(f"there is no property or item '{step}'")


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
    raise TypeError("not a string")


def _split(text: str, delimiter: str) -> list[str]:
    if not isinstance(text, str):
        raise TypeError("not a string")
    return text.split(delimiter)


PURE_FUNCTIONS: Functions = {
    "concat": _concat,
    "split": _split,
    "first": lambda items: items[0],
    "last": lambda items: items[-1],
    "length": len,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
}
"""Functions of their arguments only, by name in lower case."""
CONTEXT_FUNCTIONS = ("field", "parameters", "resourcegroup", "subscription")
"""Functions of the resource, its scope and the assignment."""
SUPPORTED_FUNCTIONS = frozenset({*PURE_FUNCTIONS, *CONTEXT_FUNCTIONS})


def _tokens(text: str) -> list[str | int | tuple[str, str]]:
    """Return the tokens: strings as ("text", …), names as ("name", …), numbers and punctuation as they are."""
    found: list[str | int | tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise ExpressionError(f"'{text[:80]}' is not a template expression")
        quoted, number, name, sign = token.groups()
        if quoted is not None:
            found.append(("text", quoted.replace("''", "'")))
        elif number is not None:
            found.append(int(number))
        else:
            found.append(("name", name) if name else sign)
        at = token.end()
    return found


class _Parser:
    def __init__(self, tokens: Sequence[str | int | tuple[str, str]]) -> None:
        self.tokens = list(tokens)

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH or not self.tokens:
            raise ExpressionError("the expression nests too deeply, or ends too early")
        found = self._start(self.tokens.pop(0), depth)
        while self.tokens and self.tokens[0] in (".", "["):
            found = self._entry(found, depth)
        return found

    def _start(self, token: str | int | tuple[str, str], depth: int) -> Expression:
        if isinstance(token, int):
            return Literal(token)
        if isinstance(token, tuple) and token[0] == "text":
            return Literal(token[1])
        if not isinstance(token, tuple):
            raise ExpressionError(f"'{token}' is not a value")
        self._take("(")
        arguments: list[Expression] = []
        while self.tokens and self.tokens[0] != ")":
            if arguments:
                self._take(",")
            arguments.append(self.expression(depth + 1))
        self._take(")")
        return Call(token[1], tuple(arguments))

    def _entry(self, of: Expression, depth: int) -> Expression:
        if self.tokens.pop(0) == ".":
            token = self.tokens.pop(0) if self.tokens else None
            if not isinstance(token, tuple) or token[0] != "name":
                raise ExpressionError("a name is missing after a dot")
            return Access(of, token[1])
        step = self.expression(depth + 1)
        self._take("]")
        return Access(of, step)

    def _take(self, sign: str) -> None:
        if not self.tokens or self.tokens.pop(0) != sign:
            raise ExpressionError(f"a '{sign}' is missing")
