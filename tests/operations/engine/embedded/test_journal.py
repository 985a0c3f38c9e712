"""The journal: for any steps, and truncated at any byte, the state after the last intact line is read."""

from __future__ import annotations

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
from operations.engine.embedded.journal import Change, Journal
from operations.engine.embedded.model import Snapshot
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
    ),
    max_size=12,
)


def do(journal: Journal, step: tuple[str, str, Any]) -> None:
    kind, who, what = step
    if kind == "put":
        journal.end(None, [Change("registered", thing(who, **what))])
    elif kind == "amend":
        journal.end(None, [Change("updated", thing(who, **what))])
    elif kind == "rename":
        journal.end(None, [Change("registered", thing(who), urn(what))])
    elif kind == "replace":
        old = thing(who, id="/0", delete=True)
        journal.end(None, [Change("registered", thing(who, **what)), Change("updated", old)])
    elif kind == "remove":
        journal.end(None, [Change("deleted", thing(who, id=what, delete=bool(what)))])
    elif kind == "begin":
        journal.begin("updating", thing(who, **what))
    elif kind == "end" and journal.pending:
        journal.end(journal.pending[0], [Change("registered", thing(who, **what))])


def said(snapshot: Snapshot | None) -> Any:
    """Return a snapshot in the file's format, without its time and ciphertexts."""
    snapshot = snapshot or Snapshot()
    return [state.write_resource(r) for r in snapshot.resources], [state.write_pending(p) for p in snapshot.pending]


def acyclic(step: tuple[str, str, Any]) -> tuple[str, str, Any]:
    """Remove cycles, which programs cannot make: a resource depends on earlier letters only."""
    kind, who, what = step
    if isinstance(what, dict):
        what = {**what, "dependencies": [d for d in what["dependencies"] if d < urn(who)]}
    return kind, who, what


def loaded(backend: Backend) -> Any:
    return said(backend.load("platform")[0])


@settings(max_examples=60)
@given(steps.map(lambda drawn: [acyclic(s) for s in drawn]), steps, st.data())
def test_truncation_at_any_byte_keeps_all_intact_lines(
    drawn: list[Any], before: list[Any], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        backend = Backend(Path(folder), "sde", lambda: PHRASE)
        _, first = backend.begin("platform")
        for step in before[:4]:
            do(first, acyclic(step))
        backend.finish("platform", first)
        _, journal = backend.begin("platform")
        path = journal._path
        stood = {path.stat().st_size: loaded(backend)}
        for step in drawn:
            do(journal, step)
            stood[path.stat().st_size] = loaded(backend)
        journal.close()
        content = path.read_bytes()
        cut = data.draw(st.integers(min(stood), len(content)))
        path.write_bytes(content[:cut])
        expected = stood[max(size for size in stood if size <= cut)]
        assert loaded(backend) == expected
        snapshot, again = backend.begin("platform")  # writes the killed run's steps to the checkpoint
        assert said(snapshot) == expected
        backend.finish("platform", again)
        assert loaded(backend) == expected


@pytest.mark.parametrize("written", ["nothing", "the mark", "the mark and the checkpoint"])
def test_kill_while_the_checkpoint_is_written_applies_every_step_once(backend: Backend, written: str) -> None:
    _, first = backend.begin("platform")
    first.end(None, [Change("registered", thing("a"))])
    backend.finish("platform", first)
    _, journal = backend.begin("platform")
    old = thing("a", delete=True)
    journal.end(None, [Change("registered", thing("a", id="/2")), Change("updated", old)])
    path, checkpoint, expected = journal._path, backend.checkpoint("platform"), loaded(backend)
    before, lines = checkpoint.read_bytes(), path.read_bytes()
    backend.finish("platform", journal)
    saved = journals._line({"saved": journals.digest(checkpoint.read_bytes())})
    path.write_bytes(lines + (b"" if written == "nothing" else saved))
    if written != "the mark and the checkpoint":
        checkpoint.write_bytes(before)
    told: list[str] = []
    assert loaded(backend) == expected
    _, again = backend.begin("platform", warn=told.append)
    backend.finish("platform", again)
    assert loaded(backend) == expected
    assert not path.exists()
    assert len(told) == (written != "the mark and the checkpoint")


def some_journal(backend: Backend) -> tuple[Journal, Path]:
    _, journal = backend.begin("platform")
    for letter in "abc":
        journal.end(None, [Change("registered", thing(letter))])
    return journal, journal._path


def test_damaged_earlier_line_is_refused_and_kept(backend: Backend) -> None:
    _, path = some_journal(backend)
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b'"/b"', b'"/x"')
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match="damaged") as caught:
        backend.load("platform")
    assert caught.value.file == str(path)
    assert path.read_bytes() == b"\n".join(lines)


def test_a_journal_of_another_version_is_refused(backend: Backend) -> None:
    _, path = some_journal(backend)
    path.write_bytes(journals._line({"journal": 1}) + path.read_bytes().partition(b"\n")[2])
    with pytest.raises(InputError, match="another version"):
        backend.load("platform")


@pytest.mark.parametrize(
    "step",
    [
        {"pending": [], "changes": [["explode", {}, ""]]},
        {"pending": [], "changes": [[]]},
        {"pending": [{}], "changes": []},
        {"changes": []},
        {"pending": [], "changes": [["registered", 5, ""]]},
    ],
)
def test_unknown_step_is_refused(backend: Backend, step: dict[str, Any]) -> None:
    _, path = some_journal(backend)
    path.write_bytes(path.read_bytes() + journals._line(step))
    with pytest.raises(InputError):
        backend.load("platform")
