"""What a template says in so many words, and what only its deployment tells.

A parameter's default is no literal: whoever deploys the template may give another value. Only a parameter that allows
one value alone has that value. Variables are part of the template, so that their plain texts and numbers are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formats.errors import InputError
from formats.plan import UNKNOWN, Value

DEPTH = 60
"""How deep a value may nest; Azure's own templates stay under 20."""
_REFERENCE = re.compile(r"\[\s*(parameters|variables)\(\s*'([^'\[\]]+)'\s*\)\s*\]", re.I)
LONGEST = 1_000
"""Characters of a variable's text."""
_TURNS = 10
"""How many variables may stand behind each other."""


@dataclass(frozen=True)
class Words:
    """The parameters and variables that a template's expressions may name."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> Words:
        """Those of one template. Names compare without regard to case, as ARM's do."""
        return cls(_lower(template.get("parameters")), _lower(template.get("variables")))

    def read(self, value: Value, depth: int = 0) -> Value:
        """The value with its expressions resolved or unknown. `InputError` where it nests too deeply."""
        if depth > DEPTH:
            raise InputError("The template nests too deeply.", allowed=f"at most {DEPTH} levels")
        if isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, list | tuple):
            return [self.read(item, depth + 1) for item in value]
        return self._text(value, 0) if isinstance(value, str) else value

    def _object(self, value: Mapping[str, Any], depth: int) -> Value:
        """A map; what a `copy` in it makes is not known."""
        found = {self._key(k): self.read(v, depth + 1) for k, v in value.items() if k != "copy"}
        loops = value.get("copy")
        if isinstance(loops, list) and all(isinstance(loop, Mapping) and "count" in loop for loop in loops):
            return found | {str(loop.get("name")): UNKNOWN for loop in loops}
        return found if loops is None else found | {"copy": self.read(loops, depth + 1)}

    def _key(self, key: str) -> str:
        return str(self._text(key, 0))

    def _text(self, text: str, turns: int) -> Value:
        if not is_expression(text):
            return text[1:] if text.startswith("[[") and text.endswith("]") else text
        named = _REFERENCE.fullmatch(text)
        if named is None or turns > _TURNS:
            return UNKNOWN
        name = named[2].lower()
        return self._parameter(name) if named[1].lower() == "parameters" else self._variable(name, turns)

    def _parameter(self, name: str) -> Value:
        given = self.parameters.get(name)
        allowed = given.get("allowedValues") if isinstance(given, Mapping) else None
        one = isinstance(allowed, list) and len(allowed) == 1 and not isinstance(allowed[0], dict | list)
        return allowed[0] if allowed and one and not _secret(given) else UNKNOWN

    def _variable(self, name: str, turns: int) -> Value:
        """A short text, number or truth value. What is put together would let a small file grow without end."""
        found = self.variables.get(name, UNKNOWN)
        if isinstance(found, str):
            return self._text(found, turns + 1) if len(found) <= LONGEST else UNKNOWN
        return found if isinstance(found, bool | int | float) else UNKNOWN


def is_expression(text: object) -> bool:
    """Whether ARM evaluates a text: it stands in brackets, the first of which is not doubled."""
    return isinstance(text, str) and text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def _secret(parameter: Any) -> bool:
    return str(parameter.get("type")).lower().startswith("secure")


def _lower(found: Any) -> dict[str, Any]:
    return {str(k).lower(): v for k, v in found.items() if k != "copy"} if isinstance(found, Mapping) else {}
