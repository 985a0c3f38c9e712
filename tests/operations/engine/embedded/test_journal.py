"""The journal: for any steps, and truncated at any byte, the state after the last intact line is read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats import property_values
from formats.errors import InputError
from operations.engine.embedded import journal as journals
from operations.engine.embedded import state
from operations.engine.embedded.backend import Backend
from operations.engine.embedded.journal import Journal
from operations.engine.embedded.model import Snapshot
from operations.engine.embedded.secrets import Crypter
from operations.engine.embedded.working_state import Deleted, MarkedForDeletion, Registered, Updated
from tests.operations.engine.embedded.things import PHRASE, thing, urn

name = st.sampled_from("abcd")
fields = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["/1", "/2"]),
        "inputs": st.sampled_from([{}, {"n": 1}, {"n": True}, {"k": property_values.secret("hunter2")}]),
        "dependencies": st.lists(name.map(urn), max_size=2, unique=True),
        "pending_replacement": st.booleans(),
    }
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), name, fields),
        st.tuples(st.just("amend"), name, fields),
        st.tuples(st.just("rename"), name, name),
        st.tuples(st.just("replace"), name, fields),
        st.tuples(st.just("remove"), name, st.sampled_from(["", "/1", "/2"])),
        st.tuples(st.just("begin"), name, fields),
        st.tuples(st.just("end"), name, fields),
        st.tuples(st.just("fold"), name, st.none()),
    ),
    max_size=12,
)
_CRYPTER = Crypter(lambda: PHRASE)


def do(journal: Journal, step: tuple[str, str, Any]) -> None:
    kind, who, what = step
    if kind == "put":
        journal.record(Registered(thing(who, **what)))
    elif kind == "amend":
        journal.record(Updated(thing(who, **what)))
    elif kind == "rename":
        journal.record(Registered(thing(who), formerly=urn(what)))
    elif kind == "replace":
        journal.record(MarkedForDeletion(urn(who)), Registered(thing(who, **what)))
    elif kind == "remove":
        journal.record(Deleted(urn(who), what, delete=bool(what)))
    elif kind == "begin":
        journal.begin("updating", thing(who, **what))
    elif kind == "end" and journal.pending:
        journal.end(min(journal.pending), Registered(thing(who, **what)))
    elif kind == "fold":
        journal.compact()


def said(snapshot: Snapshot | None) -> Any:
    """Return a snapshot in the file's format, without its time."""
    snapshot = snapshot or Snapshot()
    return [state.write_resource(r, _CRYPTER) for r in snapshot.resources], [
        state.write_pending(p, _CRYPTER) for p in snapshot.pending
    ]


def acyclic(step: tuple[str, str, Any]) -> tuple[str, str, Any]:
    """Remove cycles, which programs cannot make: a resource depends on earlier letters only."""
    kind, who, what = step
    if isinstance(what, dict):
        what = {**what, "dependencies": [d for d in what["dependencies"] if d < urn(who)]}
    return kind, who, what


@settings(max_examples=60, deadline=None)
@given(steps.map(lambda drawn: [acyclic(s) for s in drawn]), steps, st.data())
def test_truncation_at_any_byte_keeps_all_intact_lines(
    drawn: list[Any], before: list[Any], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        backend = Backend(Path(folder), "sde", lambda: PHRASE)
        with backend.lock("platform"):
            first = backend.begin("platform")
            for step in before[:4]:
                if step[0] != "fold":
                    do(first, acyclic(step))
            first.close()
            journal = backend.begin("platform")
            home = journal._paths
            stood = {home.journal.stat().st_size: said(journal.snapshot())}
            for step in drawn:
                do(journal, step)
                if step[0] == "fold":
                    stood = {}
                stood[home.journal.stat().st_size] = said(journal.snapshot())
            content = home.journal.read_bytes()
            cut = data.draw(st.integers(min(stood), len(content)))
            home.journal.write_bytes(content[:cut])
            assert said(backend.load("platform")) == stood[max(size for size in stood if size <= cut)]
            os.close(journal._file)
            again = backend.begin("platform")  # compacts the killed run's journal
            assert said(again.snapshot()) == stood[max(size for size in stood if size <= cut)]
            again.close()
        assert said(backend.load("platform")) == stood[max(size for size in stood if size <= cut)]


def some_journal(backend: Backend) -> tuple[Journal, Path]:
    with backend.lock("platform"):
        journal = backend.begin("platform")
    for letter in "abc":
        journal.record(Registered(thing(letter)))
    return journal, journal._paths.journal


def test_damaged_earlier_line_is_refused_and_kept(backend: Backend) -> None:
    _, path = some_journal(backend)
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b"/b", b"/x")
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match="damaged") as caught:
        backend.load("platform")
    assert caught.value.file == str(path)
    assert path.read_bytes() == b"\n".join(lines)


def test_a_journal_of_another_version_is_refused(backend: Backend) -> None:
    _, path = some_journal(backend)
    path.write_bytes(journals._line('{"journal":2}') + path.read_bytes().partition(b"\n")[2])
    with pytest.raises(InputError, match="another version"):
        backend.load("platform")


@pytest.mark.parametrize("step", ['{"do":[["explode","u"]]}', '{"do":[[]]}', '{"begin":1}', '{"do":[["put",5]]}'])
def test_unknown_step_is_refused(backend: Backend, step: str) -> None:
    _, path = some_journal(backend)
    path.write_bytes(path.read_bytes() + journals._line(step))
    with pytest.raises(InputError):
        backend.load("platform")


def test_unchanged_resource_writes_a_short_line(backend: Backend) -> None:
    journal, path = some_journal(backend)
    before = path.stat().st_size
    journal.record(Registered(thing("a")))
    assert b'["keep"' in path.read_bytes()[before:]
    journal.record(Registered(thing("a", inputs={"n": 1})))
    journal.record(Registered(thing("a", inputs={"n": True})))  # equal in Python, but another JSON value
    assert b'{"n":true}' in path.read_bytes().split(b"\n")[-2]


def test_resource_mutated_after_recording_is_recorded_again(backend: Backend) -> None:
    journal, _ = some_journal(backend)
    resource = journal.snapshot().resources[0]
    resource.protect = True
    journal.record(Registered(resource))
    snapshot = backend.load("platform")
    assert snapshot is not None
    assert snapshot.resources[0].protect


def test_journal_is_compacted_automatically(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "COMPACT_LINES", 5)
    saved: list[int] = []
    real = Journal._save
    monkeypatch.setattr(Journal, "_save", lambda self: (saved.append(1), real(self))[1])
    with backend.lock("platform"):
        journal = backend.begin("platform")
        for number in range(100):
            begun = journal.begin("creating", thing(str(number), id=""))
            journal.end(begun, Registered(thing(str(number))))
        assert 3 <= len(saved) <= 12
        journal.close()
        journal.close()
    snapshot = backend.load("platform")
    assert snapshot is not None
    assert len(snapshot.resources) == 100
    assert snapshot.pending == []


def test_several_threads_may_record_at_once(backend: Backend) -> None:
    from concurrent.futures import ThreadPoolExecutor

    journal, _ = some_journal(backend)

    def make(number: int) -> None:
        begun = journal.begin("creating", thing(f"t{number}", id=""))
        journal.end(begun, Registered(thing(f"t{number}")))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(60)))
    snapshot = backend.load("platform")
    assert snapshot is not None
    assert len(snapshot.resources) == 63
    assert snapshot.pending == []
