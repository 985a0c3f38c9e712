"""The storage of a ledger: objects that are written once, and the newest checkpoint.

Names, all with `/`: `checkpoints/<size>` (each signed checkpoint, the size with 12 digits); `tile/...`;
`objects/<digest>.json.gz` (plans and diffs); `cosigned/<size>-<digest>` (checkpoints with a witness's signature);
`pending/<size>` (the last append to a tree of this size, which was decided and may not be finished).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

CHECKPOINT = "checkpoint"
"""The newest checkpoint, in a folder; a container, where nothing can be replaced, has `checkpoints/` only."""

PENDING, CHECKPOINTS, OBJECTS, COSIGNED = "pending", "checkpoints", "objects", "cosigned"
"""The folders of the names."""


class Storage(Protocol):
    """Where a ledger is. Every method raises `InputError` or `Failed` where the storage cannot be used."""

    @property
    def where(self) -> str:
        """The folder or the URL, for messages."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return an object; None if there is none."""
        ...

    def create(self, objects: Mapping[str, bytes]) -> set[str]:
        """Write objects durably, each whole or not at all. Return the names that are taken: nothing is replaced."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the names of all objects."""
        ...

    def newest(self) -> bytes | None:
        """Return the newest checkpoint; None for an empty ledger."""
        ...

    def publish(self, size: int, checkpoint: bytes) -> None:
        """Write the checkpoint of a tree of this size as the newest, once all that it signs is durable."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other writers out, where objects can be removed. Where they cannot, writers need no more than names."""
        ...


def checkpoint_name(size: int) -> str:
    """Return the name of the checkpoint of a tree of this size."""
    return f"{CHECKPOINTS}/{size:012}"


def pending_name(size: int) -> str:
    """Return the name of the append to a tree of this size."""
    return f"{PENDING}/{size:012}"
