"""Parse ARM template expressions, such as `[concat(subscription().id, '/*')]`.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"\s*(?:'((?:[^']|'')*)'|(-?\d{1,19})(?!\d)|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*(?=\s*\())?)|([(),.\[\]]))\s*"
)
"""A text, a number, a name or a sign. The name of a user-defined function has its namespace: `contoso.name(`."""
MAX_DEPTH = 30
MAX_LENGTH = 24_576
"""Characters of an expression, as in ARM."""
Token = str | int | tuple[str, str]


class ExpressionError(Exception):
    """A string that is not a valid template expression."""


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


def is_expression(text: object) -> bool:
    """Return True for a string in brackets that does not begin with an escaped bracket, `[[`."""
    return isinstance(text, str) and text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def literal_text(text: str) -> str:
    """Return a string that is not an expression, with an escaped bracket unescaped."""
    return text[1:] if text.startswith("[[") else text


@lru_cache(maxsize=8192)
def parse(text: str) -> Expression:
    """Parse an expression in brackets. Raises `ExpressionError`."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has more than {MAX_LENGTH:,} characters")
    parser = _Parser(_tokens(text[1:-1]))
    found = parser.expression(0)
    if parser.tokens:
        raise ExpressionError(f"'{text[:80]}' has text after its end")
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


def _tokens(text: str) -> deque[Token]:
    """Return the tokens: strings as ("text", …), names as ("name", …), numbers and punctuation as they are."""
    found: deque[Token] = deque()
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ExpressionError(f"'{text[at : at + 80]}' is not a template expression")
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
    def __init__(self, tokens: deque[Token]) -> None:
        self.tokens = tokens

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH or not self.tokens:
            raise ExpressionError("the expression nests too deeply, or ends too early")
        found = self._start(self.tokens.popleft(), depth)
        while self.tokens and self.tokens[0] in (".", "["):
            found = self._entry(found, depth)
        return found

    def _start(self, token: Token, depth: int) -> Expression:
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
        if self.tokens.popleft() == ".":
            token = self.tokens.popleft() if self.tokens else None
            if not isinstance(token, tuple) or token[0] != "name":
                raise ExpressionError("a name is missing after a dot")
            return Access(of, token[1])
        step = self.expression(depth + 1)
        self._take("]")
        return Access(of, step)

    def _take(self, sign: str) -> None:
        if not self.tokens or self.tokens.popleft() != sign:
            raise ExpressionError(f"a '{sign}' is missing")
