"""Evaluate a template's expressions as far as they are literal. All others are unknown.

A parameter is unknown, even with a default, because the deployment may pass another value. A parameter with a single
allowed value has that value. Variables that are plain texts or numbers are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formats.errors import InputError
from formats.plan import UNKNOWN, Value

MAX_DEPTH = 60
"""Levels of nesting in a value. Azure's own templates have fewer than 20."""
_REFERENCE = re.compile(r"\[\s*(parameters|variables)\(\s*'([^'\[\]]+)'\s*\)\s*\]", re.I)
MAX_VARIABLE_LENGTH = 1_000
"""Characters of a variable's text."""
_MAX_CHAIN = 10
"""Variables that refer to each other in a chain."""


@dataclass(frozen=True)
class ExpressionContext:
    """The parameters and variables of a template."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> ExpressionContext:
        """Return those of one template. Case is ignored, as in ARM."""
        return cls(_lower(template.get("parameters")), _lower(template.get("variables")))

    def read(self, value: Value, depth: int = 0) -> Value:
        """Return the value with its expressions evaluated or unknown. Raises `InputError` if it nests too deeply."""
        if depth > MAX_DEPTH:
            raise InputError("The template nests too deeply.", allowed=f"at most {MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, list | tuple):
            return [self.read(item, depth + 1) for item in value]
        return self._text(value, 0) if isinstance(value, str) else value

    def _object(self, value: Mapping[str, Any], depth: int) -> Value:
        """Return a map. The result of a `copy` loop in it is unknown."""
        found = {self._key(k): self.read(v, depth + 1) for k, v in value.items() if k != "copy"}
        loops = value.get("copy")
        if isinstance(loops, list) and all(isinstance(loop, Mapping) and "count" in loop for loop in loops):
            return found | {str(loop.get("name")): UNKNOWN for loop in loops}
        return found if loops is None else found | {"copy": self.read(loops, depth + 1)}

    def _key(self, key: str) -> str:
        return str(self._text(key, 0))

    def _text(self, text: str, chain: int) -> Value:
        if not is_expression(text):
            return text[1:] if text.startswith("[[") and text.endswith("]") else text
        named = _REFERENCE.fullmatch(text)
        if named is None or chain > _MAX_CHAIN:
            return UNKNOWN
        name = named[2].lower()
        return self._parameter(name) if named[1].lower() == "parameters" else self._variable(name, chain)

    def _parameter(self, name: str) -> Value:
        given = self.parameters.get(name)
        allowed = given.get("allowedValues") if isinstance(given, Mapping) else None
        one = isinstance(allowed, list) and len(allowed) == 1 and not isinstance(allowed[0], dict | list)
        return allowed[0] if allowed and one and not _secret(given) else UNKNOWN

    def _variable(self, name: str, chain: int) -> Value:
        """Return a short text, number or boolean. Composed values are unknown: they could grow without limit."""
        found = self.variables.get(name, UNKNOWN)
        if isinstance(found, str):
            return self._text(found, chain + 1) if len(found) <= MAX_VARIABLE_LENGTH else UNKNOWN
        return found if isinstance(found, bool | int | float) else UNKNOWN


def is_expression(text: object) -> bool:
    """Return True for text in brackets, unless the first one is doubled: ARM evaluates it."""
    return isinstance(text, str) and text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def _secret(parameter: Any) -> bool:
    return str(parameter.get("type")).lower().startswith("secure")


def _lower(found: Any) -> dict[str, Any]:
    return {str(k).lower(): v for k, v in found.items() if k != "copy"} if isinstance(found, Mapping) else {}
