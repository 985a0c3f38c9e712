"""Merkle trees of RFC 6962, section 2.1, and the tiles in which they are stored (c2sp.org/tlog-tiles)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

WIDTH = 256
"""Hashes of a full tile."""
HASH = 32
"""Bytes of a hash."""
EMPTY = hashlib.sha256().digest()
"""The root of the tree without entries."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a tree with these hashes as its leaves.

    The last node of a level with an odd number moves up unchanged, which gives the tree of RFC 6962.
    """
    if not hashes:
        return EMPTY
    level = list(hashes)
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
    return level[0]


def inclusion_path(hashes: Sequence[bytes], number: int) -> list[bytes]:
    """Return the hashes with which a leaf's root is computed: the audit path of RFC 6962, section 2.1.1."""
    path: list[bytes] = []
    first, end = 0, len(hashes)
    while end - first > 1:
        middle = first + (1 << (end - first - 1).bit_length() - 1)
        if number < middle:
            path.append(root_of(hashes[middle:end]))
            end = middle
        else:
            path.append(root_of(hashes[first:middle]))
            first = middle
    return path[::-1]


def root_by_path(leaf: bytes, number: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root of a tree of this size that has a leaf under a number, by RFC 9162, section 2.1.3.2.

    None if the path is of no such tree.
    """
    if not 0 <= number < size:
        return None
    at, last, found = number, size - 1, leaf
    for one in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node_hash(one, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


@dataclass
class GrowingRoot:
    """The root of a tree that grows by one leaf at a time, from the roots of its full subtrees."""

    size: int = 0
    _peaks: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next entry."""
        node, size = leaf, self.size
        while size % 2:
            node, size = node_hash(self._peaks.pop(), node), size // 2
        self._peaks.append(node)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root of the leaves that were added."""
        if not self._peaks:
            return EMPTY
        found = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found


@dataclass(frozen=True)
class Tile:
    """One tile, or one bundle of entries (`level` is None), of 1 to 256 hashes or entries."""

    level: int | None
    number: int
    width: int

    @property
    def name(self) -> str:
        """The path of the tile, such as `tile/0/x001/234.p/5`."""
        digits = f"{self.number:03}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        kind = "entries" if self.level is None else str(self.level)
        return f"tile/{kind}/{path}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @property
    def full(self) -> Tile:
        """The same tile once it is full."""
        return Tile(self.level, self.number, WIDTH)


_TILE = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def tile_of_name(name: str) -> Tile | None:
    """Return the tile of a path; None if it is not the path of a tile."""
    match = _TILE.fullmatch(name)
    if match is None:
        return None
    level = None if match[1] == "entries" else int(match[1])
    tile = Tile(level, int(match[2].replace("/", "").replace("x", "")), int(match[3] or WIDTH))
    return tile if tile.name == name else None


def tiles_of(level: int | None, count: int, *, first: int = 0) -> Iterator[Tile]:
    """Yield the tiles of a level with `count` hashes, from the tile that has the hash number `first`."""
    for number in range(first // WIDTH, -(-count // WIDTH)):
        yield Tile(level, number, min(WIDTH, count - number * WIDTH))


@dataclass
class Edge:
    """The tiles at the right edge of a tree, which are not full yet, by level: all that is needed to append."""

    levels: list[list[bytes]] = field(default_factory=list)
    size: int = 0

    @property
    def root(self) -> bytes:
        """The root of the whole tree: each level with the root of the lower ones as its last node."""
        below: list[bytes] = []
        for hashes in self.levels:
            nodes = [*hashes, *below]
            below = [root_of(nodes)] if nodes else []
        return below[0] if below else EMPTY

    def append(self, leaves: Iterable[bytes]) -> dict[Tile, bytes]:
        """Add hashes of entries. Return the new tiles: the full ones, and those at the new edge that changed."""
        written: dict[Tile, bytes] = {}
        changed: set[int] = set()
        for leaf in leaves:
            self.size += 1
            self._add(0, leaf, written, changed)
        for level in changed:
            if hashes := self.levels[level]:
                number = self.size // WIDTH ** (level + 1)
                written[Tile(level, number, len(hashes))] = b"".join(hashes)
        return written

    def _add(self, level: int, node: bytes, written: dict[Tile, bytes], changed: set[int]) -> None:
        if level == len(self.levels):
            self.levels.append([])
        hashes = self.levels[level]
        hashes.append(node)
        changed.add(level)
        if len(hashes) == WIDTH:
            written[Tile(level, self.size // WIDTH ** (level + 1) - 1, WIDTH)] = b"".join(hashes)
            self.levels[level] = []
            self._add(level + 1, root_of(hashes), written, changed)


def edge_tiles(size: int) -> list[Tile | None]:
    """Return the tile at the right edge of each level of a tree of this size; None where the level ends with a full
    tile."""
    tiles: list[Tile | None] = []
    count = size
    while count:
        width = count % WIDTH
        tiles.append(Tile(len(tiles), count // WIDTH, width) if width else None)
        count //= WIDTH
    return tiles


def split_hashes(content: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [content[i : i + HASH] for i in range(0, len(content), HASH)]
