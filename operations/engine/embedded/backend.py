"""Pulumi's file backend: stacks, history and locks in the Pulumi CLI's folder layout."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from formats import property_values
from formats.errors import InputError
from formats.pulumi_state import has_resources
from formats.yaml_reader import parse_mapping
from operations.engine import files, locks
from operations.engine.embedded import journal as journals
from operations.engine.embedded import state
from operations.engine.embedded.journal import Journal, Log
from operations.engine.embedded.model import Properties, Snapshot
from operations.engine.embedded.secrets import Crypter, crypter_for

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


Kind = Literal["update", "refresh", "destroy", "resource-import"]
"""The kinds of runs in Pulumi's history."""
Warn = Callable[[str], None]
"""Shows the user a warning."""


@dataclass(frozen=True)
class _Stored:
    """A stack's files as they were read. Secrets are encrypted."""

    snapshot: Snapshot | None
    base: str
    """The hash of the checkpoint."""
    log: Log | None
    restored: bool = False
    """True if the checkpoint lacked the journal's steps, which the snapshot has."""
    unrelated: bool = False
    """True if the journal does not extend the checkpoint, which another program wrote since, or has no intact line."""


class Backend:
    """The stacks of one project under one root folder. Every method raises `InputError` for an invalid file."""

    def __init__(self, root: Path, project: str, phrase: Callable[[], str]) -> None:
        """`phrase` returns the passphrase, when the first secret needs it."""
        self.root, self.project = root, _checked_name("project", project)
        self._folder, self._phrase = root / ".pulumi", phrase
        self._check_layout()

    def load(self, stack: str) -> tuple[Snapshot | None, Crypter]:
        """Return the stack's state with decrypted secrets, and its crypter, which can check the passphrase.

        The journal of a running or killed run is applied. The state is None if there is none. Changes no file.
        """
        snapshot = self.load_encrypted(stack)
        crypter = self._crypter(stack, snapshot)
        return snapshot and _decrypted(snapshot, crypter), crypter

    def load_encrypted(self, stack: str) -> Snapshot | None:
        """Return the stack's state with encrypted secrets. Needs no passphrase."""
        return self._read(stack).snapshot

    def digest(self, stack: str) -> str | None:
        """Return a digest of the stack's files, without parsing them; None if the stack has no resources."""
        self._refuse_unread(stack)
        content, journal = files.read(self.checkpoint(stack)), files.read(self._journal(stack))
        if journal is not None or content is None or not has_resources(content):
            snapshot = self.load_encrypted(stack)
            if snapshot is None or not snapshot.resources:
                return None
        return hashlib.sha256("-".join(map(journals.digest, (content, journal))).encode()).hexdigest()

    def outputs(self, stack: str, *, decrypt: bool = True) -> Properties:
        """Return the root's outputs in wire form, secrets marked. `InputError` if the stack was never deployed.

        No passphrase is needed if no output is secret, or without `decrypt`.
        """
        snapshot = self.load_encrypted(stack)
        if snapshot is None:
            problem, file = f"Stack {stack} has not been deployed yet", str(self.checkpoint(stack))
            raise InputError(problem, file=file, fix=f"`sde up {stack}` first")
        root = snapshot.root
        if root is not None and decrypt and property_values.contains_secret(root.outputs):
            return state.decrypted(root, self._crypter(stack, snapshot)).outputs
        return snapshot.outputs

    def export(self, stack: str) -> dict[str, Any] | None:
        """Return the stack's deployment in the format of `pulumi stack export`, secrets encrypted; None if none."""
        snapshot = self.load_encrypted(stack)
        return {"version": state.VERSION, "deployment": state.write_deployment(snapshot)} if snapshot else None

    def deployment(self, stack: str) -> Mapping[str, Any] | None:
        """Return the stored deployment as it is in the checkpoint, or with the steps of a killed run; None if none."""
        stored = self._read(stack)
        if stored.snapshot is None:
            return None
        if stored.restored:
            return state.write_deployment(stored.snapshot)
        latest: Mapping[str, Any] = json.loads(files.read(self.checkpoint(stack)) or b"")["checkpoint"]["latest"]
        return latest

    @contextlib.contextmanager
    def lock(self, stack: str, warn: Warn = lambda _: None) -> Iterator[None]:
        """Hold the stack's lock. `InputError` names the holder if another run has it.

        A lock that a killed run of ours left on this machine is removed first; any other has to be cancelled by hand.
        """
        with locks.hold(self._lock_folder(stack), stack, warn=warn):
            yield

    def locked_by(self, stack: str) -> str | None:
        """Return the holders of the stack's lock as text, or None."""
        return ", and by ".join(locks.holders(self._lock_folder(stack))) or None

    def changing(self, stack: str) -> str | None:
        """Return the holders of the lock that may still be running, as text, or None."""
        return ", and by ".join(locks.live_holders(self._lock_folder(stack))) or None

    def cancel(self, stack: str) -> None:
        """Remove the stack's locks, whose runs must have ended."""
        locks.cancel(self._lock_folder(stack))

    def begin(
        self, stack: str, *, salt: str | None = None, plan: str = "", warn: Warn = lambda _: None
    ) -> tuple[Snapshot, Journal]:
        """Return the state and a journal for a new run, after a killed run's steps are saved. Needs the lock.

        `salt` is the `encryptionsalt` of the stack's configuration: a new state uses the same, as in Pulumi. `plan` is
        the digest of the approved plan.
        """
        meta = self._folder / "meta.yaml"
        if not meta.exists():
            files.write(meta, b"version: 1\n")
        stored = self._read(stack)
        crypter = self._crypter(stack, stored.snapshot, salt)
        crypter.check()
        base = stored.base
        if stored.unrelated:
            self._set_aside(stack, warn)
        elif stored.restored:
            warn(f"stack {stack}: an earlier run was killed; its steps were restored from its journal")
            base = self._save(stack, stored)
        snapshot = _decrypted(stored.snapshot or Snapshot(), crypter)
        return snapshot, Journal(self._journal(stack), crypter, base=base, pending=snapshot.pending, plan=plan)

    def finish(self, stack: str, journal: Journal) -> None:
        """Write the journal's steps to the checkpoint. A run that recorded nothing does not change it."""
        journal.close()
        if not journal.steps:
            files.remove(self._journal(stack))
            return
        stored = self._read(stack)
        if stored.restored:  # otherwise another program has written the checkpoint, and the next run warns of it
            self._save(stack, stored)

    def set_protection(self, stack: str, urns: Collection[str], *, protect: bool) -> list[str]:
        """Protect resources in the state, or end that, and return the URNs of those that changed. Needs the lock."""
        stored = self._read(stack)
        if stored.restored:  # a run was killed
            self._save(stack, stored)
            stored = self._read(stack)
        found = stored.snapshot.resources if stored.snapshot else []
        changed = [one for one in found if one.urn in urns and not one.delete and one.protect != protect]
        for one in changed:
            one.protect = protect
        if changed and stored.snapshot:
            file = self.checkpoint(stack)
            content = state.write_checkpoint(self._full_name(stack), stored.snapshot)
            files.write(file, content, keep=file.with_name(file.name + ".bak"))
        return [one.urn for one in changed]

    def record_history(
        self,
        stack: str,
        *,
        kind: Kind,
        succeeded: bool,
        start: float,
        changes: Mapping[str, int],
        config: Mapping[str, Any],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Add a run that began at `start` and has just ended to the history, with a copy of the checkpoint.

        `config` has the form of the stack's file, with secure values still encrypted.
        """
        entry = {
            "kind": kind,
            "startTime": int(start),
            "message": "",
            "environment": dict(environment or {}),
            "config": {key: _config_value(value) for key, value in config.items()},
            "result": "succeeded" if succeeded else "failed",
            "endTime": int(time.time()),
            "version": 0,
            "resourceChanges": dict(changes),
        }
        folder = self._folder / "history" / self.project / stack
        name = f"{stack}-{time.time_ns()}"
        files.write(folder / f"{name}.history.json", state.dumps(entry).encode())
        checkpoint = files.read(self.checkpoint(stack))
        if checkpoint is not None:
            files.write(folder / f"{name}.checkpoint.json", checkpoint)

    def checkpoint(self, stack: str) -> Path:
        """Return the file of the stack's state."""
        return self._folder / "stacks" / self.project / f"{_checked_name('stack', stack)}.json"

    def _journal(self, stack: str) -> Path:
        # The Pulumi CLI neither reads nor lists this folder.
        return self._folder / "sde-journal" / self.project / f"{stack}.jsonl"

    def _lock_folder(self, stack: str) -> Path:
        return self._folder / "locks" / "organization" / self.project / _checked_name("stack", stack)

    def _full_name(self, stack: str) -> str:
        return f"organization/{self.project}/{stack}"

    def _crypter(self, stack: str, snapshot: Snapshot | None, salt: str | None = None) -> Crypter:
        file = str(self.checkpoint(stack))
        if snapshot is None:
            return Crypter(self._phrase, salt, file=file)
        return crypter_for(snapshot.secrets_providers, self._phrase, file=file)

    def _read(self, stack: str) -> _Stored:
        file, path = self.checkpoint(stack), self._journal(stack)
        self._refuse_unread(stack)
        for _ in range(5):
            content, present, log = files.read(file), path.exists(), journals.read(path)
            if files.read(file) == content:  # a run may have written it between the reads
                break
        base = journals.digest(content)
        snapshot = None
        if content is not None:
            snapshot = state.read_checkpoint(content, self._full_name(stack), file=str(file))
        if log is None:
            return _Stored(snapshot, base, log, unrelated=present)
        if not log.steps or base in log.saved:
            return _Stored(snapshot, base, log)
        if base != log.base:
            return _Stored(snapshot, base, log, unrelated=True)
        replayed = journals.replayed(log, snapshot or Snapshot(), file=str(path))
        return _Stored(replayed, base, log, restored=True)

    def _save(self, stack: str, stored: _Stored) -> str:
        """Write a restored state as the checkpoint and remove its journal. Return the checkpoint's hash."""
        assert stored.snapshot is not None and stored.log is not None  # noqa: S101 - it was restored
        path, file = self._journal(stack), self.checkpoint(stack)
        content = state.write_checkpoint(self._full_name(stack), stored.snapshot)
        journals.mark_saved(path, stored.log, content)
        files.write(file, content, keep=file.with_name(file.name + ".bak"))
        files.remove(path)
        return journals.digest(content)

    def _set_aside(self, stack: str, warn: Warn) -> None:
        journal = self._journal(stack)
        aside = journal.with_name(f"{stack}.set-aside-{time.time_ns()}")
        with files.translate_os_errors(journal):
            journal.replace(aside)
        warn(
            f"stack {stack}: the journal of a killed run does not extend the state, which another run has changed"
            f" since, or has no intact line; it was set aside as {aside}."
            " Refresh the stack to find that run's changes."
        )

    def _check_layout(self) -> None:
        """Refuse layouts that the Pulumi CLI would read differently."""
        meta = self._folder / "meta.yaml"
        content = files.read(meta)
        if content is None:
            if any((self._folder / "stacks").glob("*.json")):
                problem = "The state's folder has the old layout without projects"
                fix = "run `pulumi state upgrade` with the Pulumi command line"
                raise InputError(problem, file=str(self._folder), fix=fix)
            return
        try:
            found = parse_mapping(content.decode("utf-8"), str(meta)).get("version")
        except (InputError, UnicodeDecodeError):
            found = None
        if found != 1:
            problem, fix = "The state's layout is not known", "run the stack with --engine pulumi"
            raise InputError(problem, file=str(meta), key="version", found=found, allowed="1", fix=fix)

    def _refuse_unread(self, stack: str) -> None:
        """Refuse files of the Pulumi CLI beside the checkpoint that only it can read."""
        for extension in (".json.gz", ".json.zst"):
            packed = self.checkpoint(stack).with_name(f"{stack}{extension}")
            if packed.exists():
                fix = "use --engine pulumi; or unset PULUMI_DIY_BACKEND_GZIP and run it so once"
                raise InputError("The embedded engine does not read compressed states", file=str(packed), fix=fix)
        theirs = self._folder / "journal" / self.project / stack / "manifest.json"
        if theirs.exists():
            problem = "A run of the Pulumi command line was killed and left a journal"
            fix = "run `pulumi refresh` with the Pulumi command line, which applies its own journal"
            raise InputError(problem, file=str(theirs), fix=fix)


def _decrypted(snapshot: Snapshot, crypter: Crypter) -> Snapshot:
    return replace(
        snapshot,
        resources=[state.decrypted(r, crypter) for r in snapshot.resources],
        pending=[replace(p, resource=state.decrypted(p.resource, crypter)) for p in snapshot.pending],
    )


def _checked_name(kind: str, name: str) -> str:
    """Return the name if it is a valid file name."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        allowed = "letters, digits, _ . - (at most 100)"
        raise InputError(f"This cannot be the name of a {kind}", found=name, allowed=allowed)
    return name


def _config_value(value: Any) -> Any:
    """Return a value as in Pulumi's configuration: text or an object. Secure values do not change."""
    if isinstance(value, str | Mapping | list):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
