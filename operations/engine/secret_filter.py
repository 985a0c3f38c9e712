"""Mask the secrets that a run read or generated, in every text that it prints or reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from formats import plan, property_values
from operations.engine.secret_leaks import leak_in, needles_of, refusal

MIN_LENGTH = 4
"""Shorter secrets are never masked in text: they would match parts of ordinary words."""


class SecretFilter:
    """Collects the secret strings of a run and masks them in text."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._needles: frozenset[str] = frozenset()
        self._added: list[frozenset[str]] = []
        """The texts by which each secret is found, in the order in which the run learnt of the secrets."""
        self._passed: list[tuple[str, Mapping[str, Any], int]] = []
        """The properties without a leak, each with its label and the number of secrets that were known then."""

    def add(self, value: Any) -> None:
        """Remember the strings in secret values; secret numbers and booleans are not masked."""
        for text in _secrets(value):
            if len(text) >= MIN_LENGTH and text not in self._known:
                self._added.append(needles_of(text))
                self._needles |= self._added[-1]
                self._known.add(text)
                self._known.add(json.dumps(text)[1:-1])  # as JSON escapes it

    def refuse_leak(self, label: str, properties: Mapping[str, Any]) -> None:
        """Raise `Refused` if a property in wire form holds a known secret and is not secret itself."""
        path = leak_in(properties, self._needles)
        if path is not None:
            raise refusal(label, path)
        self._passed.append((label, properties, len(self._added)))

    def refuse_earlier_leaks(self) -> None:
        """Raise `Refused` if properties that passed hold a secret that the run learnt of after them.

        Called once the program has ended: it registers what is independent of each other in any order.
        """
        for label, properties, known in self._passed:
            path = leak_in(properties, frozenset().union(*self._added[known:]))
            if path is not None:
                raise refusal(label, path)

    def redact(self, text: str) -> str:
        """Return the text with every known secret masked, the longest first: one may contain another."""
        for secret in sorted((k for k in self._known if k in text), key=len, reverse=True):
            text = text.replace(secret, plan.SECRET)
        return text


def _secrets(value: Any, *, inside_secret: bool = False) -> Iterator[str]:
    if type(value) is str and not inside_secret:  # most values
        return
    if isinstance(value, Mapping):
        is_secret = inside_secret or property_values.is_secret(value)
        for key, item in value.items():
            if key != property_values.SIGNATURE:
                yield from _secrets(item, inside_secret=is_secret)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item, inside_secret=inside_secret)
    elif inside_secret and isinstance(value, str) and value != property_values.UNKNOWN:
        yield value
