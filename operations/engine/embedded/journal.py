"""The journal of a run: an append-only log of its steps, from which the state of a killed run is restored.

Writing the whole checkpoint at every step would take time proportional to the size of the stack. So each step appends
one line, and the checkpoint is written from them at the end of the run. Each line has a checksum: an incomplete last
line is dropped, a damaged line elsewhere is refused. The first line has the hash of the checkpoint that the journal
extends, and a last line that of the checkpoint about to be written from it. From these a reader knows whether the
checkpoint lacks the steps, contains them already, or was written by another program since.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from formats.errors import InputError
from operations.engine import files
from operations.engine.embedded import integrity, state
from operations.engine.embedded.model import PendingOperation, Resource, Snapshot
from operations.engine.embedded.secrets import Crypter

FORMAT = 2
SYNC_SECONDS = 1.0
"""At most one sync to disk per second, and one before the checkpoint is written. Each line is written to the system at
once, which survives the death of the process; only a loss of power needs the sync, and syncing every line would cost
more than the steps of a fast cloud."""


@dataclass(frozen=True)
class Change:
    """A change of the state.

    A `registered` resource replaces the entry with its URN, or with the URN `alias`. An `updated` one is changed in
    place, and a `deleted` one leaves the state.
    """

    kind: Literal["registered", "updated", "deleted"]
    resource: Resource
    alias: str = ""


class Journal:
    """The journal of a run, to be appended to. Every method raises `InputError` if the disk fails."""

    def __init__(self, path: Path, crypter: Crypter, *, base: str, pending: Iterable[PendingOperation], plan: str):
        """Start a journal that extends the checkpoint with the hash `base`, in the place of any other.

        `pending` are the checkpoint's pending operations; `plan` is the digest of the approved plan.
        """
        self._path, self._crypter = path, crypter
        self.pending = list(pending)
        self.steps = 0
        header = {"journal": FORMAT, "base": base, "secrets_providers": crypter.section, "plan": plan}
        line = _line(header)
        files.write(path, line)
        with files.translate_os_errors(path):
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._size, self._synced = len(line), time.monotonic()

    def begin(self, kind: str, resource: Resource) -> PendingOperation:
        """Record a provider operation (`creating`, `updating`, …) before it starts; return it for `end`."""
        operation = PendingOperation(resource, kind)
        self._step([*self.pending, operation], ())
        return operation

    def end(self, operation: PendingOperation | None, changes: Iterable[Change]) -> None:
        """Record changes, with the end of the operation that made them, if any, in one line."""
        self._step([p for p in self.pending if p is not operation], changes)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _step(self, pending: list[PendingOperation], changes: Iterable[Change]) -> None:
        operations = [state.write_pending(replace(p, resource=self._encrypted(p.resource))) for p in pending]
        changed = [[c.kind, state.write_resource(self._encrypted(c.resource)), c.alias] for c in changes]
        self._append({"pending": operations, "changes": changed})
        self.pending = pending
        self.steps += 1

    def _encrypted(self, resource: Resource) -> Resource:
        return state.encrypted(resource, self._crypter)

    def _append(self, content: Mapping[str, Any]) -> None:
        line = _line(content)
        with files.translate_os_errors(self._path):
            try:
                _write_all(self._file, line)
                self._size += len(line)
                if time.monotonic() - self._synced >= SYNC_SECONDS:
                    os.fsync(self._file)
                    self._synced = time.monotonic()
            except OSError:
                os.ftruncate(self._file, self._size)  # the next line must not continue a partial one
                raise


@dataclass(frozen=True)
class Log:
    """A journal that was read."""

    base: str
    secrets_providers: dict[str, Any]
    steps: list[dict[str, Any]]
    saved: frozenset[str]
    """Hashes of the checkpoints that contain all steps. There are several if a run was killed before it wrote one."""
    size: int
    """Bytes up to the end of the last intact line."""


def read(path: Path) -> Log | None:
    """Read a journal up to its last intact line; None if there is none.

    `InputError` if an earlier line is damaged, or another version wrote the journal.
    """
    lines = (files.read(path) or b"").split(b"\n")[:-1]
    contents = [_content(line) for line in lines]
    while contents and contents[-1] is None:  # incomplete after a loss of power
        contents.pop()
    if not contents:
        return None
    intact = [content for content in contents if content is not None]
    if len(intact) < len(contents):
        fix = "move it away to go on from the checkpoint, then refresh the stack; keep it to see what was done"
        raise InputError("The journal of a killed run is damaged", file=str(path), fix=fix)
    header, *rest = intact
    if header.get("journal") != FORMAT:
        problem, fix = "The journal was written by another version", "run the stack with the version that wrote it"
        found = header.get("journal")
        raise InputError(problem, file=str(path), key="journal", found=found, allowed=str(FORMAT), fix=fix)
    size = sum(len(line) + 1 for line in lines[: len(intact)])
    steps, saved = [c for c in rest if "saved" not in c], frozenset(c["saved"] for c in rest if "saved" in c)
    return Log(header["base"], header["secrets_providers"], steps, saved, size)


def mark_saved(path: Path, log: Log, checkpoint: bytes) -> None:
    """Record that the checkpoint about to be written contains all steps of the journal."""
    with files.translate_os_errors(path), path.open("r+b") as file:
        file.truncate(log.size)
        file.seek(log.size)
        file.write(_line({"saved": digest(checkpoint)}))
        file.flush()
        os.fsync(file.fileno())


def replayed(log: Log, snapshot: Snapshot, *, file: str) -> Snapshot:
    """Return the state after the journal's steps."""
    entries = _Entries({}, {_key(r): r for r in snapshot.resources}, {})
    pending = snapshot.pending
    try:
        for step in log.steps:
            pending = [state.read_pending(operation, file=file) for operation in step["pending"]]
            for kind, content, alias in step["changes"]:
                entries.apply(kind, state.read_resource(content, file=file), alias)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("The journal of a killed run cannot be understood", file=file, found=str(error)) from error
    resources = integrity.consistent(entries.registered.values(), entries.previous.values(), entries.renamed)
    return replace(snapshot, resources=resources, pending=pending, secrets_providers=log.secrets_providers)


def digest(content: bytes | None) -> str:
    """Return the hash of a checkpoint as journals record it; "" if there is none."""
    return hashlib.sha256(content).hexdigest() if content is not None else ""


_Key = tuple[str, bool, str]
"""URN, True if marked for deletion, and then the id: a URN may have several such resources."""


def _key(resource: Resource) -> _Key:
    return resource.urn, resource.delete, resource.id if resource.delete else ""


@dataclass
class _Entries:
    """The entries of a state. Those that the run registered come first in the file, each in their order."""

    registered: dict[_Key, Resource]
    previous: dict[_Key, Resource]
    renamed: dict[str, str]
    """Aliases with the new URNs."""

    def apply(self, kind: str, resource: Resource, alias: str) -> None:
        """Apply a change."""
        key = _key(resource)
        if kind == "updated":
            (self.registered if key in self.registered else self.previous)[key] = resource
        elif kind == "deleted":
            self.registered.pop(key, None)
            self.previous.pop(key, None)
        elif kind == "registered":
            self.previous.pop(key, None)
            self.registered[key] = resource
            if alias:
                self.previous.pop((alias, False, ""), None)
                self.renamed[alias] = resource.urn
        else:
            raise ValueError(f"unknown change {kind}")


def _line(content: Mapping[str, Any]) -> bytes:
    text = state.dumps(content).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _content(line: bytes) -> dict[str, Any] | None:
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
