"""The interface of a cache of computed results, and the digest of the code that computes them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol


class ResultCache(Protocol):
    """Results by key. An entry may be missing at any time.

    A key must contain the digest of all input of the computation, and `code_digest` of the packages that make it. The
    reader of a result must check its form: a wrong one counts as missing.
    """

    def get(self, key: str) -> Any:
        """Return the JSON value of an entry, or None."""
        ...

    def put(self, key: str, value: Any) -> None:
        """Add or replace an entry. `value` is a JSON value other than None."""
        ...


class NoCache:
    """A cache that keeps nothing."""

    def get(self, key: str) -> Any:
        """Return None."""

    def put(self, key: str, value: Any) -> None:
        """Do nothing."""


def code_digest(*packages: ModuleType) -> str:
    """Return the digest of all source files of some packages. A result of other code must not be used."""
    return _digest(tuple(folder for package in packages for folder in package.__path__))


@cache
def _digest(folders: Sequence[str]) -> str:
    found = hashlib.sha256()
    for folder in folders:
        for file in sorted(Path(folder).rglob("*.py")):
            content = file.read_bytes()
            found.update(f"{file.relative_to(folder)} {len(content)} ".encode() + content)
    return found.hexdigest()
