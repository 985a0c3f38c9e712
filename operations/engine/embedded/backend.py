"""Pulumi's file backend: stacks, history and locks in the folder layout that the official command line uses too."""

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
"""What a run was, in the words of Pulumi's history."""


@dataclass(frozen=True)
class _Loaded:
    """A stack as its files say it, the journal of a killed run included."""

    snapshot: Snapshot | None
    checkpoint: Snapshot | None
    crypter: Crypter
    base: str
    stray: bool
    """The journal does not belong to the checkpoint: somebody else has written since, or no line of it is whole."""


class Backend:
    """The stacks of one project under one root folder. Every method raises InputError for a file it cannot trust."""

    def __init__(
        self, root: Path, project: str, phrase: Callable[[], str], *, warn: Callable[[str], None] = lambda _: None
    ) -> None:
        """`phrase` gives the passphrase, asked for at the first secret; `warn` is told what a person should know."""
        self.root, self.project = root, _name("project", project)
        self._folder = root / ".pulumi"
        self._phrase, self._warn = phrase, warn
        self._held: set[str] = set()
        self._check_layout()

    def stacks(self) -> list[str]:
        """The names of the stacks that have a state, sorted."""
        found = {p.name.removesuffix(".json") for p in self._stacks.glob("*.json")}
        found |= {p.name.removesuffix(ext) for ext in _COMPRESSED for p in self._stacks.glob(f"*{ext}")}
        found |= {p.name.removesuffix(".jsonl") for p in self._journals.glob("*.jsonl")}
        return sorted(name for name in found if _valid(name))

    def load(self, stack: str) -> Snapshot | None:
        """The stack's state, secrets decrypted, with what the journal of a running or killed run adds.

        None where there is none. Changes nothing.
        """
        return self._load(stack).snapshot

    def load_masked(self, stack: str) -> Snapshot | None:
        """What `load` gives, with the secrets still closed: each is a secret mask. Needs no passphrase."""
        return self._load(stack, closed=True).snapshot

    def opened(self, stack: str) -> tuple[Snapshot | None, Crypter]:
        """What `load` gives, and the crypter of that state, which can tell whether the passphrase is the right one."""
        loaded = self._load(stack)
        return loaded.snapshot, loaded.crypter

    def outputs(self, stack: str, *, closed: bool = False) -> Properties:
        """The outputs of the stack's root in wire form, secrets marked. Raises InputError where it was never deployed.

        Needs no passphrase where they stay `closed`: each secret is then a mask.
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
        """The stack's deployment in Pulumi's export form, secrets encrypted."""
        loaded = self._load(stack)
        if loaded.snapshot is None:
            raise InputError(f"Stack {stack} has no state", file=str(self.checkpoint(stack)))
        return state.export_form(state.write_deployment(loaded.snapshot, loaded.crypter))

    @contextlib.contextmanager
    def lock(self, stack: str) -> Iterator[None]:
        """Holds the stack's lock. Raises InputError, naming the holder, where it is taken.

        A lock that a killed run of ours left on this machine is taken away first; any other is a person's to cancel.
        """
        with locks.held(self._lock_folder(stack), stack, warn=self._warn):
            self._held.add(stack)
            try:
                yield
            finally:
                self._held.discard(stack)

    def locked_by(self, stack: str) -> str | None:
        """Who holds the stack's lock, as a phrase; None where nobody does."""
        return ", and by ".join(locks.holders(self._lock_folder(stack))) or None

    def changing(self, stack: str) -> str | None:
        """Who may be changing the stack at this moment, as a phrase; None where nobody is."""
        return ", and by ".join(locks.living(self._lock_folder(stack))) or None

    def cancel(self, stack: str) -> int:
        """Removes the stack's locks, which the run that holds them must be dead for; how many there were."""
        return locks.cancel(self._lock_folder(stack))

    def begin(self, stack: str, *, salt: str | None = None, plan: str = "") -> Journal:
        """The journal of a new run; the lock must be held. What a killed run left is in the checkpoint first.

        `salt` is the `encryptionsalt` of the stack's configuration: a new state uses the same, as Pulumi's does. `plan`
        is the digest of the plan that was permitted.
        """
        if stack not in self._held:
            raise RuntimeError(f"the lock of stack {stack} must be held to change it")
        self._write_meta()
        loaded = self._load(stack, salt)
        loaded.crypter.check()
        home = self._home(stack)
        if loaded.stray:
            self._set_aside(home.journal, stack)
        elif loaded.snapshot is not loaded.checkpoint and loaded.snapshot is not None:
            self._warn(f"stack {stack}: an earlier run was killed; what it had done was taken from its journal")
            self._save(home, loaded.snapshot, loaded.crypter)
        base = journals.digest(files.read(home.checkpoint))
        return Journal(home, loaded.snapshot or Snapshot(), loaded.crypter, base=base, plan=plan)

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
        """Adds a run to the stack's history, with a copy of the checkpoint. Times are seconds since the epoch.

        `config` is as the stack's file holds it: what is secure there must still be encrypted.
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
        """Forgets a stack that has no resources left: its state and history. The last checkpoint stays as `.bak`."""
        snapshot = self.load(stack)
        if snapshot is not None and snapshot.resources:
            count, file = len(snapshot.resources), str(self.checkpoint(stack))
            raise InputError(
                f"Stack {stack} still has {count} resources", file=file, fix=f"`sde destroy {stack}` first"
            )
        home = self._home(stack)
        with files.honest_about(home.checkpoint):
            if home.checkpoint.exists():
                home.checkpoint.replace(home.backup)
            for path in self._history(stack).glob(f"{stack}-*.json"):
                path.unlink()
        files.remove(home.journal)

    def checkpoint(self, stack: str) -> Path:
        """The file that holds the stack's state."""
        return self._stacks / f"{_name('stack', stack)}.json"

    @property
    def _stacks(self) -> Path:
        return self._folder / "stacks" / self.project

    @property
    def _journals(self) -> Path:
        # A folder of our own: the official command line neither reads nor lists it.
        return self._folder / "sde-journal" / self.project

    def _history(self, stack: str) -> Path:
        return self._folder / "history" / self.project / _name("stack", stack)

    def _lock_folder(self, stack: str) -> Path:
        return self._folder / "locks" / "organization" / self.project / _name("stack", stack)

    def _home(self, stack: str) -> StackPaths:
        checkpoint = self.checkpoint(stack)
        backup = checkpoint.with_name(checkpoint.name + ".bak")
        return StackPaths(f"organization/{self.project}/{stack}", checkpoint, backup, self._journals / f"{stack}.jsonl")

    def _load(self, stack: str, salt: str | None = None, *, closed: bool = False) -> _Loaded:
        home = self._home(stack)
        self._refuse_unread(stack)
        for _ in range(5):
            content, journal = files.read(home.checkpoint), files.read(home.journal)
            if files.read(home.checkpoint) == content:  # a run in progress may fold between the two
                break
        base, file = journals.digest(content), str(home.checkpoint)
        deployment = state.read_checkpoint(content, home.stack, file=file) if content is not None else None
        record = journals.read(journal, file=str(home.journal)) if journal is not None else None
        if deployment is None and record is not None:
            crypter = state.crypter({"secrets_providers": record.secrets}, self._phrase, file=str(home.journal))
        elif deployment is None:
            crypter = Crypter(self._phrase, salt, file=file)
        else:
            crypter = state.crypter(deployment, self._phrase, file=file)
        crypter.closed = closed
        snapshot = state.read_deployment(deployment, crypter, file=file) if deployment is not None else None
        if record is None or not record.left(base):
            stray = bool(record.steps and not record.knows(base)) if record else journal is not None
            return _Loaded(snapshot, snapshot, crypter, base, stray)
        replayed = journals.replayed(record, base, snapshot or Snapshot(), crypter, file=str(home.journal))
        return _Loaded(replayed, snapshot, crypter, base, stray=False)

    def _save(self, home: StackPaths, snapshot: Snapshot, crypter: Crypter) -> None:
        snapshot.time = now()
        resources = [state.dumps(state.write_resource(r, crypter)) for r in snapshot.resources]
        pending = [state.dumps(state.write_pending(p, crypter)) for p in snapshot.pending]
        content = state.write_checkpoint(home.stack, snapshot, crypter, resources=resources, pending=pending)
        journals.mark_folded(home.journal, content, pending=len(pending))
        files.write(home.checkpoint, content, keep=home.backup)

    def _set_aside(self, journal: Path, stack: str) -> None:
        aside = journal.with_name(f"{stack}.set-aside-{time.time_ns()}")
        with files.honest_about(journal):
            journal.replace(aside)
        self._warn(
            f"stack {stack}: the journal of a killed run does not belong to the state, which was changed by another run"
            f" since, or has no whole line; it was set aside as {aside}."
            " Refresh the stack to see what that run had done."
        )

    def _check_layout(self) -> None:
        """Refuses layouts that the official command line would read differently from us."""
        meta = self._folder / "meta.yaml"
        content = files.read(meta)
        if content is None:
            if any((self._folder / "stacks").glob("*.json")):
                fix = "run `pulumi state upgrade` with the Pulumi command line"
                raise InputError(
                    "The state's folder has the layout of before projects", file=str(self._folder), fix=fix
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
        """What the official command line may have left beside the checkpoint, and only it can read."""
        for extension in _COMPRESSED:
            packed = self._stacks / f"{stack}{extension}"
            if packed.exists():
                fix = "use --engine pulumi; or unset PULUMI_DIY_BACKEND_GZIP and run it so once"
                raise InputError("The embedded engine does not read compressed states", file=str(packed), fix=fix)
        theirs = self._folder / "journal" / self.project / stack / "manifest.json"
        if theirs.exists():
            fix = "run `pulumi refresh` with the Pulumi command line, which takes its own journal in"
            raise InputError(
                "A run of the Pulumi command line was killed and left a journal", file=str(theirs), fix=fix
            )


def _valid(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name not in (".", "..")


def _name(kind: str, name: str) -> str:
    """A name that is also the name of a file, and nothing but that."""
    if not _valid(name):
        raise InputError(
            f"This cannot be the name of a {kind}", found=name, allowed="letters, digits, _ . - (at most 100)"
        )
    return name


def _config_value(value: Any) -> Any:
    """A value as Pulumi's configuration holds it: text, or an object; `secure` ones stay as they are."""
    if isinstance(value, str | Mapping | list):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _root_outputs(snapshot: Snapshot) -> Properties:
    roots = (r for r in snapshot.resources if r.type == ROOT_TYPE and not r.delete)
    return next((r.outputs for r in roots), {})
