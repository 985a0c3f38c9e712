"""Evaluate template expressions of policy rules, such as `[concat(subscription().id, '/*')]`.

Source: docs/azure-facts.md#policy-functions. A definition with an unsupported function is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from formats.arm.template_expressions import Call, Expression, Literal


class EvaluationError(Exception):
    """An expression that has no value for a resource. Azure then denies the request
    (docs/azure-facts.md#policy-functions)."""


Functions = Mapping[str, Callable[..., Any]]


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


def _string(value: Any) -> str:
    """Return text, or the JSON of an object or array without blanks."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (Mapping, list, tuple)) else _text(value)


def _split(text: str, delimiter: str) -> list[str]:
    if not isinstance(text, str):
        raise TypeError("not a string")
    return text.split(delimiter)


PURE_FUNCTIONS: Functions = {
    "concat": _concat,
    "split": _split,
    "string": _string,
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
