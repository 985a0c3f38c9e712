"""Append to the log, and read it.

An append is decided when its `pending` object is written: the new entries, with the signed checkpoint of the tree that
has them. Of two writers, one creates it; the other finishes it and appends after it. So does the next writer after a
crash. All that is written later follows from it, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from formats.errors import Failed, InputError
from formats.merkle_trees import (
    EMPTY,
    WIDTH,
    Edge,
    Tile,
    edge_tiles,
    leaf_hash,
    split_hashes,
    tiles_of,
)
from formats.signed_notes import Checkpoint, NotValid, SigningKey, VerifierKey, read_checkpoint
from operations.ledger.entry import MAX_ENTRY
from operations.ledger.storage import Storage, pending_name

_TRIES = 1000
"""The most writers that may be ahead of an append."""


@dataclass
class Log:
    """A log, as its holders of the key see it, or its readers (without `signer`).

    A signer that is a function is called at an append: who only reads needs no right to the key.
    """

    storage: Storage
    key: VerifierKey
    signer: SigningKey | Callable[[], SigningKey] | None = None
    _edge: Edge = field(default_factory=Edge)
    """The edge of the tree at the last append."""

    def head(self) -> Checkpoint:
        """Return the newest checkpoint. `Failed` if it is damaged."""
        content = self.storage.newest()
        if content is None:
            return Checkpoint(self.key.name, 0, EMPTY)
        try:
            return read_checkpoint(content, self.key)
        except NotValid as error:
            raise _damaged(self.storage, f"its checkpoint {error}") from None

    def append(self, entries: Sequence[bytes]) -> int:
        """Append entries, all or none of them, and return the number of the first. They are durable on return.

        `InputError` or `Failed` if the ledger cannot be written, or is damaged.
        """
        if self.signer is None:
            raise InputError("The ledger cannot be written without its key.", file=self.storage.where)
        signer = self.signer() if callable(self.signer) else self.signer
        for entry in entries:
            if len(entry) > MAX_ENTRY:
                raise InputError("The entry is too long.", found=f"{len(entry):,} bytes", allowed=f"{MAX_ENTRY:,}")
        with self.storage.exclusive():
            for _ in range(_TRIES):
                head = self._settled()
                tiles = self._grow(head, entries)
                checkpoint = Checkpoint(self.key.name, head.size + len(entries), self._edge.root)
                decided = Append(signer.sign(checkpoint.text), tuple(entries))
                name, content = pending_name(head.size), decided.to_bytes()
                # A name that is taken by the same content was ours: the answer to the first try was lost.
                if not self.storage.create({name: content}) or self.storage.read(name) == content:
                    self._finish(head, decided, tiles)
                    return head.size
        raise Failed(f"The ledger is busy: {_TRIES:,} other writers were first.\n  file:    {self.storage.where}")

    def entries(self, first: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the entries from number `first`, in their order. `Failed` if a bundle is damaged."""
        end = self.head().size if end is None else end
        for tile in tiles_of(None, end, first=first):
            yield from self.bundle(tile)[max(0, first - tile.number * WIDTH) :]

    def bundle(self, tile: Tile) -> list[bytes]:
        """Return the entries of a bundle. `Failed` if it is damaged."""
        try:
            return split_entries(self._tile(tile), tile.width)
        except NotValid as error:
            raise _damaged(self.storage, f"{tile.name} {error}") from None

    def _tile(self, tile: Tile) -> bytes:
        """Return a tile or a bundle, also from the full one, as a part may be removed when the tile is full."""
        content = self.storage.read(tile.name)
        if content is None and tile.width < WIDTH:
            content = self.storage.read(tile.full.name)
        if content is None:
            raise _damaged(self.storage, f"{tile.name} is missing")
        return content

    def _settled(self) -> Checkpoint:
        """Return the newest checkpoint after every append that was decided is finished."""
        while True:
            head = self.head()
            content = self.storage.read(pending_name(head.size))
            if content is None:
                return head
            try:
                decided = Append.from_bytes(content)
                after = read_checkpoint(decided.checkpoint.encode(), self.key)
            except NotValid as error:
                raise _damaged(self.storage, f"{pending_name(head.size)} {error}") from None
            tiles = self._grow(head, decided.entries)
            if (after.size, after.root) != (self._edge.size, self._edge.root):
                raise _damaged(self.storage, f"{pending_name(head.size)} does not extend the log")
            self._finish(head, decided, tiles)

    def _grow(self, head: Checkpoint, entries: Sequence[bytes]) -> dict[Tile, bytes]:
        """Make the edge that of the tree with these entries. Return the new tiles. `Failed` if the tree is damaged."""
        if (self._edge.size, self._edge.root) != (head.size, head.root):
            levels = [split_hashes(self._tile(t))[: t.width] if t else [] for t in edge_tiles(head.size)]
            self._edge = Edge(levels, head.size)
            if self._edge.root != head.root:
                raise _damaged(self.storage, "its tiles do not have the root of its checkpoint")
        return self._edge.append(map(leaf_hash, entries))

    def _finish(self, head: Checkpoint, decided: Append, tiles: Mapping[Tile, bytes]) -> None:
        """Write the bundles, the tiles and the checkpoint of an append that was decided."""
        size = head.size + len(decided.entries)
        first = Tile(None, head.size // WIDTH, head.size % WIDTH)
        entries = [*(self.bundle(first) if first.width else []), *decided.entries]
        objects = {tile.name: content for tile, content in tiles.items()}
        for tile in tiles_of(None, size, first=head.size):
            part = entries[(tile.number - first.number) * WIDTH :][: tile.width]
            objects[tile.name] = join_entries(part)
        for taken in self.storage.create(objects):
            if self.storage.read(taken) != objects[taken]:
                raise _damaged(self.storage, f"{taken} has other content than the log's")
        self.storage.publish(size, decided.checkpoint.encode())


@dataclass(frozen=True)
class Append:
    """An append that was decided: the checkpoint after it, and the new entries."""

    checkpoint: str
    entries: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Return the append as it is stored."""
        return json.dumps([self.checkpoint, *(one.decode() for one in self.entries)], ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Append:
        """Read an append. `NotValid` if it cannot be read."""
        try:
            found: Any = json.loads(content)
            checkpoint, *entries = found
            append = cls(str(checkpoint), tuple(str(one).encode() for one in entries))
        except (ValueError, TypeError, RecursionError):
            raise NotValid("cannot be read") from None
        if append.to_bytes() != content:
            raise NotValid("is not in the form in which it is written")
        return append


def join_entries(entries: Sequence[bytes]) -> bytes:
    """Return a bundle with these entries."""
    return b"".join(len(one).to_bytes(2) + one for one in entries)


def split_entries(content: bytes, width: int) -> list[bytes]:
    """Return the first `width` entries of a bundle. `NotValid`, with those before, if it has fewer or is cut off."""
    entries: list[bytes] = []
    at = 0
    while len(entries) < width and at < len(content):
        length = int.from_bytes(content[at : at + 2])
        entry = content[at + 2 : at + 2 + length]
        if len(content) - at < 2 or len(entry) != length:
            break
        entries.append(entry)
        at += 2 + length
    if len(entries) < width:
        error = NotValid(f"has {len(entries)} of {width} entries" if content else "is missing")
        error.readable = entries
        raise error
    return entries


def _damaged(storage: Storage, what: str) -> Failed:
    return Failed(f"The ledger is damaged: {what}.\n  file:    {storage.where}\n  fix:     scripts/sde ledger verify")
