"""Mask the secrets that a run has read or made, in every text that it prints or reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from formats import plan, property_values

SHORTEST = 4
"""Shorter secrets are not masked in messages: they would match parts of ordinary words."""


class SecretFilter:
    """The secret texts of a run, and their masking."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, value: Any) -> None:
        """Remember every secret string in a value."""
        for text in _secrets(value):
            if len(text) >= SHORTEST:
                self._known.add(text)
                self._known.add(json.dumps(text)[1:-1])

    def redact(self, text: str) -> str:
        """Return the text with every known secret masked, the longest first: one may contain another."""
        for hidden in sorted((k for k in self._known if k in text), key=len, reverse=True):
            text = text.replace(hidden, plan.SECRET)
        return text


def _secrets(value: Any, *, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        hidden = inside or property_values.is_secret(value)
        for key, item in value.items():
            if key != property_values.SIGNATURE:
                yield from _secrets(item, inside=hidden)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item, inside=inside)
    elif inside and isinstance(value, str) and value != property_values.UNKNOWN:
        yield value
