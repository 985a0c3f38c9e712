"""The generated estates of benchmarks are valid, differ, and are the same on every run."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations import estate
from scripts.generated_estates import PER_CELL, generate
from tests.operations.estates import TODAY, snapshot


@pytest.mark.parametrize("seed", range(5))
def test_a_generated_estate_is_valid_and_its_tenancies_differ(tmp_path: Path, seed: int) -> None:
    loaded = estate.load(generate(tmp_path / "estate", 20, seed=seed), today=TODAY)
    requests = loaded.requests.values()
    assert len(requests) == 20
    assert len({request.data_class for request in requests}) == 3
    assert len({request.template for request in requests}) == 4
    assert len({(r.desks, r.redundancy, r.tiers) for r in requests}) > 10
    assert len({group for r in requests for group in (r.researchers, r.stewards, r.checkers)}) == 60


def test_the_same_seed_generates_the_same_files(tmp_path: Path) -> None:
    one, two = (snapshot(generate(tmp_path / name, 3)) for name in ("one", "two"))
    other = snapshot(generate(tmp_path / "other", 3, seed=1))
    assert list(one.values()) == list(two.values())
    assert list(one.values()) != list(other.values())


def test_a_larger_estate_has_the_same_first_tenancies(tmp_path: Path) -> None:
    small, large = (generate(tmp_path / str(count), count) / "requests" for count in (2, 5))
    assert all((large / file.name).read_bytes() == file.read_bytes() for file in small.iterdir())


def test_tenancies_beyond_a_cell_get_further_cells(tmp_path: Path) -> None:
    loaded = estate.load(generate(tmp_path / "estate", PER_CELL + 1), today=TODAY)
    assert [loaded.cell_of(f"tre-p{number:04}") for number in (0, PER_CELL - 1, PER_CELL)] == ["one", "one", "cell-2"]
