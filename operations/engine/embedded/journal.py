"""The write-ahead journal of a running deployment: one line per step, so that a killed run loses no recorded step.

Writing the whole checkpoint at every step costs time proportional to the stack; a line, to the step. The journal is
compacted into the checkpoint at the end of the run and after many lines. Each line has a checksum: a torn last line is
dropped, a damaged line elsewhere is refused. The first line has the hash of the checkpoint that the journal extends,
and each compaction first records the hash of the checkpoint that it is about to write. A reader can therefore
distinguish three cases: the journal is to be replayed on this checkpoint; this checkpoint contains it already (the run
was killed during a compaction); or another program, such as the Pulumi CLI, has written the checkpoint since, and the
journal must be set aside.
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
"""At most one sync to disk per second, and one at every compaction. Each line is written to the system at once, which
survives the death of the process; only a loss of power needs the sync, and syncing every line would cost more than the
steps of a fast cloud."""
COMPACT_LINES = 1000
"""Compact after as many lines as the state has resources, but at least this many: the total cost stays linear."""


@dataclass(frozen=True)
class StackPaths:
    """The files of a stack's state. `stack` is its full name, `organization/<project>/<stack>`."""

    stack: str
    checkpoint: Path
    backup: Path
    journal: Path


@dataclass(frozen=True)
class CheckpointPosition:
    """A checkpoint that a journal extends.

    `steps` of the journal are in it already; its first `registered` resources are those of the run, the others are
    previous ones; `pending` are the numbers of its pending operations.
    """

    steps: int
    registered: int
    pending: tuple[int, ...]


@dataclass
class Record:
    """A journal that was read. `starts` are the checkpoints that it extends or was compacted into, by hash."""

    secrets: dict[str, Any]
    steps: list[dict[str, Any]]
    starts: dict[str, CheckpointPosition]

    def knows(self, base: str) -> bool:
        """Return True if the journal started from the checkpoint with this hash or was compacted into it."""
        return base in self.starts

    def left(self, base: str) -> list[dict[str, Any]]:
        """Return the steps that the checkpoint with this hash does not contain yet."""
        return self.steps[self.starts[base].steps :] if self.knows(base) else []


class Journal:
    """The state of one stack while a run changes it. Several threads may record steps.

    Every method raises `InputError` if the disk fails; the steps recorded before stay intact.
    """

    def __init__(self, paths: StackPaths, snapshot: Snapshot, crypter: Crypter, *, base: str, plan: str = "") -> None:
        """Start from `snapshot`, the content of the checkpoint with the hash `base` ("" if there is none).

        `plan` is the digest of the plan that the run executes; it is recorded for those who find a killed run's
        journal.
        """
        self._paths, self._crypter, self._base, self._plan = paths, crypter, base, plan
        self._working_state = WorkingState.of(snapshot, crypter)
        self._context = Snapshot(metadata=snapshot.metadata, extra=snapshot.extra)
        self._number, self._closed = 0, False
        self._lock = threading.RLock()
        self._start()

    def snapshot(self) -> Snapshot:
        """Return the state recorded so far, in dependency order."""
        with self._lock:
            working_state = self._working_state.copy()
            working_state.settle(self._crypter)
            return _snapshot(working_state, self._context)

    @property
    def pending(self) -> dict[int, PendingOperation]:
        """The unfinished operations, by the number that `end` takes; those of an earlier run have negative numbers."""
        with self._lock:
            return {number: operation for number, (operation, _) in self._working_state.pending.items()}

    def begin(self, kind: str, resource: Resource) -> int:
        """Record a provider operation (`creating`, `updating`, …) before it starts; return its number for `end`."""
        with self._lock:
            self._number += 1
            operation = PendingOperation(resource, kind)
            text = state.dumps(state.write_pending(operation, self._crypter))
            self._append(f'{{"begin":{self._number},"operation":{text}}}')
            self._working_state.pending[self._number] = (operation, text)
            return self._number

    def end(self, number: int, *changes: Change) -> None:
        """Record the end of an operation with all its changes, if any, in one line."""
        self._step(changes, number)

    def record(self, *changes: Change) -> None:
        """Record changes without a provider operation, in one line."""
        if changes:
            self._step(changes)

    def compact(self) -> None:
        """Write the checkpoint and start an empty journal on it."""
        with self._lock:
            self._save()
            self._restart()

    def close(self) -> None:
        """Write the checkpoint and remove the journal. A run that recorded nothing does not change the checkpoint."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._lines:
                    self._save()
            finally:
                os.close(self._file)
            files.remove(self._paths.journal)

    def _step(self, changes: tuple[Change, ...], number: int | None = None) -> None:
        with self._lock:
            # `keep` is only for a single change: an earlier change of the same step may affect the same resource.
            prepared = [self._prepared(change, alone=len(changes) == 1) for change in changes]
            end = "" if number is None else f'"end":{number},'
            self._append(f'{{{end}"do":[{",".join(text for text, _ in prepared)}]}}')
            for text, entry in prepared:
                apply(self._working_state, entry or json.loads(text), self._crypter)
            if number is not None:
                self._working_state.pending.pop(number, None)
            if self._lines >= max(
                COMPACT_LINES, len(self._working_state.registered) + len(self._working_state.previous)
            ):
                self.compact()

    def _prepared(self, change: Change, *, alone: bool) -> tuple[str, ResourceEntry | None]:
        """Return a change as journal text and, if it has a resource, as an entry of the working state."""
        if isinstance(change, MarkedForDeletion):
            return state.dumps(["replaced", change.urn]), None
        if isinstance(change, Deleted):
            return state.dumps(["remove", change.urn, change.id, change.delete]), None
        entry = Entry(change.resource, state.dumps(state.write_resource(change.resource, self._crypter)))
        if isinstance(change, Updated):
            return f'["amend",{entry.text}]', ResourceEntry("amend", entry)
        current = self._working_state.find(change.resource.urn)
        if alone and not change.formerly and current and current.text == entry.text:
            return state.dumps(["keep", change.resource.urn]), ResourceEntry("put", entry)
        return f'["put",{entry.text},{state.dumps(change.formerly)}]', ResourceEntry("put", entry, change.formerly)

    def _append(self, text: str) -> None:
        line = _line(text)
        with files.honest_about(self._paths.journal):
            try:
                _write_all(self._file, line)
                self._size += len(line)
                self._lines += 1
                if time.monotonic() - self._synced >= SYNC_SECONDS:
                    self._sync()
            except OSError:
                os.ftruncate(self._file, self._size)  # the next line must not continue a partial one
                raise

    def _sync(self) -> None:
        os.fsync(self._file)
        self._synced = time.monotonic()

    def _save(self) -> None:
        self._working_state.settle(self._crypter)
        self._context.time = now()
        resources = [entry.text for entry in self._working_state.entries]
        pending = [text for _, text in self._working_state.pending.values()]
        content = state.write_checkpoint(
            self._paths.stack, self._context, self._crypter, resources=resources, pending=pending
        )
        self._base = digest(content)
        self._append(state.dumps({"folded": self._base, **self._start_point()}))
        with files.honest_about(self._paths.journal):
            self._sync()
        files.write(self._paths.checkpoint, content, keep=self._paths.backup)

    def _start(self) -> None:
        """Create a journal with its first line, atomically. After a crash the old one is in the checkpoint already."""
        header = {
            "journal": FORMAT,
            "stack": self._paths.stack,
            "folded": self._base,
            **self._start_point(),
            "secrets": self._crypter.provider(),
            **({"plan": self._plan} if self._plan else {}),
        }
        line = _line(state.dumps(header))
        files.write(self._paths.journal, line)
        with files.honest_about(self._paths.journal):
            self._file = os.open(self._paths.journal, os.O_WRONLY | os.O_APPEND)
        self._size, self._lines, self._synced = len(line), 0, time.monotonic()

    def _start_point(self) -> dict[str, Any]:
        return {"news": len(self._working_state.registered), "pending": list(self._working_state.pending)}

    def _restart(self) -> None:
        old = self._file
        self._start()
        os.close(old)


def digest(content: bytes | None) -> str:
    """Return the hash of a checkpoint as journals record it; "" if there is none."""
    return hashlib.sha256(content).hexdigest() if content is not None else ""


def mark_folded(journal: Path, checkpoint: bytes, *, pending: int) -> None:
    """Record in a killed run's journal that the checkpoint about to be written contains all of it.

    A torn last line is cut off.
    """
    lines = (files.read(journal) or b"").split(b"\n")[:-1]
    while lines and _content(lines[-1]) is None:
        lines.pop()
    start = {"folded": digest(checkpoint), "news": 0, "pending": [-1 - i for i in range(pending)]}
    files.write(journal, b"".join(line + b"\n" for line in lines) + _line(state.dumps(start)))


def read(content: bytes, *, file: str) -> Record | None:
    """Read a journal up to its last intact line; None if even the first line is torn.

    `InputError` if an earlier line is damaged, or another version wrote the journal.
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
    """Apply the journal's remaining steps to `snapshot`, the content of the checkpoint with the hash `base`."""
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
    """A change with a resource, ready for the working state."""

    kind: str
    entry: Entry
    formerly: str = ""


def apply(working_state: WorkingState, change: ResourceEntry | list[Any], crypter: Crypter) -> None:
    """Apply one change to the working state. Runs and replays share this code."""
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
        raise ValueError(f"unknown change {kind}")


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
