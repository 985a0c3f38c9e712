"""What the ledger has of some stacks: the entries, each with the proof that the signed tree has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from pydantic import StringConstraints

from approvals.promotion import LoggedEntry
from formats.errors import InputError
from formats.input_model import Model
from formats.json_reader import parse_json
from formats.merkle_trees import leaf_hash, node_hash, root_by_path
from formats.signed_notes import Checkpoint, NotValid, VerifierKey, read_checkpoint
from formats.validation import validated
from operations.ledger.entry import read_entry
from operations.ledger.log import Log


class _Extract(Model):
    """The entries as the pack has them."""

    key: Annotated[str, StringConstraints(max_length=1000)]
    """The ledger's public key."""
    entries: tuple[LoggedEntry, ...]


@dataclass(frozen=True)
class LedgerExtract:
    """Entries of a ledger about some stacks, with the checkpoint that their proofs lead to."""

    key: str
    checkpoint: str
    """A signed note."""
    entries: tuple[LoggedEntry, ...]
    stacks: Mapping[str, tuple[int, ...]]
    """The numbers of the entries about each stack."""

    @cached_property
    def head(self) -> Checkpoint:
        """The size and the root that are signed."""
        return read_checkpoint(self.checkpoint.encode(), VerifierKey.parse(self.key, where="the ledger's key"))

    def entries_json(self) -> dict[str, Any]:
        """Return the entries and proofs as JSON values."""
        return {"key": self.key, "entries": [one.model_dump(mode="json") for one in self.entries]}


def extract(log: Log, stacks: Collection[str]) -> LedgerExtract | None:
    """Return the entries about some stacks; None for a ledger without entries. `Failed` if it cannot be read."""
    note = log.storage.newest()
    if note is None:
        return None
    head = read_checkpoint(note, log.key)
    contents = list(log.entries(end=head.size))
    tree, found, numbers = _Tree([leaf_hash(one) for one in contents]), list[LoggedEntry](), dict[str, list[int]]()
    wanted = set(stacks)
    for number, content in enumerate(contents):
        about = wanted.intersection(read_entry(content).stacks)
        if about:
            path = tuple(one.hex() for one in tree.path(number))
            found.append(LoggedEntry(number=number, entry=content.decode(), path=path))
        for stack in about:
            numbers.setdefault(stack, []).append(number)
    return LedgerExtract(str(log.key), note.decode(), tuple(found), {k: tuple(v) for k, v in numbers.items()})


def check_extract(checkpoint: bytes, entries: bytes, *, file: str) -> Checkpoint:
    """Return the checkpoint of an extract whose every entry its signed tree has. `InputError` for any other."""
    try:
        found = validated(_Extract, parse_json(entries, file, max_bytes=len(entries)), file=file)
        head = read_checkpoint(checkpoint, VerifierKey.parse(found.key, where=file))
        for one in found.entries:
            path = [bytes.fromhex(each) for each in one.path]
            if root_by_path(leaf_hash(one.entry.encode()), one.number, head.size, path) != head.root:
                raise InputError("The signed ledger does not have an entry.", file=file, found=one.number)
    except (NotValid, ValueError, RecursionError) as error:
        raise InputError("The extract of the ledger cannot be verified.", file=file,
                         found=str(error) or type(error).__name__) from None  # fmt: skip
    return head


@dataclass
class _Tree:
    """A Merkle tree that computes each of its nodes once: many paths of a large ledger share them."""

    leaves: Sequence[bytes]
    _roots: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def path(self, number: int) -> list[bytes]:
        """Return the audit path of a leaf, as `inclusion_path` does."""
        path: list[bytes] = []
        first, end = 0, len(self.leaves)
        while end - first > 1:
            middle = _middle(first, end)
            if number < middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(first, middle))
                first = middle
        return path[::-1]

    def _root(self, first: int, end: int) -> bytes:
        if end - first == 1:
            return self.leaves[first]
        if (first, end) not in self._roots:
            middle = _middle(first, end)
            self._roots[first, end] = node_hash(self._root(first, middle), self._root(middle, end))
        return self._roots[first, end]


def _middle(first: int, end: int) -> int:
    """Return where the larger, full subtree of these leaves ends."""
    return first + (1 << (end - first - 1).bit_length() - 1)
