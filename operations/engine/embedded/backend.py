"""Pulumi's file backend: stacks, history and locks in the Pulumi CLI's folder layout."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from formats import property_values
from formats.errors import InputError
from formats.urns import ROOT_TYPE
from operations.engine import files, locks
from operations.engine.clock import now
from operations.engine.embedded import journal as journals
from operations.engine.embedded import state
from operations.engine.embedded.journal import Journal, StackPaths
from operations.engine.embedded.model import Properties, Snapshot
from operations.engine.embedded.secrets import Crypter

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_COMPRESSED = (".json.gz", ".json.zst")

Kind = Literal["update", "refresh", "destroy", "resource-import"]
"""The kinds of runs in Pulumi's history."""


@dataclass(frozen=True)
class _Loaded:
    """A stack read from its files, including the journal of a killed run."""

    snapshot: Snapshot | None
    checkpoint: Snapshot | None
    crypter: Crypter
    base: str
    stray: bool
    """True if the journal does not extend the checkpoint, which another program wrote since, or has no intact line."""


class Backend:
    """The stacks of one project under one root folder. Every method raises `InputError` for an invalid file."""

    def __init__(
        self, root: Path, project: str, phrase: Callable[[], str], *, warn: Callable[[str], None] = lambda _: None
    ) -> None:
        """`phrase` returns the passphrase, when the first secret needs it; `warn` receives warnings for the user."""
        self.root, self.project = root, _name("project", project)
        self._folder = root / ".pulumi"
        self._phrase, self._warn = phrase, warn
        self._held: set[str] = set()
        self._check_layout()

    def stacks(self) -> list[str]:
        """Return the names of the stacks that have a state, sorted."""
        found = {p.name.removesuffix(".json") for p in self._stacks.glob("*.json")}
        found |= {p.name.removesuffix(ext) for ext in _COMPRESSED for p in self._stacks.glob(f"*{ext}")}
        found |= {p.name.removesuffix(".jsonl") for p in self._journals.glob("*.jsonl")}
        return sorted(name for name in found if _valid(name))

    def load(self, stack: str) -> Snapshot | None:
        """Return the stack's state, with the journal of a running or killed run applied and secrets decrypted.

        None if there is none. Changes no file.
        """
        return self._load(stack).snapshot

    def load_masked(self, stack: str) -> Snapshot | None:
        """Return the result of `load` with masked instead of decrypted secrets. Needs no passphrase."""
        return self._load(stack, closed=True).snapshot

    def opened(self, stack: str) -> tuple[Snapshot | None, Crypter]:
        """Return the result of `load` and the state's crypter, which can check the passphrase."""
        loaded = self._load(stack)
        return loaded.snapshot, loaded.crypter

    def outputs(self, stack: str, *, closed: bool = False) -> Properties:
        """Return the root's outputs in wire form, secrets marked. `InputError` if the stack was never deployed.

        With `closed`, secrets are masked and no passphrase is needed.
        """
        snapshot = self.load_masked(stack)
        if snapshot is None:
            raise InputError(
                f"Stack {stack} has not been deployed yet",
                file=str(self.checkpoint(stack)),
                fix=f"`sde up {stack}` first",
            )
        outputs = _root_outputs(snapshot)
        if closed or not property_values.contains_secret(outputs):
            return outputs
        return _root_outputs(self.load(stack) or snapshot)

    def export(self, stack: str) -> dict[str, Any]:
        """Return the stack's deployment in Pulumi's export format, secrets encrypted."""
        loaded = self._load(stack)
        if loaded.snapshot is None:
            raise InputError(f"Stack {stack} has no state", file=str(self.checkpoint(stack)))
        return state.export_form(state.write_deployment(loaded.snapshot, loaded.crypter))

    @contextlib.contextmanager
    def lock(self, stack: str) -> Iterator[None]:
        """Hold the stack's lock. `InputError` with the holder if another run holds it.

        A lock that a killed run of ours left on this machine is removed first; any other has to be cancelled by hand.
        """
        with locks.held(self._lock_folder(stack), stack, warn=self._warn):
            self._held.add(stack)
            try:
                yield
            finally:
                self._held.discard(stack)

    def locked_by(self, stack: str) -> str | None:
        """Return the holders of the stack's lock as text, or None."""
        return ", and by ".join(locks.holders(self._lock_folder(stack))) or None

    def changing(self, stack: str) -> str | None:
        """Return the holders of the lock that may still be running, as text, or None."""
        return ", and by ".join(locks.living(self._lock_folder(stack))) or None

    def cancel(self, stack: str) -> int:
        """Remove the stack's locks, whose runs must have ended; return their number."""
        return locks.cancel(self._lock_folder(stack))

    def begin(self, stack: str, *, salt: str | None = None, plan: str = "") -> Journal:
        """Return the journal of a new run, after a killed run's journal is saved to the checkpoint. Needs the lock.

        `salt` is the `encryptionsalt` of the stack's configuration: a new state uses the same, as in Pulumi. `plan` is
        the digest of the approved plan.
        """
        if stack not in self._held:
            raise RuntimeError(f"the lock of stack {stack} must be held to change it")
        self._write_meta()
        loaded = self._load(stack, salt)
        loaded.crypter.check()
        paths = self._paths(stack)
        if loaded.stray:
            self._set_aside(paths.journal, stack)
        elif loaded.snapshot is not loaded.checkpoint and loaded.snapshot is not None:
            self._warn(f"stack {stack}: an earlier run was killed; its steps were restored from its journal")
            self._save(paths, loaded.snapshot, loaded.crypter)
        base = journals.digest(files.read(paths.checkpoint))
        return Journal(paths, loaded.snapshot or Snapshot(), loaded.crypter, base=base, plan=plan)

    def record_history(
        self,
        stack: str,
        *,
        kind: Kind,
        succeeded: bool,
        start: float,
        end: float,
        changes: Mapping[str, int],
        config: Mapping[str, Any],
        message: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Add a run to the stack's history, with a copy of the checkpoint. Times are seconds since the epoch.

        `config` has the form of the stack's file, with secure values still encrypted.
        """
        entry = {
            "kind": kind,
            "startTime": int(start),
            "message": message,
            "environment": dict(environment or {}),
            "config": {key: _config_value(value) for key, value in config.items()},
            "result": "succeeded" if succeeded else "failed",
            "endTime": int(end),
            "version": 0,
            "resourceChanges": dict(changes),
        }
        prefix = self._history(stack) / f"{stack}-{time.time_ns()}"
        files.write(prefix.with_name(prefix.name + ".history.json"), state.dumps(entry).encode())
        checkpoint = files.read(self.checkpoint(stack))
        if checkpoint is not None:
            files.write(prefix.with_name(prefix.name + ".checkpoint.json"), checkpoint)

    def remove(self, stack: str) -> None:
        """Remove the state and history of a stack without resources. The last checkpoint stays as `.bak`."""
        snapshot = self.load(stack)
        if snapshot is not None and snapshot.resources:
            count, file = len(snapshot.resources), str(self.checkpoint(stack))
            raise InputError(
                f"Stack {stack} still has {count} resources", file=file, fix=f"`sde destroy {stack}` first"
            )
        paths = self._paths(stack)
        with files.honest_about(paths.checkpoint):
            if paths.checkpoint.exists():
                paths.checkpoint.replace(paths.backup)
            for path in self._history(stack).glob(f"{stack}-*.json"):
                path.unlink()
        files.remove(paths.journal)

    def checkpoint(self, stack: str) -> Path:
        """Return the file of the stack's state."""
        return self._stacks / f"{_name('stack', stack)}.json"

    @property
    def _stacks(self) -> Path:
        return self._folder / "stacks" / self.project

    @property
    def _journals(self) -> Path:
        # The Pulumi CLI neither reads nor lists this folder.
        return self._folder / "sde-journal" / self.project

    def _history(self, stack: str) -> Path:
        return self._folder / "history" / self.project / _name("stack", stack)

    def _lock_folder(self, stack: str) -> Path:
        return self._folder / "locks" / "organization" / self.project / _name("stack", stack)

    def _paths(self, stack: str) -> StackPaths:
        checkpoint = self.checkpoint(stack)
        backup = checkpoint.with_name(checkpoint.name + ".bak")
        return StackPaths(f"organization/{self.project}/{stack}", checkpoint, backup, self._journals / f"{stack}.jsonl")

    def _load(self, stack: str, salt: str | None = None, *, closed: bool = False) -> _Loaded:
        paths = self._paths(stack)
        self._refuse_unread(stack)
        for _ in range(5):
            content, journal = files.read(paths.checkpoint), files.read(paths.journal)
            if files.read(paths.checkpoint) == content:  # a run may compact its journal between the two reads
                break
        base, file = journals.digest(content), str(paths.checkpoint)
        deployment = state.read_checkpoint(content, paths.stack, file=file) if content is not None else None
        record = journals.read(journal, file=str(paths.journal)) if journal is not None else None
        if deployment is None and record is not None:
            crypter = state.crypter({"secrets_providers": record.secrets}, self._phrase, file=str(paths.journal))
        elif deployment is None:
            crypter = Crypter(self._phrase, salt, file=file)
        else:
            crypter = state.crypter(deployment, self._phrase, file=file)
        crypter.closed = closed
        snapshot = state.read_deployment(deployment, crypter, file=file) if deployment is not None else None
        if record is None or not record.left(base):
            stray = bool(record.steps and not record.knows(base)) if record else journal is not None
            return _Loaded(snapshot, snapshot, crypter, base, stray)
        replayed = journals.replayed(record, base, snapshot or Snapshot(), crypter, file=str(paths.journal))
        return _Loaded(replayed, snapshot, crypter, base, stray=False)

    def _save(self, paths: StackPaths, snapshot: Snapshot, crypter: Crypter) -> None:
        snapshot.time = now()
        resources = [state.dumps(state.write_resource(r, crypter)) for r in snapshot.resources]
        pending = [state.dumps(state.write_pending(p, crypter)) for p in snapshot.pending]
        content = state.write_checkpoint(paths.stack, snapshot, crypter, resources=resources, pending=pending)
        journals.mark_folded(paths.journal, content, pending=len(pending))
        files.write(paths.checkpoint, content, keep=paths.backup)

    def _set_aside(self, journal: Path, stack: str) -> None:
        aside = journal.with_name(f"{stack}.set-aside-{time.time_ns()}")
        with files.honest_about(journal):
            journal.replace(aside)
        self._warn(
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
                fix = "run `pulumi state upgrade` with the Pulumi command line"
                raise InputError(
                    "The state's folder has the old layout without projects", file=str(self._folder), fix=fix
                )
            return
        try:
            parsed = yaml.safe_load(content)
        except yaml.YAMLError:
            parsed = None
        found = parsed.get("version") if isinstance(parsed, dict) else None
        if found != 1:
            fix = "run the stack with the Pulumi command line (--engine pulumi)"
            raise InputError(
                "The state's layout is not known", file=str(meta), key="version", found=found, allowed="1", fix=fix
            )

    def _write_meta(self) -> None:
        meta = self._folder / "meta.yaml"
        if not meta.exists():
            files.write(meta, b"version: 1\n")

    def _refuse_unread(self, stack: str) -> None:
        """Refuse files of the Pulumi CLI beside the checkpoint that only it can read."""
        for extension in _COMPRESSED:
            packed = self._stacks / f"{stack}{extension}"
            if packed.exists():
                fix = "use --engine pulumi; or unset PULUMI_DIY_BACKEND_GZIP and run it so once"
                raise InputError("The embedded engine does not read compressed states", file=str(packed), fix=fix)
        theirs = self._folder / "journal" / self.project / stack / "manifest.json"
        if theirs.exists():
            fix = "run `pulumi refresh` with the Pulumi command line, which applies its own journal"
            raise InputError(
                "A run of the Pulumi command line was killed and left a journal", file=str(theirs), fix=fix
            )


def _valid(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name not in (".", "..")


def _name(kind: str, name: str) -> str:
    """Return the name if it is a valid file name."""
    if not _valid(name):
        raise InputError(
            f"This cannot be the name of a {kind}", found=name, allowed="letters, digits, _ . - (at most 100)"
        )
    return name


def _config_value(value: Any) -> Any:
    """Return a value as in Pulumi's configuration: text or an object. Secure values do not change."""
    if isinstance(value, str | Mapping | list):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _root_outputs(snapshot: Snapshot) -> Properties:
    roots = (r for r in snapshot.resources if r.type == ROOT_TYPE and not r.delete)
    return next((r.outputs for r in roots), {})
