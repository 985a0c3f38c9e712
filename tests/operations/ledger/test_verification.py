"""What verification finds: of a ledger of 1,000 entries, any changed byte, and every change of the entries, by name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats.errors import InputError, Refused
from formats.merkle_trees import leaf_hash, root_of
from formats.signed_notes import WITNESS as OF_WITNESS
from formats.signed_notes import Checkpoint, read_checkpoint
from operations.ledger.entry import Kind
from operations.ledger.files import FileStorage
from operations.ledger.findings import Verification
from operations.ledger.log import Log
from operations.ledger.objects import keep
from operations.ledger.verification import verify
from operations.ledger.witness import cosign, store_cosigned
from tests.operations.ledger.logs import KEY, ORIGIN, OTHER, WITNESS, entry, intent, log_in, make_log, numbered, result

COUNT = 1000
BATCHES = [1, 1, 5, 249, 300, 44, 390, 1, 1, 8]
COSIGNER = WITNESS.verifier(OF_WITNESS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    log = make_log(folder, BATCHES)
    keep(log.storage, {"resources": []})
    store_cosigned(log.storage, cosign(log.storage, KEY.verifier(), WITNESS, seen=None, time=1_800_000_000))
    return folder


@pytest.fixture
def ledger(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "ledger")
    return tmp_path / "ledger"


def check(folder: Path, **more: object) -> Verification:
    return verify(FileStorage(folder), KEY.verifier(), **more)  # type: ignore[arg-type]


def first(found: Verification) -> str:
    problem = found.first()
    assert problem is not None
    return str(problem)


def test_a_whole_ledger_verifies(whole: Path) -> None:
    found = check(whole, witnesses=[COSIGNER])
    assert (found.problems, found.notes) == ([], [])
    assert found.checkpoint.size == len(found.entries) == COUNT
    assert [(one.witness, one.size) for one in found.cosigned] == [("auditor.test/w1", COUNT)]


@given(st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_changed_byte_of_any_file_is_found(whole: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FileStorage(whole).names())))
    content = (whole / name).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != content[at]))
    try:
        (whole / name).write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
        assert check(whole).problems
    finally:
        (whole / name).write_bytes(content)


@given(st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_byte_of_an_entry_names_the_entry(whole: Path, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, COUNT - 1) | st.integers(COUNT - BATCHES[-1], COUNT - 1))
    file = whole / ("tile/entries/003.p/232" if number >= 768 else f"tile/entries/{number // 256:03}")
    content = file.read_bytes()
    entry = numbered(1, number)[0]
    at = content.index(entry) + data.draw(st.integers(0, len(entry) - 1))
    try:
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert first(check(whole)).startswith(f"entry {number}: ")
    finally:
        file.write_bytes(content)


def _rewrite(folder: Path, entries: list[bytes], *, hashes: bool) -> None:
    """Write the entries into the bundles as someone would who has no key; with `hashes` into the tiles too."""
    shadow = folder.parent / "shadow"
    log = log_in(shadow, OTHER)
    at = 0
    for count in BATCHES:
        log.append(entries[at : at + count])
        at += count
    for file in sorted(shadow.glob("tile/entries/**/*" if not hashes else "tile/**/*")):
        if file.is_file():
            target = folder / file.relative_to(shadow)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    if len(entries) < COUNT:
        (folder / "tile/entries/003.p/231").replace(folder / "tile/entries/003.p/232")


def _removed(entries: list[bytes], at: int) -> None:
    del entries[at]


def _swapped(entries: list[bytes], at: int) -> None:
    entries[at], entries[at + 100] = entries[at + 100], entries[at]


def _inserted(entries: list[bytes], at: int) -> None:
    entries.insert(at, numbered(1, 5000)[0])


def _changed(entries: list[bytes], at: int) -> None:
    entries[at] = numbered(1, 5000)[0]


WAYS = {
    _removed: "is missing: the next entry is in its place",
    _swapped: "was reordered: entry {other} is in its place",
    _inserted: "was inserted",
    _changed: "was changed",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("at", [0, 6, 255, 256, 700])
def test_changed_entries_are_named(ledger: Path, way: Callable[[list[bytes], int], None], at: int) -> None:
    entries = numbered(COUNT)
    way(entries, at)
    _rewrite(ledger, entries[:COUNT], hashes=False)
    assert first(check(ledger)).startswith(f"entry {at}: " + WAYS[way].format(other=at + 100))


@pytest.mark.parametrize("way", [_swapped, _inserted, _changed], ids=lambda way: way.__name__)
def test_entries_that_were_changed_with_their_tiles_are_named(
    ledger: Path, way: Callable[[list[bytes], int], None]
) -> None:
    entries = numbered(COUNT)
    way(entries, 890)  # the appends before began with entries 600, 644 and 990
    _rewrite(ledger, entries[:COUNT], hashes=True)
    assert first(check(ledger)).startswith(
        "entry 600: was changed, and its tile with it: the signed tree has another among the entries to 989"
    )


def test_a_ledger_that_was_cut_off_says_where(ledger: Path) -> None:
    for file in (ledger / "tile").rglob("*232"):
        file.unlink()
    assert first(check(ledger)).startswith("entry 768: ")


def test_an_older_ledger_is_found_by_the_newer_checkpoint_and_by_witnesses(ledger: Path, tmp_path: Path) -> None:
    shutil.copy(ledger / "checkpoints/000000000992", ledger / "checkpoint")
    assert check(ledger).notes == ["An append was interrupted after it was decided: the next command finishes it."]
    shutil.rmtree(ledger / "pending")
    assert first(check(ledger)).startswith("entry 992: is cut off: a signed checkpoint has 1000 entries")
    make_log(tmp_path / "restored", BATCHES[:-1])
    seen = Checkpoint(ORIGIN, COUNT, root_of([leaf_hash(one) for one in numbered(COUNT)]))
    assert first(check(tmp_path / "restored", seen=seen)).startswith("entry 992: is cut off: A witness's own record")
    assert check(tmp_path / "restored").problems == []  # which is why there are witnesses


def test_a_fork_by_the_holder_of_the_key_is_found_by_a_witness(whole: Path, tmp_path: Path) -> None:
    forked = tmp_path / "forked"
    entries = numbered(COUNT)
    entries[500] = b'{"forged":1}'
    log_in(forked).append(entries)
    shutil.copytree(whole / "cosigned", forked / "cosigned")
    assert "forked: A witness" in "".join(map(str, check(forked).problems))
    shutil.rmtree(forked / "cosigned")
    assert "has signed no checkpoint" in "".join(map(str, check(forked, witnesses=[COSIGNER]).problems))


def test_two_signed_trees_of_one_size_are_a_fork(ledger: Path, tmp_path: Path) -> None:
    other = make_log(tmp_path / "other", [999]).storage
    Log(other, KEY.verifier(), KEY).append([b"{}"])
    (ledger / "checkpoint").write_bytes(other.newest() or b"")
    assert first(check(ledger)).startswith("entry 999: forked: the log's key has signed two trees of one size")


def test_entries_that_were_appended_without_the_key_are_found(ledger: Path, tmp_path: Path) -> None:
    forger = make_log(tmp_path / "forger", [1001]).storage
    for name in ("tile/0/003.p/233", "tile/entries/003.p/233"):
        (ledger / name).write_bytes(forger.read(name) or b"")
    assert first(check(ledger)).startswith("entry 1000: was appended without the log's key")
    (ledger / "checkpoint").write_bytes(OTHER.sign(Checkpoint(ORIGIN, 1001, bytes(32)).text).encode())
    assert "checkpoint is not signed with the log's key" in "".join(map(str, check(ledger).problems))


@pytest.mark.parametrize("name", ["notes.txt", "tile/0/x000/001", "objects/abc", "checkpoints/5", "tile/9/000"])
def test_a_file_that_is_no_part_of_a_ledger_is_found(ledger: Path, name: str) -> None:
    (ledger / name).parent.mkdir(parents=True, exist_ok=True)
    (ledger / name).write_bytes(b"x")
    assert f"({name})" in "".join(map(str, check(ledger).problems))


@pytest.mark.parametrize(
    "name", ["checkpoint", "tile/0/000", "tile/1/000.p/3", "tile/entries/002", "tile/entries/003.p/232"]
)
def test_a_missing_file_is_found(ledger: Path, name: str) -> None:
    (ledger / name).unlink()
    assert any(one.file and name.startswith(one.file) for one in check(ledger).problems)


# What the entries say


def _ledger_of(folder: Path, *entries: object) -> Path:
    log_in(folder).append([one.to_bytes() for one in entries])  # type: ignore[attr-defined]
    return folder


A, B = ("sha256:" + letter * 64 for letter in "ab")


def test_states_follow_from_the_entries(tmp_path: Path) -> None:
    ledger = _ledger_of(tmp_path, intent("hub"), result("hub", 0, A), intent("hub", A), result("hub", 2, B))
    assert check(ledger, states=lambda _: {"hub": B, "other": None}).problems == []
    assert "hub has another state now than after entry 3" in first(check(ledger, states=lambda _: {"hub": A}))
    assert "hub has another state now" in first(check(ledger, states=lambda _: {}))
    assert "other is deployed, and no entry says so" in first(check(ledger, states=lambda _: {"hub": B, "other": A}))


def test_a_change_without_an_entry_is_found_at_the_next_entry(tmp_path: Path) -> None:
    ledger = _ledger_of(tmp_path, intent("hub"), result("hub", 0, A), intent("hub", B))
    found = check(ledger)
    assert first(found) == "entry 2: hub had another state than after entry 1: it was changed without an entry"
    assert found.problems[0].stack == "hub"


def test_an_intent_without_a_result_is_a_note(tmp_path: Path) -> None:
    found = check(_ledger_of(tmp_path, intent("hub")), states=lambda _: {"hub": A})
    assert found.problems == []
    assert found.notes == ["Change 0 of hub has no result yet: it is running, or was ended."]


@pytest.mark.parametrize(("bad", "text"), [
    (b"{}", "is not an entry of this format"),
    (entry().to_bytes().replace(b":", b": ", 1), "is not canonical JSON"),
    (result("hub", 5, A).to_bytes(), "is the result of no intent"),
    (entry(Kind.INTENT, objects={"plan": A}).to_bytes(), "what it keeps is missing"),
    (b"[" * 5000, "is not an entry"),
    *((entry().to_bytes().replace(entry().time.encode(), time.encode()), "is not an entry of this format")
      for time in ("2026-99-01T10:00:00Z", "2026-11-31T24:00:00Z", "٢٠٢٦-11-01T10:00:00Z")),
])  # fmt: skip
def test_entries_that_say_what_cannot_be_are_found(bad: bytes, text: str, tmp_path: Path) -> None:
    log_in(tmp_path).append([entry().to_bytes(), bad])
    assert first(check(tmp_path)).startswith(f"entry 1: {text}")


def test_a_witness_does_not_sign_a_fork_or_a_shorter_ledger(whole: Path, tmp_path: Path) -> None:
    key, seen = KEY.verifier(), read_checkpoint((whole / "checkpoint").read_bytes(), KEY.verifier())
    forked = log_in(tmp_path / "forked")
    forked.append([b"{}"] * (COUNT + 1))
    shorter = make_log(tmp_path / "shorter", BATCHES[:3])
    for log, text in ((forked, "forked"), (shorter, "cut off")):
        with pytest.raises(Refused, match=text):
            cosign(log.storage, key, WITNESS, seen=seen, time=1_800_000_000)


def test_a_ledger_that_grows_during_its_verification_verifies(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names, left = FileStorage.names, [numbered(1, 2000), numbered(1, 2001)]

    def growing(self: FileStorage) -> Iterator[str]:
        found = list(names(self))
        if left:
            log_in(ledger).append(left.pop())
        return iter(found)

    monkeypatch.setattr(FileStorage, "names", growing)
    found = check(ledger)
    assert (found.problems, found.checkpoint.size) == ([], COUNT + 2)


def test_a_pipe_in_the_folder_is_an_error_and_no_wait(ledger: Path) -> None:
    os.mkfifo(ledger / "objects" / "pipe")
    (ledger / "checkpoint").unlink()
    os.mkfifo(ledger / "checkpoint")
    with pytest.raises(InputError, match="not a file"):
        check(ledger)
