"""The cache of results: private, bounded, and never trusted."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from operations.result_cache import FileCache

VALUE = {"text": "Ŵ", "list": [1, 2.5, None, True]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def entry(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_a_value_is_kept_for_other_processes(folder: Path) -> None:
    assert FileCache(folder).get("key") is None
    FileCache(folder).put("key", VALUE)
    assert FileCache(folder).get("key") == VALUE
    assert FileCache(folder).get("other key") is None


def test_the_folder_and_its_files_are_private(folder: Path) -> None:
    FileCache(folder).put("key", VALUE)
    assert [path.stat().st_mode & 0o777 for path in (folder, entry(folder))] == [0o700, 0o600]


@pytest.mark.parametrize("content", [b"", b"\n", b"{}", b'{"text": 1}\n{"text": 1}', b"\xff" * 100])
def test_a_damaged_entry_counts_as_missing(folder: Path, content: bytes) -> None:
    FileCache(folder).put("key", VALUE)
    entry(folder).write_bytes(content)
    assert FileCache(folder).get("key") is None


def test_a_truncated_or_misplaced_entry_counts_as_missing(folder: Path) -> None:
    cache = FileCache(folder)
    cache.put("key", VALUE)
    first = entry(folder)
    cache.put("other", "other")
    (second,) = set(folder.iterdir()) - {first}
    content = first.read_bytes()
    second.write_bytes(content)
    first.write_bytes(content[:-1])
    assert (cache.get("key"), cache.get("other")) == (None, None)


def link(file: Path) -> None:
    other = file.parent.parent / "other"
    file.rename(other)
    file.symlink_to(other)


@pytest.mark.parametrize("spoil", [lambda file: file.chmod(0o622), lambda file: file.parent.chmod(0o777), link])
def test_an_entry_that_others_can_write_counts_as_missing(folder: Path, spoil: Any) -> None:
    FileCache(folder).put("key", VALUE)
    spoil(entry(folder))
    assert FileCache(folder).get("key") is None


def test_nothing_is_written_to_a_folder_that_others_can_write(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    FileCache(folder).put("key", VALUE)
    assert not list(folder.iterdir())


def test_a_file_in_the_place_of_the_folder_is_no_error(folder: Path) -> None:
    folder.write_text("not a folder")
    FileCache(folder).put("key", VALUE)
    assert FileCache(folder).get("key") is None


def test_the_least_recently_used_entries_are_deleted(folder: Path) -> None:
    cache = FileCache(folder, max_bytes=20_000)
    for number in range(10):
        cache.put(str(number), "x" * 3000)
        for day, path in enumerate(sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)):
            os.utime(path, (day, day))
        cache.get("0")
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 20_000
    kept = [number for number in range(10) if cache.get(str(number))]
    assert {0, 9} <= set(kept)
    assert len(kept) >= 4


@pytest.mark.parametrize("value", [date(2026, 1, 2), "\ud800", float("nan")], ids=["a date", "half a character", "NaN"])
def test_what_is_no_json_is_not_kept(tmp_path: Path, value: object) -> None:
    cache = FileCache(tmp_path / "cache")
    cache.put("key", {"value": value})
    assert cache.get("key") is None
