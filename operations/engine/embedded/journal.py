"""The journal of a running deployment: a line for every step, so that a killed run loses nothing it was told.

Writing the whole checkpoint at every step costs as much as the stack is big; a line costs as much as the step. The
journal is folded into the checkpoint at the end, and now and then. Each line carries a checksum: a torn last line is
dropped, a damaged one elsewhere is refused. The first line names the checkpoint that the journal goes on from, by its
hash, and each fold is announced by the hash of the checkpoint it is about to write. So a reader always knows which of
three holds: the journal is to be replayed over this checkpoint; it is in this checkpoint already (killed between a
fold and its end); or somebody else, such as the official command line, has written since, and it must be set aside.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formats.errors import InputError
from operations.engine import files
from operations.engine.clock import now
from operations.engine.embedded import state
from operations.engine.embedded.model import PendingOperation, Resource, Snapshot
from operations.engine.embedded.secrets import Crypter
from operations.engine.embedded.working_state import Change, Deleted, Entry, MarkedForDeletion, Updated, WorkingState

FORMAT = 1
SYNC_SECONDS = 1.0
"""Every line goes to the system at once, which outlasts the process. Only a loss of power needs the disk itself, and a
sync for every line would cost more than the steps of a fast cloud: so at most one a second, and at every fold."""
FOLD_LINES = 1000
"""Folds come after as many lines as the state has resources, and no fewer than this: their cost stays linear."""


@dataclass(frozen=True)
class StackPaths:
    """Where a stack's state lives: `stack` is its whole name, `organization/<project>/<stack>`."""

    stack: str
    checkpoint: Path
    backup: Path
    journal: Path


@dataclass(frozen=True)
class CheckpointPosition:
    """A checkpoint that a journal goes on from: how many steps it holds already, and how to read its resources."""

    steps: int
    registered: int
    pending: tuple[int, ...]


@dataclass
class Record:
    """A journal as read. `starts` are the checkpoints that its steps belong to, by hash."""

    secrets: dict[str, Any]
    steps: list[dict[str, Any]]
    starts: dict[str, CheckpointPosition]

    def knows(self, base: str) -> bool:
        """Whether the checkpoint with this hash is one that the journal started from or folded into."""
        return base in self.starts

    def left(self, base: str) -> list[dict[str, Any]]:
        """The steps that the checkpoint with this hash does not hold yet."""
        return self.steps[self.starts[base].steps :] if self.knows(base) else []


class Journal:
    """The state of one stack while a run changes it. Steps may come from several threads.

    Every method raises InputError where the disk refuses; what was recorded before stays whole.
    """

    def __init__(self, home: StackPaths, snapshot: Snapshot, crypter: Crypter, *, base: str, plan: str = "") -> None:
        """Starts on `snapshot`, which is what the checkpoint with the hash `base` holds ("" where there is none).

        `plan` is the digest of what the run was permitted to do: whoever finds a killed run's journal learns it there.
        """
        self._home, self._crypter, self._base, self._plan = home, crypter, base, plan
        self._working_state = WorkingState.of(snapshot, crypter)
        self._frame = Snapshot(metadata=snapshot.metadata, extra=snapshot.extra)
        self._number, self._closed = 0, False
        self._lock = threading.RLock()
        self._start()

    def snapshot(self) -> Snapshot:
        """Everything recorded so far, in dependency order."""
        with self._lock:
            working_state = self._working_state.copy()
            working_state.settle(self._crypter)
            return _snapshot(working_state, self._frame)

    @property
    def pending(self) -> dict[int, PendingOperation]:
        """The operations without a known end, by the number that `end` takes; negative ones are of an earlier run."""
        with self._lock:
            return {number: operation for number, (operation, _) in self._working_state.pending.items()}

    def begin(self, kind: str, resource: Resource) -> int:
        """Records that a provider is about to be asked (`creating`, `updating`, `deleting`, …); a number for `end`."""
        with self._lock:
            self._number += 1
            operation = PendingOperation(resource, kind)
            text = state.dumps(state.write_pending(operation, self._crypter))
            self._append(f'{{"begin":{self._number},"operation":{text}}}')
            self._working_state.pending[self._number] = (operation, text)
            return self._number

    def end(self, number: int, *changes: Change) -> None:
        """Records how an operation ended: all the changes, or none where it changed nothing."""
        self._step(changes, number)

    def record(self, *changes: Change) -> None:
        """Records changes that no provider was asked for, together or not at all."""
        if changes:
            self._step(changes)

    def compact(self) -> None:
        """Writes the checkpoint as of now and starts the journal anew on it."""
        with self._lock:
            self._save()
            self._restart()

    def close(self) -> None:
        """Writes the checkpoint as of now and ends the journal. A run that recorded nothing leaves no trace."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._lines:
                    self._save()
            finally:
                os.close(self._file)
            files.remove(self._home.journal)

    def _step(self, changes: tuple[Change, ...], number: int | None = None) -> None:
        with self._lock:
            # Only a change that stands alone can say that nothing changed: another of the same step may come before it.
            prepared = [self._prepared(change, alone=len(changes) == 1) for change in changes]
            end = "" if number is None else f'"end":{number},'
            self._append(f'{{{end}"do":[{",".join(text for text, _ in prepared)}]}}')
            for text, brought in prepared:
                apply(self._working_state, brought or json.loads(text), self._crypter)
            if number is not None:
                self._working_state.pending.pop(number, None)
            if self._lines >= max(FOLD_LINES, len(self._working_state.registered) + len(self._working_state.previous)):
                self.compact()

    def _prepared(self, change: Change, *, alone: bool) -> tuple[str, ResourceEntry | None]:
        """A change as the line holds it and, for those that bring a resource, as the book takes it."""
        if isinstance(change, MarkedForDeletion):
            return state.dumps(["replaced", change.urn]), None
        if isinstance(change, Deleted):
            return state.dumps(["remove", change.urn, change.id, change.delete]), None
        entry = Entry(change.resource, state.dumps(state.write_resource(change.resource, self._crypter)))
        if isinstance(change, Updated):
            return f'["amend",{entry.text}]', ResourceEntry("amend", entry)
        standing = self._working_state.find(change.resource.urn)
        if alone and not change.formerly and standing and standing.text == entry.text:
            return state.dumps(["keep", change.resource.urn]), ResourceEntry("put", entry)
        return f'["put",{entry.text},{state.dumps(change.formerly)}]', ResourceEntry("put", entry, change.formerly)

    def _append(self, text: str) -> None:
        line = _line(text)
        with files.honest_about(self._home.journal):
            try:
                _write_all(self._file, line)
                self._size += len(line)
                self._lines += 1
                if time.monotonic() - self._synced >= SYNC_SECONDS:
                    self._sync()
            except OSError:
                os.ftruncate(self._file, self._size)  # no half line for a later one to be glued to
                raise

    def _sync(self) -> None:
        os.fsync(self._file)
        self._synced = time.monotonic()

    def _save(self) -> None:
        self._working_state.settle(self._crypter)
        self._frame.time = now()
        resources = [entry.text for entry in self._working_state.entries]
        pending = [text for _, text in self._working_state.pending.values()]
        content = state.write_checkpoint(
            self._home.stack, self._frame, self._crypter, resources=resources, pending=pending
        )
        self._base = digest(content)
        self._append(state.dumps({"folded": self._base, **self._start_point()}))
        with files.honest_about(self._home.journal):
            self._sync()
        files.write(self._home.checkpoint, content, keep=self._home.backup)

    def _start(self) -> None:
        """A journal with its first line, whole or not at all: a crash here leaves the old journal, spent by now."""
        header = {
            "journal": FORMAT,
            "stack": self._home.stack,
            "folded": self._base,
            **self._start_point(),
            "secrets": self._crypter.provider(),
            **({"plan": self._plan} if self._plan else {}),
        }
        line = _line(state.dumps(header))
        files.write(self._home.journal, line)
        with files.honest_about(self._home.journal):
            self._file = os.open(self._home.journal, os.O_WRONLY | os.O_APPEND)
        self._size, self._lines, self._synced = len(line), 0, time.monotonic()

    def _start_point(self) -> dict[str, Any]:
        return {"news": len(self._working_state.registered), "pending": list(self._working_state.pending)}

    def _restart(self) -> None:
        old = self._file
        self._start()
        os.close(old)


def digest(content: bytes | None) -> str:
    """The hash that a journal knows a checkpoint by; "" where there is none."""
    return hashlib.sha256(content).hexdigest() if content is not None else ""


def mark_folded(journal: Path, checkpoint: bytes, *, pending: int) -> None:
    """Tells the journal of a killed run that all of it is in the checkpoint about to be written.

    Its torn last line, if it has one, is cut off.
    """
    lines = (files.read(journal) or b"").split(b"\n")[:-1]
    while lines and _content(lines[-1]) is None:
        lines.pop()
    start = {"folded": digest(checkpoint), "news": 0, "pending": [-1 - i for i in range(pending)]}
    files.write(journal, b"".join(line + b"\n" for line in lines) + _line(state.dumps(start)))


def read(content: bytes, *, file: str) -> Record | None:
    """A journal file, up to its last whole line; None where not even its first is whole.

    Raises InputError where a line before the last is damaged, or where a newer version wrote it.
    """
    lines = content.split(b"\n")[:-1]
    checked = [_content(line) for line in lines]
    while checked and checked[-1] is None:
        checked.pop()  # torn by a loss of power
    if not checked:
        return None
    if any(line is None for line in checked):
        fix = "move it away to go on from the checkpoint, then refresh the stack; keep it to see what was done"
        raise InputError("The journal of a killed run is damaged", file=file, fix=fix)
    whole = [line for line in checked if line is not None]
    if whole[0].get("journal") != FORMAT:
        raise InputError(
            "The journal was written by another version",
            file=file,
            key="journal",
            found=whole[0].get("journal"),
            allowed=str(FORMAT),
            fix="run the stack with the version that wrote it",
        )
    record = Record(whole[0]["secrets"], [], {})
    for line in whole:
        if "folded" in line:
            record.starts[line["folded"]] = CheckpointPosition(len(record.steps), line["news"], tuple(line["pending"]))
        else:
            record.steps.append(line)
    return record


def replayed(record: Record, base: str, snapshot: Snapshot, crypter: Crypter, *, file: str) -> Snapshot:
    """The Snapshot of the checkpoint with the hash `base`, with the journal's further steps done to it."""
    start = record.starts[base]
    try:
        working_state = WorkingState.of(snapshot, crypter, registered=start.registered, numbers=start.pending)
        for step in record.left(base):
            _replay(working_state, step, crypter, file)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise InputError("The journal of a killed run cannot be understood", file=file, found=str(error)) from error
    working_state.settle(crypter)
    return _snapshot(working_state, snapshot)


@dataclass(frozen=True)
class ResourceEntry:
    """A change that brings a resource, ready for the book."""

    kind: str
    entry: Entry
    formerly: str = ""


def apply(working_state: WorkingState, change: ResourceEntry | list[Any], crypter: Crypter) -> None:
    """Does one change to the book, in the one way that the run and the replay share."""
    if isinstance(change, ResourceEntry):
        working_state.put(change.entry, change.formerly) if change.kind == "put" else working_state.amend(change.entry)
        return
    kind, urn, *rest = change
    if kind == "replaced":
        working_state.replaced(urn, crypter)
    elif kind == "remove":
        working_state.remove(urn, *rest)
    elif kind == "keep":
        working_state.keep(urn)
    else:
        raise ValueError(f"no change is called {kind}")


def _replay(working_state: WorkingState, step: dict[str, Any], crypter: Crypter, file: str) -> None:
    if "begin" in step:
        content = step["operation"]
        resource = state.read_resource(content["resource"], crypter, file=file)
        working_state.pending[step["begin"]] = (PendingOperation(resource, content["type"]), state.dumps(content))
    for change in step.get("do", ()):
        kind, content, *rest = change
        if kind in ("put", "amend"):
            entry = Entry(state.read_resource(content, crypter, file=file), state.dumps(content))
            apply(working_state, ResourceEntry(kind, entry, *rest), crypter)
        else:
            apply(working_state, change, crypter)
    if "end" in step:
        working_state.pending.pop(step["end"], None)


def _snapshot(working_state: WorkingState, context: Snapshot) -> Snapshot:
    pending = [operation for operation, _ in working_state.pending.values()]
    return Snapshot([e.resource for e in working_state.entries], pending, context.metadata, context.time, context.extra)


def _line(text: str) -> bytes:
    content = text.encode()
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _content(line: bytes) -> dict[str, Any] | None:
    checksum, _, content = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(content):
        return None
    try:
        parsed = json.loads(content)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
