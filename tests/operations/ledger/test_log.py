"""Appends: durable, whole, in order; also of several writers, and after a crash between any two steps."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from formats.errors import Failed, InputError
from formats.merkle_trees import leaf_hash, root_of
from operations.ledger.entry import MAX_ENTRY
from operations.ledger.files import FileStorage
from operations.ledger.log import Log
from operations.ledger.verification import verify
from tests.operations.ledger.logs import KEY, OTHER, MemoryStorage, log_in, make_log, numbered

WRITERS, EACH = 3, 12


def test_entries_come_back_in_their_order(tmp_path: Path) -> None:
    log = make_log(tmp_path, [1, 300, 1, 210])
    entries = numbered(512)
    assert list(log.entries()) == entries
    assert list(log.entries(255, 258)) == entries[255:258]
    assert log.head().root == root_of([leaf_hash(one) for one in entries])
    assert log.append([b"last"]) == 512
    assert list(log_in(tmp_path).entries(511)) == [entries[511], b"last"]


def test_a_folder_has_the_layout_of_the_specification(tmp_path: Path) -> None:
    make_log(tmp_path, [255, 2])
    tiles = [name for name in FileStorage(tmp_path).names() if name.startswith("tile/")]
    assert tiles == ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"]
    assert (tmp_path / "checkpoint").read_text().splitlines()[:2] == ["sde.test/ledger", "257"]
    assert (tmp_path / "tile/0/000").stat().st_size == 8192
    assert {file.stat().st_mode & 0o077 for file in tmp_path.rglob("*") if file.is_file()} == {0}


def test_a_log_without_its_key_is_only_read(tmp_path: Path) -> None:
    make_log(tmp_path, [2])
    with pytest.raises(InputError, match="cannot be written without its key"):
        Log(FileStorage(tmp_path), KEY.verifier()).append([b"x"])


def test_another_key_appends_nothing(tmp_path: Path) -> None:
    make_log(tmp_path, [2])
    with pytest.raises(Failed, match="not signed with the log's key"):
        log_in(tmp_path, OTHER).append([b"x"])


def test_an_entry_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too long"):
        log_in(tmp_path).append([b"x" * (MAX_ENTRY + 1)])
    assert log_in(tmp_path).append([b"x" * MAX_ENTRY]) == 0


def _write(folder: Path, writer: int) -> None:
    log = log_in(folder)
    for number in range(EACH):
        log.append([f"{writer} {number}".encode()])


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_write, args=(tmp_path, writer)) for writer in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = [one.decode() for one in log_in(tmp_path).entries()]
    assert sorted(found) == sorted(f"{w} {n}" for w in range(WRITERS) for n in range(EACH))
    for writer in range(WRITERS):
        assert [one for one in found if one.startswith(f"{writer} ")] == [f"{writer} {n}" for n in range(EACH)]


class Crashed(Exception):  # noqa: N818
    pass


@dataclass
class Crashing:
    """A storage that ends the process, as it were, after some writes; also in the middle of several objects."""

    inner: MemoryStorage | FileStorage
    left: int

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Crashed

    def create(self, objects: Mapping[str, bytes]) -> set[str]:
        taken: set[str] = set()
        for name, content in objects.items():
            self._count()
            taken |= self.inner.create({name: content})
        return taken

    def publish(self, size: int, checkpoint: bytes) -> None:
        self._count()
        self.inner.publish(size, checkpoint)


@pytest.mark.parametrize("kind", ["memory", "files"])
def test_a_crash_between_any_two_steps_is_recovered(kind: str, tmp_path: Path) -> None:
    ends = set()
    for steps in range(8):
        storage = MemoryStorage() if kind == "memory" else FileStorage(tmp_path / str(steps))
        Log(storage, KEY.verifier(), KEY).append(numbered(255))
        crashing = Log(Crashing(storage, steps), KEY.verifier(), KEY)  # type: ignore[arg-type]
        try:
            crashing.append(numbered(3, 255))
            ends.add("done")
        except Crashed:
            ends.add("crashed")
        before = verify(storage, KEY.verifier())
        assert before.problems == []
        Log(storage, KEY.verifier(), KEY).append(numbered(1, 900))
        entries = list(Log(storage, KEY.verifier()).entries())
        decided = [*numbered(258), *numbered(1, 900)]
        assert entries == (decided if steps else [*numbered(255), *numbered(1, 900)])
        assert verify(storage, KEY.verifier()).problems == []
    assert ends == {"done", "crashed"}


@pytest.mark.parametrize("lost", ["tile/0/000.p/4", "tile/entries/000.p/4", "pending/000000000003"])
def test_a_file_that_a_power_failure_emptied_is_written_again(lost: str, tmp_path: Path) -> None:
    make_log(tmp_path, [3])
    shutil.copytree(tmp_path, tmp_path / "before")
    log_in(tmp_path).append(numbered(1, 3))
    (tmp_path / "checkpoint").write_bytes((tmp_path / "before" / "checkpoint").read_bytes())  # its rename was lost
    shutil.rmtree(tmp_path / "before")
    (tmp_path / lost).write_bytes(b"")
    if "pending" in lost:  # then nothing after it was written either
        for name in ("tile/0/000.p/4", "tile/entries/000.p/4", "checkpoints/000000000004"):
            (tmp_path / name).unlink()
    log_in(tmp_path).append(numbered(1, 4))
    entries = [*numbered(3), *([] if "pending" in lost else numbered(1, 3)), *numbered(1, 4)]
    assert list(log_in(tmp_path).entries()) == entries
    assert verify(FileStorage(tmp_path), KEY.verifier()).problems == []
