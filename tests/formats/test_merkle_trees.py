"""Merkle trees, tiles and their paths."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.merkle_trees import (
    EMPTY,
    WIDTH,
    Edge,
    GrowingRoot,
    Tile,
    edge_tiles,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_by_path,
    root_of,
    split_hashes,
    tile_of_name,
    tiles_of,
)


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(recursive_root(leaves[:k]), recursive_root(leaves[k:]))


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(i).encode()) for i in range(count)]


@given(st.integers(0, 700))
@settings(max_examples=40, deadline=None)
def test_roots_are_those_of_the_rfc(count: int) -> None:
    growing = GrowingRoot()
    for leaf in leaves(count):
        growing.add(leaf)
    assert root_of(leaves(count)) == growing.root == recursive_root(leaves(count))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 13])
def test_a_path_leads_from_each_leaf_to_the_root_and_no_other_does(count: int) -> None:
    made = leaves(count)
    for number, leaf in enumerate(made):
        path = inclusion_path(made, number)
        assert root_by_path(leaf, number, count, path) == root_of(made)
        assert root_by_path(leaf, number, count, [*path, EMPTY]) is None
        assert root_by_path(leaf, number, count, path[:-1]) != root_of(made) or not path
        assert root_by_path(EMPTY, number, count, path) != root_of(made)
        assert all(root_by_path(leaf, other, count, path) != root_of(made) for other in range(count) if other != number)
    assert root_by_path(made[0], count, count, []) is None


@given(st.lists(st.integers(1, 400), max_size=4))
@settings(max_examples=25, deadline=None)
def test_an_edge_grows_as_the_tree_does(batches: list[int]) -> None:
    tiles: dict[Tile, bytes] = {}
    size = 0
    for count in batches:
        levels = [split_hashes(tiles[tile]) if tile else [] for tile in edge_tiles(size)]
        edge = Edge(levels, size)
        tiles |= edge.append(leaves(size + count)[size:])
        size += count
        assert edge.root == recursive_root(leaves(size))
    every = leaves(size)
    for level in (0, 1):
        span = WIDTH**level
        whole = [root_of(every[i * span : (i + 1) * span]) for i in range(size // span)]
        for tile in tiles_of(level, len(whole)):
            assert tiles[tile] == b"".join(whole[tile.number * WIDTH :][: tile.width])


def test_a_tree_of_70_000_entries_has_the_tiles_of_the_specification() -> None:
    found = {(level, tile.width) for level in (0, 1, 2) for tile in tiles_of(level, 70_000 // WIDTH**level)}
    assert found == {(0, 256), (0, 112), (1, 256), (1, 17), (2, 1)}
    assert len(list(tiles_of(0, 70_000))) == 274
    assert edge_tiles(256) == [None, Tile(1, 0, 1)]


@pytest.mark.parametrize(("tile", "name"), [
    (Tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
    (Tile(1, 0, 5), "tile/1/000.p/5"),
    (Tile(None, 999, 256), "tile/entries/999"),
    (Tile(None, 1000, 1), "tile/entries/x001/000.p/1"),
])  # fmt: skip
def test_paths_of_tiles(tile: Tile, name: str) -> None:
    assert tile.name == name
    assert tile_of_name(name) == tile


@pytest.mark.parametrize("name", ["tile/0/0", "tile/00/000", "tile/0/x000/001", "tile/0/000.p/256", "tile/0/000.p/0"])
def test_other_paths_are_not_those_of_tiles(name: str) -> None:
    assert tile_of_name(name) is None


def test_the_empty_tree() -> None:
    assert Edge().root == root_of([]) == EMPTY
