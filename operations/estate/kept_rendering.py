"""Rendered tenancies, kept by all that they follow from, so that one request's change renders one tenancy.

The settings are validated and compared with the estate each time, as new ones are. What is kept can be deleted at any
time.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from formats.stack_names import TENANCY
from operations.estate.loading import Estate
from operations.result_cache import FileCache, digest_of_files

SOURCES = ("tre_templates/**/*.j2", "operations/estate/*.py", "formats/**/*.py")
"""The templates, and the code that renders."""


@with_config(ConfigDict(extra="forbid", strict=True))
class KeptStack(TypedDict):
    """A rendered stack: the text of its file, and the settings in it."""

    text: str
    settings: dict[str, Any]


_KEPT = TypeAdapter(dict[str, KeptStack])


class KeptRendering:
    """The rendered tenancies of one estate, as one entry of a store."""

    def __init__(self, estate: Estate, store: FileCache) -> None:
        self._estate, self._store = estate, store
        self._shared = _digest(estate.file.model_dump_json(), list(estate.cells), _sources())
        self._found = self._read()
        self._wanted: dict[str, KeptStack] = {}

    def get(self, stack: str) -> KeptStack | None:
        """Return a tenancy that was rendered from the same estate, request and allocation; None for other stacks."""
        kept = self._found.get(self._key(stack)) if stack.startswith(TENANCY) else None
        if kept:
            self.put(stack, kept)
        return kept

    def put(self, stack: str, rendered: KeptStack) -> None:
        """Keep a tenancy. Other stacks depend on all of the estate, and are few."""
        if stack.startswith(TENANCY):
            self._wanted[self._key(stack)] = rendered

    def save(self) -> None:
        """Write the entry if it changed."""
        if self._wanted != self._found:
            self._store.put(self._shared, self._wanted)

    def _key(self, stack: str) -> str:
        request = self._estate.requests[stack.removeprefix(TENANCY)]
        return _digest(stack, request.model_dump_json(), self._estate.allocations.stacks[stack].model_dump_json())

    def _read(self) -> dict[str, KeptStack]:
        try:
            return _KEPT.validate_python(self._store.get(self._shared))
        except ValidationError:
            return {}


@cache
def _sources() -> str:
    """Return the digest of the templates and of the code that renders."""
    return digest_of_files(SOURCES)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
