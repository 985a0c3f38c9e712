"""The scopes that contain an ARM id."""

from __future__ import annotations

from collections.abc import Iterator


def with_parents(id_: str) -> Iterator[str]:
    """Yield an ARM id and the id of each scope that contains it, the innermost first. Nothing for an empty id."""
    while id_:
        yield id_
        id_ = id_.rpartition("/")[0]
