"""Verify a ledger: every file of it, against the checkpoints that its key has signed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from formats.merkle_trees import (
    EMPTY,
    WIDTH,
    GrowingRoot,
    Tile,
    leaf_hash,
    root_of,
    split_hashes,
    tile_of_name,
    tiles_of,
)
from formats.signed_notes import Checkpoint, Note, NotValid, VerifierKey, read_checkpoint
from operations.ledger.findings import Cosigned, Verification, what_happened
from operations.ledger.history import States, check_entries
from operations.ledger.log import Append, join_entries, split_entries
from operations.ledger.storage import (
    CHECKPOINT,
    CHECKPOINTS,
    COSIGNED,
    OBJECTS,
    PENDING,
    Storage,
    checkpoint_name,
    pending_name,
)

_TRIES = 5
"""How often to verify again when another writer has appended meanwhile."""
_SIZED = re.compile(rf"({CHECKPOINTS}|{PENDING})/([0-9]{{12}})")
_OBJECT = re.compile(rf"{OBJECTS}/([0-9a-f]{{64}})\.json\.gz")
_COSIGNED = re.compile(rf"{COSIGNED}/([0-9]{{12}})-([0-9a-f]{{64}})")


def verify(
    storage: Storage,
    key: VerifierKey,
    *,
    witnesses: Sequence[VerifierKey] = (),
    seen: Checkpoint | None = None,
    states: States | None = None,
) -> Verification:
    """Verify a ledger.

    `witnesses`: each must have signed a checkpoint. `seen`: a checkpoint that the ledger must contain. `states`:
    returns the present states, which must follow from the entries; without it they are not compared.
    """
    for _ in range(_TRIES):
        before = storage.newest()
        found = _verified(storage, key, witnesses, seen, states)
        if not found.problems or storage.newest() == before:
            return found
    return found


def _verified(
    storage: Storage,
    key: VerifierKey,
    witnesses: Sequence[VerifierKey],
    seen: Checkpoint | None,
    states: States | None,
) -> Verification:
    found = Verification(Checkpoint(key.name, 0, EMPTY))
    verifier = _Verifier(storage, key, found, set(storage.names()))
    verifier.run()
    verifier.check_cosigned(witnesses)
    if seen:
        verifier.check_seen(seen, "A witness's own record")
    objects = {match[1] for name in verifier.names if (match := _OBJECT.fullmatch(name))}
    check_entries(found, verifier.entries[: found.checkpoint.size], objects, states)
    return found


@dataclass
class _Verifier:
    storage: Storage
    key: VerifierKey
    found: Verification
    names: set[str]
    entries: list[bytes] = field(default_factory=list)
    """The entries of the bundles, up to the first that cannot be read, and those of an append that is not finished."""
    leaves: list[bytes] = field(default_factory=list)
    """Their hashes."""
    roots: dict[int, bytes] = field(default_factory=dict)
    """The root of the first entries, by their number, at the sizes of signed checkpoints."""
    signed: dict[int, bytes] = field(default_factory=dict)
    """The root of each signed checkpoint, by its size."""
    _contents: dict[str, bytes | None] = field(default_factory=dict)

    def run(self) -> None:
        """Check the files of the tree, and all others by their names."""
        self._read_checkpoints()
        size = self.found.checkpoint.size
        self._read_bundles(size)
        limit = self._read_unfinished(size)
        self.leaves = [leaf_hash(entry) for entry in self.entries]
        self._grow()
        is_signed = self._check_roots(size, limit)
        self._check_tiles(size, limit, is_signed=is_signed)
        for name in sorted(self.names):
            self._check_name(name, size)

    def _read(self, name: str) -> bytes:
        if name not in self._contents:
            self._contents[name] = self.storage.read(name)
        return self._contents[name] or b""

    def _read_checkpoints(self) -> None:
        """Read the signed checkpoints. The newest is that of the ledger."""
        for name in sorted(one for one in self.names if one.startswith(f"{CHECKPOINTS}/")):
            if one := self._signed_checkpoint(name, self._read(name)):
                self.found.checkpoint = one
        content = self.storage.newest()
        if content is None:
            if self.names:
                self.found.add("the checkpoint is missing", file=CHECKPOINT)
        elif one := self._signed_checkpoint(CHECKPOINT, content):
            self.found.checkpoint = one

    def _signed_checkpoint(self, name: str, content: bytes) -> Checkpoint | None:
        try:
            one = read_checkpoint(content, self.key)
        except NotValid as error:
            self.found.add(f"the checkpoint {error}: it was changed, or written without the log's key", file=name)
            return None
        match = _SIZED.fullmatch(name)
        if match and int(match[2]) != one.size:
            self.found.add("the checkpoint is of another size than its name says", file=name)
        elif self.signed.setdefault(one.size, one.root) != one.root:
            self.found.add("forked: the log's key has signed two trees of one size", entry=one.size - 1, file=name)
        return one

    def _read_bundles(self, size: int) -> None:
        for tile in tiles_of(None, size):
            name = tile.name if tile.name in self.names else tile.full.name
            try:
                self.entries += split_entries(self._read(name), tile.width)
            except NotValid as error:
                self.entries += error.readable
                self.found.add(f"is missing: its bundle {error}", entry=len(self.entries), file=name)
                return

    def _read_unfinished(self, size: int) -> int:
        """Read the append that was decided and is not finished. Return the size of the tree with it."""
        name = pending_name(size)
        if name not in self.names or len(self.entries) < size:
            return size
        append = self._append(name)
        if append is None:
            return size
        self.entries += append.entries
        self.found.notes.append("An append was interrupted after it was decided: the next command finishes it.")
        return size + len(append.entries)

    def _append(self, name: str) -> Append | None:
        """Return a pending append with a signed checkpoint of its size."""
        try:
            append = Append.from_bytes(self._read(name))
            size = read_checkpoint(append.checkpoint.encode(), self.key).size
        except NotValid as error:
            self.found.add(f"the append {error}: it was changed, or written without the log's key", file=name)
            return None
        if size != int(name.rpartition("/")[2]) + len(append.entries):
            self.found.add("the append has another number of entries than its checkpoint", file=name)
            return None
        self._signed_checkpoint(name.replace(PENDING, "append", 1), append.checkpoint.encode())
        return append

    def _grow(self) -> None:
        growing = GrowingRoot()
        self.roots[0] = EMPTY
        for leaf in self.leaves:
            growing.add(leaf)
            if growing.size in self.signed or growing.size == len(self.leaves):
                self.roots[growing.size] = growing.root

    def _check_roots(self, size: int, limit: int) -> bool:
        """Compare the entries with each signed checkpoint, and name the first entry that differs. True if none does."""
        before = 0
        for signed in sorted(self.signed):
            if signed > limit:
                self.found.add(f"is cut off: a signed checkpoint has {signed} entries, and the ledger {size}",
                               entry=size, file=checkpoint_name(signed))  # fmt: skip
                return False
            if self.roots.get(signed) != self.signed[signed]:
                self._name_first(before, signed)
                return False
            before = signed
        return True

    def _name_first(self, first: int, end: int) -> None:
        """Name the first entry that is not that of the signed tree, of those from `first` to `end`."""
        expected: list[bytes] = []
        for tile in tiles_of(0, self.found.checkpoint.size):
            name = tile.name if tile.name in self.names else tile.full.name
            expected += split_hashes(self._read(name))[: tile.width]
        for number in range(first, min(end, len(expected), len(self.leaves))):
            if self.leaves[number] != expected[number]:
                self.found.add(what_happened(number, self.leaves, expected), entry=number)
                return
        if end <= len(self.leaves):
            text = "was changed, and its tile with it: the signed tree has another"
            self.found.add(text + (f" among the entries to {end - 1}" if end - first > 1 else ""), entry=first)

    def _check_tiles(self, size: int, limit: int, *, is_signed: bool) -> None:
        """Check each tile and bundle against signed entries. Those of the tree's size must be there."""
        levels, level = [self.leaves], 0
        while len(levels[level]) >= WIDTH:
            whole = len(levels[level]) // WIDTH
            levels.append([root_of(levels[level][i * WIDTH : (i + 1) * WIDTH]) for i in range(whole)])
            level += 1
        for level in range(len(levels)):
            for tile in tiles_of(level, size // WIDTH**level):
                if not {tile.name, tile.full.name} & self.names:
                    self.found.add("a tile is missing", entry=tile.number * WIDTH ** (level + 1), file=tile.name)
        for name in sorted(one for one in self.names if one.startswith("tile/")):
            if part := tile_of_name(name):
                self._check_tile(part, levels, limit, is_signed=is_signed)

    def _check_tile(self, tile: Tile, levels: Sequence[Sequence[bytes]], limit: int, *, is_signed: bool) -> None:
        level = tile.level or 0
        span = WIDTH**level
        first = tile.number * WIDTH
        if (first + tile.width) * span > limit:
            text = "was appended without the log's key: no signed checkpoint has it"
            self.found.add(text, entry=max(self.found.checkpoint.size, first * span), file=tile.name)
            return
        if not is_signed or len(self.entries) < (first + tile.width) * span:
            return  # what is wrong is named already
        right = list(levels[level][first : first + tile.width])
        if tile.level is None:
            content, right = self._bundle(tile), self.entries[first : first + tile.width]
        else:
            content = split_hashes(self._read(tile.name))
        if content != right:
            at = next((i for i, (one, other) in enumerate(zip(content, right, strict=False)) if one != other), 0)
            self.found.add("its tile or bundle was changed", entry=(first + at) * span, file=tile.name)

    def _bundle(self, tile: Tile) -> list[bytes]:
        """Return the entries of a bundle, with what is after them, if anything is, as one more."""
        content = self._read(tile.name)
        try:
            entries = split_entries(content, tile.width)
        except NotValid as error:
            return list(error.readable)
        rest = content[len(join_entries(entries)) :]
        return [*entries, rest] if rest else entries

    def _check_name(self, name: str, size: int) -> None:
        """Check a file that is no tile, or find that it is no part of a ledger."""
        if name == CHECKPOINT or tile_of_name(name):
            return
        if match := _SIZED.fullmatch(name):
            if match[1] == PENDING and int(match[2]) != size:
                self._check_pending(name, int(match[2]), size)
        elif match := _OBJECT.fullmatch(name):
            if hashlib.sha256(self.storage.read(name) or b"").hexdigest() != match[1]:
                self.found.add("what is kept beside the entries was changed", file=name)
        elif not _COSIGNED.fullmatch(name):
            self.found.add("this is no part of a ledger", file=name)

    def _check_pending(self, name: str, first: int, size: int) -> None:
        if first > size:
            self.found.add("an append to a tree that the ledger does not have", file=name)
        elif append := self._append(name):
            for number, (one, other) in enumerate(zip(append.entries, self.entries[first:], strict=False), first):
                if one != other:
                    self.found.add("the append has another entry than the ledger", entry=number, file=name)
                    return

    def check_cosigned(self, witnesses: Sequence[VerifierKey]) -> None:
        """Check the checkpoints that witnesses have signed. Each given witness must have signed one."""
        for name in sorted(self.names):
            match = _COSIGNED.fullmatch(name)
            if not match:
                continue
            content = self._read(name)
            try:
                note, one = Note.parse(content), read_checkpoint(content, self.key)
            except NotValid as error:
                self.found.add(f"the cosigned checkpoint {error}", file=name)
                continue
            if hashlib.sha256(content).hexdigest() != match[2] or one.size != int(match[1]):
                self.found.add("the cosigned checkpoint was changed: its name is not that of its content", file=name)
                continue
            self.check_seen(one, f"A witness ({name})")
            for witness in witnesses:
                if (time := note.cosigned_by(witness)) is not None:
                    self.found.cosigned.append(Cosigned(witness.name, one.size, time))
        for witness in witnesses:
            if witness.name not in {one.witness for one in self.found.cosigned}:
                self.found.add(f"the witness {witness.name} has signed no checkpoint of this ledger")

    def check_seen(self, seen: Checkpoint, who: str) -> None:
        """Check that the ledger contains a tree that was seen before."""
        if seen.size > len(self.leaves):
            self.found.add(f"is cut off: {who} has {seen.size} entries", entry=len(self.leaves))
        elif root_of(self.leaves[: seen.size]) != seen.root:
            self.found.add(f"forked: {who} has another tree of {seen.size} entries. The first entry that differs is "
                           "this or an earlier one", entry=seen.size - 1)  # fmt: skip
